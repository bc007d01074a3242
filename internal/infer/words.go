package infer

import (
	"slices"
	"strings"
	"unicode"

	"github.com/qarion/seedbed/internal/catalog"
)

// words splits a name in any style: tenant_id, tenantId, TenantID, tenant-id.
func words(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = nil
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && startsWord(runes, i):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return out
}

// startsWord distinguishes the capital of a new word from one within an acronym.
func startsWord(runes []rune, i int) bool {
	if !unicode.IsUpper(runes[i-1]) {
		return true
	}
	return i+1 < len(runes) && unicode.IsLower(runes[i+1])
}

// SingularName returns the words of a table's name, the last one singular.
func SingularName(name string) []string {
	w := words(name)
	if len(w) > 0 {
		w[len(w)-1] = catalog.Singular(w[len(w)-1])
	}
	return w
}

// normalizedName returns the words of a name without separators, the last one singular.
func normalizedName(name string) string { return strings.Join(SingularName(name), "") }

var idSuffixes = []string{"id", "uuid", "guid", "key", "code", "slug", "ref", "pk"}

// subjectOf returns the thing that a key column is named for: "tenant" of tenant_id,
// tenantId, id_tenant and tenantid; "" if the column is not named like a key.
func subjectOf(column string) string {
	w := words(column)
	last := len(w) - 1
	switch {
	case last < 0:
		return ""
	case last > 0 && slices.Contains(idSuffixes, w[last]):
		return strings.Join(w[:last], "_")
	case last > 0 && (w[0] == "id" || w[0] == "fk"):
		return strings.Join(w[1:], "_")
	case last == 0 && abbreviations[w[0]] != "":
		return abbreviations[w[0]]
	case last == 0 && tenantGrade(strings.TrimSuffix(w[0], "id")) >= mediumGrade:
		return strings.TrimSuffix(w[0], "id") // tenantid, and a bare tenant
	}
	return ""
}

// columnSubject returns the same text for columns with the same meaning: "organization"
// for organization_id, orgId and organisation_uuid. For a column that is not named like a
// key it returns the words of its name.
func columnSubject(column string) string {
	if s := subjectOf(column); s != "" {
		return normalizeSubject(s)
	}
	return strings.Join(words(column), "_")
}

var abbreviations = map[string]string{"nid": "network"}

// normalizeSubject replaces the variants of organization.
func normalizeSubject(subject string) string {
	w := strings.Split(subject, "_")
	for i := range w {
		switch w[i] {
		case "org", "organisation":
			w[i] = "organization"
		}
	}
	return strings.Join(w, "_")
}

// Grades say how often a table of that name is a table of tenants.
const (
	weakGrade   = 1 // seldom
	mediumGrade = 2 // often
	strongGrade = 3 // nearly always
	sureGrade   = 4 // always
)

var tenantWords = [][]string{
	weakGrade: {"customer", "client", "owner", "vendor", "partner", "group", "domain", "department", "branch"},
	mediumGrade: {"company", "team", "site", "store", "shop", "merchant", "realm", "firm", "school", "institution", "agency", "household",
		"business", "brand", "franchise", "project", "environment", "network", "namespace", "subscriber", "practice", "clinic"},
	strongGrade: {"organization", "organisation", "org", "workspace", "account", "space"},
	sureGrade:   {"tenant"},
}

// tenantGrade returns the grade of a word, or 0.
func tenantGrade(word string) int {
	for grade, list := range tenantWords {
		if slices.Contains(list, word) {
			return grade
		}
	}
	return 0
}

// gradeOf returns the grade of a candidate by its table's name, or by its columns' subject
// if they agree. A name that merely ends in a tenant's word, such as app_workspace, gets a
// lower grade; a subject that differs from the table's name counts little.
func gradeOf(subject, table string) int {
	name := table
	if table == "" || normalizeSubject(table) == subject {
		name = subject
	}
	last := name[strings.LastIndex(name, "_")+1:]
	switch g := tenantGrade(last); {
	case last == "account" && last != name:
		return 0 // of a ledger, a bank, a billing service
	case last != name && g > weakGrade:
		return mediumGrade
	case last != name:
		return 0
	case g == 0 && name != subject:
		return min(weakGrade, tenantGrade(subject))
	default:
		return g
	}
}

// innerTenantWords name tenants within a tenant. An account or a company within a tenant
// is more often its customer.
var innerTenantWords = []string{"workspace", "space"}

// userWords name tables of users. Many tables reference the user who wrote a row; that
// does not make users tenants.
var userWords = []string{"user", "person", "people", "profile", "member", "employee", "author", "identity", "login", "principal", "staff", "contact", "admin", "actor"}

// lookupWords name tables that many rows reference without belonging to them.
var lookupWords = []string{"type", "status", "category", "kind", "country", "currency", "language", "locale", "role", "permission", "tag", "unit", "state", "region", "timezone", "level"}

// nameEndsIn reports whether the last word of the table's name is in the list.
func (t *table) nameEndsIn(list []string) bool {
	return len(t.nameWords) > 0 && slices.Contains(list, t.nameWords[len(t.nameWords)-1])
}
