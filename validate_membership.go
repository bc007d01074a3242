package seedbed

import (
	"strings"

	"github.com/qarion/seedbed/internal/sqltext"
)

func (v *validation) membership(m Membership) {
	v.declaration = m.name()
	r := v.table(m.Table)
	t, declared := v.level(m.Tenant)
	v.setting(m.Tenant, m.Setting, m.Claim, m.Session)
	if r == nil {
		return
	}
	if declared {
		v.carries(r, m.Columns, t)
	} else {
		v.columns(r, m.Columns)
	}
	v.columns(r, m.User)
}

// setting checks how a session says who it is.
func (v *validation) setting(level, name string, claim []string, session Ref) {
	switch {
	case name != "" && !strings.Contains(name, ".") && !sqltext.IsRoleSetting(name):
		v.fail("", "setting %q is no custom setting: those have a dot, as in app.%s_id; where policies compare with current_user it is %s", name, level, sqltext.RoleSetting)
	case name == "" && len(claim) > 0:
		v.fail("", "claim %q is named, but not the setting that it is in", strings.Join(claim, "."))
	}
	if session.IsZero() {
		return
	}
	if name == "" {
		v.fail("", "%s is named as the session's row, but not the setting that holds its key", session.Table)
	}
	if r := v.table(session.Table); r != nil {
		v.columns(r, session.Key)
		v.columns(r, session.Columns)
	}
}
