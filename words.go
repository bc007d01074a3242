package seedbed

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
	case last == 0 && tenantGrade(strings.TrimSuffix(w[0], "id")) > 0:
		return strings.TrimSuffix(w[0], "id") // tenantid, and a bare tenant
	}
	return ""
}

// Grades of what tables call their tenants.
const (
	weakGrade   = 1 // more often something smaller
	mediumGrade = 2 // a tenant, or something that a tenant has
	strongGrade = 3 // nearly always a tenant
	sureGrade   = 4 // nothing else
)

var tenantWords = [][]string{
	weakGrade:   {"customer", "client", "owner", "vendor", "partner", "group", "project", "domain", "department", "branch", "environment"},
	mediumGrade: {"company", "team", "site", "store", "shop", "merchant", "realm", "firm", "school", "institution", "agency", "household", "business", "brand", "franchise"},
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

// sameSubject knows the abbreviations.
func sameSubject(a, b string) bool {
	full := func(s string) string {
		switch s {
		case "org", "organisation":
			return "organization"
		}
		return s
	}
	return full(a) == full(b)
}
