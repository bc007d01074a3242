package infer

import (
	"slices"
	"strings"
	"unicode"
)

// words splits a name in whatever style: tenant_id, tenantId, TenantID, tenant-id.
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

// startsWord tells the capital of a new word from one inside an acronym.
func startsWord(runes []rune, i int) bool {
	if !unicode.IsUpper(runes[i-1]) {
		return true
	}
	return i+1 < len(runes) && unicode.IsLower(runes[i+1])
}

var irregular = map[string]string{"people": "person", "children": "child", "analyses": "analysis", "indices": "index", "media": "medium"}

// singular is English, and wrong at times: both sides of a comparison go through it.
func singular(word string) string {
	if one := irregular[word]; one != "" {
		return one
	}
	ends := func(suffixes ...string) bool {
		return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(word, s) })
	}
	switch n := len(word); {
	case n > 3 && ends("ies"):
		return word[:n-3] + "y"
	case n > 4 && ends("sses", "xes", "ches", "shes"):
		return word[:n-2]
	case n > 2 && ends("s") && !ends("ss", "us", "is"):
		return word[:n-1]
	}
	return word
}

// singularName is a table's name in words, the last one singular.
func singularName(name string) []string {
	w := words(name)
	if len(w) > 0 {
		w[len(w)-1] = singular(w[len(w)-1])
	}
	return w
}

// subjectKey is a name in words without separators, the last one singular.
func subjectKey(name string) string { return strings.Join(singularName(name), "") }

var idSuffixes = []string{"id", "uuid", "guid", "key", "code", "slug", "ref", "pk"}

// subjectOf is what a key column is named for: "tenant" of tenant_id, "tenantId",
// id_tenant and tenantid; "" of a column that is not named like a key.
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

// family is what columns that mean the same are called alike by: organization of
// organization_id, orgId and organisation_uuid; all words of any other column.
func family(column string) string {
	if s := subjectOf(column); s != "" {
		return spelledOut(s)
	}
	return strings.Join(words(column), "_")
}

var abbreviations = map[string]string{"nid": "network"}

// spelledOut writes the tenants' words in one way.
func spelledOut(subject string) string {
	w := strings.Split(subject, "_")
	for i := range w {
		switch w[i] {
		case "org", "organisation":
			w[i] = "organization"
		}
	}
	return strings.Join(w, "_")
}

// Grades of what tables call their tenants.
const (
	weakGrade   = 1 // more often something smaller
	mediumGrade = 2 // a tenant, or something that a tenant has
	strongGrade = 3 // nearly always a tenant
	sureGrade   = 4 // nothing else
)

var tenantWords = [][]string{
	weakGrade: {"customer", "client", "owner", "vendor", "partner", "group", "domain", "department", "branch"},
	mediumGrade: {"company", "team", "site", "store", "shop", "merchant", "realm", "firm", "school", "institution", "agency", "household",
		"business", "brand", "franchise", "project", "environment", "network", "namespace", "subscriber", "practice", "clinic"},
	strongGrade: {"organization", "organisation", "org", "workspace", "account", "space"},
	sureGrade:   {"tenant"},
}

func tenantGrade(word string) int {
	for grade, list := range tenantWords {
		if slices.Contains(list, word) {
			return grade
		}
	}
	return 0
}

// gradeOf goes by what the table is called, or the columns where they are called the
// same. A name that merely ends in the word, such as app_workspace, says less than
// the word alone, and a column says nothing that its table does not.
func gradeOf(subject, table string) int {
	name := table
	if table == "" || spelledOut(table) == subject {
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

// containers are words for what is inside a tenant and divides all it has; an
// account or a company inside a tenant is more often its customer.
var containers = []string{"workspace", "space"}

// people are words for users: most tables say who wrote a row, and that is no tenant.
var people = []string{"user", "person", "people", "profile", "member", "employee", "author", "identity", "login", "principal", "staff", "contact", "admin", "actor"}

// lookups are words for what many rows name without belonging to it.
var lookups = []string{"type", "status", "category", "kind", "country", "currency", "language", "locale", "role", "permission", "tag", "unit", "state", "region", "timezone", "level"}

func (t *table) called(list []string) bool {
	return len(t.label) > 0 && slices.Contains(list, t.label[len(t.label)-1])
}
