package audit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// exceptionsOfNothing reports the exceptions whose object is not there.
func (a *audit) exceptionsOfNothing() {
	for _, e := range a.opt.Except {
		if e.Object == "" || e.Rule == report.NotChecked || e.Rule == "exception-unknown" || a.exists(e) {
			continue
		}
		f := report.Finding{Rule: "exception-unknown", Object: e.Object,
			Message: fmt.Sprintf("the exception of %s is for %s, which does not exist%s", e.Rule, e.Object, a.objects().suggestion(e.Object)),
			Fix:     "correct the name, or delete the exception"}
		if e.Place != "" {
			f.Evidence = []string{e.Place}
		}
		a.find(f)
	}
}

// exists reports whether the object of an exception does.
func (a *audit) exists(e Exception) bool {
	found := func(f report.Finding) bool { return f.Object == e.Object }
	rewriteRule := e.Rule == "rewrite-rule" && a.tableOf(e.Object) != "" // the catalog does not list those
	return rewriteRule || slices.ContainsFunc(a.report.Findings, found) || a.objects().has(e.Object)
}

// objects are what findings are about, by name.
type objects struct{ cat *catalog.Catalog }

func (a *audit) objects() objects { return objects{a.cat} }

// beyondCatalog are the objects of findings about the server and its databases.
var beyondCatalog = regexp.MustCompile(`^(ALL$|Postgres |database |pg_)`)

// has reports whether there is an object of that name.
func (o objects) has(name string) bool {
	if beyondCatalog.MatchString(name) || o.cat.Table(name) != nil || slices.Contains(o.others(), name) {
		return true
	}
	r, part := o.split(name)
	return r != nil && slices.Contains(partsOf(r), part)
}

// split cuts the name of a part of a table, such as a column's, into both.
func (o objects) split(name string) (*catalog.Relation, string) {
	for at := strings.LastIndexByte(name, '.'); at > 0; at = strings.LastIndexByte(name[:at], '.') {
		if r := o.cat.Table(name[:at]); r != nil {
			return r, name[at+1:]
		}
	}
	return nil, ""
}

// partsOf are the names of what belongs to a table.
func partsOf(r *catalog.Relation) (all []string) {
	for _, c := range r.Columns {
		all = append(all, c.Name)
	}
	for _, k := range r.Constraints {
		all = append(all, k.Name)
	}
	for _, ix := range r.Indexes {
		all = append(all, ix.Name)
	}
	for _, p := range r.Policies {
		all = append(all, p.Name)
	}
	for _, t := range r.Triggers {
		all = append(all, t.Name)
	}
	return all
}

// others are the names of what is no part of a table.
func (o objects) others() (all []string) {
	for _, r := range o.cat.Relations {
		all = append(all, o.cat.Name(r))
	}
	for _, r := range o.cat.Roles {
		all = append(all, r.Name)
	}
	for _, s := range o.cat.Schemas {
		all = append(all, s.Name)
	}
	for _, s := range o.cat.Sequences {
		all = append(all, s.Name, s.Schema+"."+s.Name)
	}
	for _, f := range o.cat.Functions {
		all = append(all, f.Name, f.Schema+"."+f.Name, signature(f))
	}
	for _, t := range o.cat.Types {
		all = append(all, t.SQL)
		for _, k := range t.Checks {
			all = append(all, t.SQL+"."+k.Name)
		}
	}
	return all
}

// suggestion says which object was probably meant: "; did you mean invoices.account_id?", or "".
func (o objects) suggestion(name string) string {
	r, part := o.split(name)
	if at := strings.LastIndexByte(name, '.'); r == nil && at > 0 {
		r, part = o.cat.Table(catalog.Nearest(name[:at], o.others())), name[at+1:]
	}
	if r == nil {
		return catalog.Suggestion(name, o.others())
	}
	if near := catalog.Nearest(part, partsOf(r)); near != "" {
		return "; did you mean " + o.cat.Name(r) + "." + near + "?"
	}
	return ""
}
