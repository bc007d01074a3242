package audit

import (
	"fmt"
	"strings"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/report"
)

// hold is how foreign keys hold the columns of a scope to tenants that exist.
type hold struct {
	direct  bool     // a key leads to the tenants
	through string   // the key that leads to rows whose own tenant is held; "": none
	weak    []string // keys that would, were they checked for every row
}

func tenantHold(s *subject, sc seedbed.Scoped) (h hold) {
	for _, fk := range s.node.ForeignKeys {
		if !fk.BindsTenant(sc.Tenant, sc.Columns) {
			continue
		}
		switch loose := fk.Unchecked(sc.Columns); {
		case len(loose) > 0:
			h.weak = append(h.weak, fmt.Sprintf("%s is not checked where %s is NULL", fk.Name, strings.Join(loose, " or ")))
		case fk.LeadsToTenants(sc.Tenant):
			h.direct = true
		default:
			h.through = fk.Name
		}
	}
	return h
}

// logsWithoutKeys is a cause of findings: what logs and figures name may be deleted before they are.
const logsWithoutKeys = "logs without keys"

// tenantForeignKey looks for a key from a scope's columns to its tenants, or to rows that
// are held to theirs: those need no key of their own, except where the schema's other
// tables have one all the same.
func (a *audit) tenantForeignKey(s *subject, sc seedbed.Scoped) error {
	t, ok := a.model.Tenant(sc.Tenant)
	tenants := a.cat.Table(t.Table)
	h := tenantHold(s, sc)
	if !ok || tenants == nil || h.direct || h.through != "" && !a.keysAreCustom(sc.Tenant) {
		return nil
	}
	if kept, err := a.remainsOf(s, sc); err != nil || kept != noRemains {
		return err
	}
	if h.through != "" {
		h.weak = append(h.weak, fmt.Sprintf("%s leads to rows that are held to their %s; most tables like that have a key of their own beside it", h.through, sc.Tenant))
	}
	f := report.Finding{Rule: "tenant-foreign-key", Cause: "no key to the tenants", Object: s.name + "." + sc.Columns[0], Evidence: h.weak,
		Message: fmt.Sprintf("no foreign key of %s leads from %s to %s", s.name, tuple(sc.Columns), a.name(tenants)),
		Fix:     addKey(s.rel, sc.Columns, tenants, t.Key, "")}
	if isLog(s.rel) {
		f.Cause, f.Severity = logsWithoutKeys, report.Advice
		f.Fix += "; " + comment("none where the log is to outlive its "+sc.Tenant)
	}
	a.find(f)
	return nil
}

// keysAreCustom reports whether most tables that other keys hold to a level's tenants have a
// key of their own to these.
func (a *audit) keysAreCustom(level string) bool {
	if custom, known := a.keyed[level]; known {
		return custom
	}
	with, without := 0, 0
	for _, s := range a.subjects {
		if sc, ok := s.at(level); ok {
			switch h := tenantHold(s, sc); {
			case h.through != "" && h.direct:
				with++
			case h.through != "":
				without++
			}
		}
	}
	if a.keyed == nil {
		a.keyed = map[string]bool{}
	}
	a.keyed[level] = with > 1 && with > 2*without
	return a.keyed[level]
}
