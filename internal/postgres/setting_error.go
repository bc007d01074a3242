package postgres

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// SettingError says that a server does not start with a setting.
type SettingError struct {
	Name, Value string
	Reason      string
	Err         error // with the server's log; nil: it was not started
}

func (e *SettingError) Error() string {
	return fmt.Sprintf("the server refuses %q: %q: %s", e.Name, e.Value, e.Reason)
}

func (e *SettingError) Unwrap() error { return e.Err }

// logged is a message in a server's log, without what stands before it.
var (
	logged     = regexp.MustCompile(`(?:LOG|ERROR|FATAL|HINT):  (.*)`)
	inConf     = regexp.MustCompile(` in file ".*" line \d+$`)
	absentFile = regexp.MustCompile(`^could not access file "(.*)"`)
)

// settingError is what a server's log says of the setting that it did not start for, or err.
func (o StartOptions) settingError(ctx context.Context, err *StartError) error {
	var refused *SettingError
	for line := range strings.Lines(err.Log) {
		m := logged.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		message := inConf.ReplaceAllString(m[1], "")
		if refused != nil {
			if strings.Contains(line, "HINT:") {
				refused.Reason += "; " + message
			}
			break
		}
		refused = o.settingIn(message)
	}
	if refused == nil {
		return err
	}
	if refused.Err = err; strings.HasPrefix(refused.Reason, "unrecognized configuration parameter") {
		refused.Reason += catalog.Suggestion(strings.ToLower(refused.Name), o.Installation.settingNames(ctx, o.User))
	}
	return refused
}

// settingIn is the setting that a message of a server's log is about, or nil.
func (o StartOptions) settingIn(message string) *SettingError {
	for _, name := range slices.Sorted(maps.Keys(o.Settings)) {
		value := o.Settings[name]
		file := absentFile.FindStringSubmatch(message)
		if strings.Contains(strings.ToLower(message), `parameter "`+strings.ToLower(name)+`"`) || file != nil && strings.Contains(value, file[1]) {
			return &SettingError{Name: name, Value: value, Reason: message}
		}
	}
	return nil
}

// settingNames are the settings that Postgres itself has.
func (i *Installation) settingNames(ctx context.Context, u *User) (names []string) {
	out, err := u.ask(ctx, i.Program("postgres"), "--describe-config")
	if err != nil {
		return nil // a suggestion less
	}
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		name, _, _ := strings.Cut(lines.Text(), "\t")
		names = append(names, name)
	}
	return names
}
