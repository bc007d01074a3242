package review

import (
	"context"
	"strings"
)

// settings are those that were set for the session.
func (s *session) settings(ctx context.Context) (map[string]string, error) {
	rows, err := s.texts(ctx, `select name || chr(10) || setting from pg_settings
		where source = 'session' and name not like 'seedbed_review.%' and name <> 'client_min_messages'
		union all select 'role' || chr(10) || current_user`)
	all := map[string]string{}
	for _, r := range rows {
		name, value, _ := strings.Cut(r, "\n")
		all[name] = value
	}
	return all, err
}

// leaks are the settings that differ from before, and puts them back.
func (s *session) leaks(ctx context.Context, before map[string]string) ([]string, error) {
	now, err := s.settings(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	for name, value := range now {
		if old, had := before[name]; (!had || old != value) && !(strings.Contains(name, ".") && value == "") {
			all = append(all, name)
		}
	}
	return all, nil
}
