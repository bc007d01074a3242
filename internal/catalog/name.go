package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Ident quotes an identifier, or a qualified one given in parts.
func Ident(parts ...string) string { return pgx.Identifier(parts).Sanitize() }

// Idents quotes each name and joins them with commas: a column list.
func Idents(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = Ident(n)
	}
	return strings.Join(quoted, ", ")
}

// Literal quotes a string for SQL that cannot take parameters.
func Literal(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

// Ident is the relation's quoted, schema-qualified name.
func (r *Relation) Ident() string { return Ident(r.Schema, r.Name) }

// Name is how the toolkit writes a relation for people and in a seedbed.Model:
// bare where the search path finds it by that, otherwise with its schema. Case is
// kept and nothing is quoted, except a name that has a dot or a quote in it.
func (c *Catalog) Name(r *Relation) string {
	bare := quoteDots(r.Name)
	if c.visible(r.Name) == r {
		return bare
	}
	return quoteDots(r.Schema) + "." + bare
}

func quoteDots(name string) string {
	if strings.ContainsAny(name, `."`) {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// visible is what a bare name means to Postgres here, or nil.
func (c *Catalog) visible(name string) *Relation {
	found := c.names[name]
	for _, schema := range c.SearchPath {
		for _, r := range found {
			if r.Schema == schema {
				return r
			}
		}
	}
	return nil
}

// SplitName reads a table name as people write it: name, schema.name, or with
// double quotes around a part that holds a dot. Case is kept.
func SplitName(s string) (schema, name string) {
	first, rest := cutName(s)
	if rest == "" {
		return "", first
	}
	name, _ = cutName(rest)
	return first, name
}

func cutName(s string) (part, rest string) {
	if !strings.HasPrefix(s, `"`) {
		part, rest, _ = strings.Cut(s, ".")
		return part, rest
	}
	for i := 1; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return strings.ReplaceAll(s[1:i], `""`, `"`), strings.TrimPrefix(s[i+1:], ".")
	}
	return s[1:], ""
}

// Table finds a relation by a name as Name writes it, or nil. A bare name is
// looked for along the search path first; failing that, it is enough that one
// schema only has it.
func (c *Catalog) Table(name string) *Relation {
	schema, bare := SplitName(name)
	if schema == "" {
		if r := c.visible(bare); r != nil {
			return r
		}
		if found := c.names[bare]; len(found) == 1 {
			return found[0]
		}
		return nil
	}
	for _, r := range c.names[bare] {
		if r.Schema == schema {
			return r
		}
	}
	return nil
}

// Role by name, or nil.
func (c *Catalog) Role(name string) *Role { return c.roles[name] }

// Type by OID, or nil; the system's are found too.
func (c *Catalog) Type(oid uint32) *Type { return c.types[oid] }

// Relation by OID, or nil.
func (c *Catalog) Relation(oid uint32) *Relation { return c.relations[oid] }

// Tables are the relations that rows are written to: plain and partitioned
// tables, without partitions.
func (c *Catalog) Tables() []*Relation {
	var out []*Relation
	for _, r := range c.Relations {
		if r.IsTable() && !r.Partition {
			out = append(out, r)
		}
	}
	return out
}

// UnknownError says that a caller has named what is not there.
type UnknownError struct{ err error }

func (e *UnknownError) Error() string { return e.err.Error() }
func (e *UnknownError) Unwrap() error { return e.err }

// Unknownf is fmt.Errorf for an UnknownError.
func Unknownf(format string, args ...any) error { return &UnknownError{fmt.Errorf(format, args...)} }

// Nearest is the candidate most like name, or "" where none is close: what an
// error suggests. Singular and plural of a word are closest.
func Nearest(name string, candidates []string) string {
	best, limit := "", max(2, len(name)/3+1)
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		a, b := strings.ToLower(name), strings.ToLower(c)
		d := distance(a, b)
		if len(name) > 2 && (strings.HasPrefix(b, a) || strings.HasSuffix(b, a)) {
			d = min(d, 1) // cut short
		}
		if len(name) > 2 && Singular(a) == Singular(b) {
			d = 0
		}
		if d < limit {
			best, limit = c, d
		}
	}
	return best
}

// Suggestion ends an error about a name that is none of the candidates:
// "; did you mean X?" with the one that looks most like it, or "".
func Suggestion(name string, candidates []string) string {
	if near := Nearest(name, candidates); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// ColumnSuggestion is Suggestion for a column among others, as in users.email: one of the
// same table, or else that column of a table with a name like this. Nothing else may be
// suggested: who follows would mask another column, or compare one.
func ColumnSuggestion(name string, columns []string) string {
	at := strings.LastIndex(name, ".")
	table, column := name[:max(at, 0)], name[at+1:]
	var tables, same []string
	for _, c := range columns {
		dot := strings.LastIndex(c, ".")
		if c[:dot] == table {
			same = append(same, c[dot+1:])
		}
		if c[dot+1:] == column {
			tables = append(tables, c[:dot])
		}
	}
	if at < 0 && len(tables) > 0 {
		return "; did you mean " + tables[0] + "." + column + "?"
	}
	if len(same) == 0 {
		if near := Nearest(table, tables); near != "" {
			return "; did you mean " + near + "." + column + "?"
		}
		return ""
	}
	if near := Nearest(column, same); near != "" {
		return "; did you mean " + table + "." + near + "?"
	}
	return "; " + table + " has " + strings.Join(same, ", ")
}

// distance is Damerau and Levenshtein's, in bytes: two neighbours in each other's place
// are one slip.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

var irregular = map[string]string{"analyses": "analysis", "indices": "index", "media": "medium", "mice": "mouse", "lives": "life", "toes": "toe", "leave": "leaf"}

// irregularEndings are those of plurals whose singular no rule gives: of bookshelves,
// salespeople and schoolchildren, too. Absences are called leaves as well, so leave and leaf
// are one word here.
var irregularEndings = []struct{ plural, singular string }{
	{"people", "person"}, {"children", "child"}, {"quizzes", "quiz"}, {"movies", "movie"}, {"cookies", "cookie"}, {"series", "series"}, {"species", "species"},
	{"shoes", "shoe"}, {"caches", "cache"}, {"leaves", "leaf"}, {"loaves", "loaf"}, {"thieves", "thief"}, {"knives", "knife"}, {"wives", "wife"},
	{"shelves", "shelf"}, {"halves", "half"}, {"calves", "calf"}, {"wolves", "wolf"}, {"scarves", "scarf"},
}

// Singular returns an English word's singular. Its mistakes do no harm where both sides
// of a comparison go through it.
func Singular(word string) string {
	if one := irregular[word]; one != "" {
		return one
	}
	for _, e := range irregularEndings {
		if stem, found := strings.CutSuffix(word, e.plural); found {
			return stem + e.singular
		}
	}
	ends := func(suffixes ...string) bool {
		return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(word, s) })
	}
	switch n := len(word); {
	case n > 4 && ends("ies"):
		return word[:n-3] + "y"
	case n > 4 && ends("sses", "xes", "ches", "shes", "oes", "buses", "tuses", "ruses", "puses", "nuses", "suses"):
		return word[:n-2]
	case n > 2 && ends("s") && !ends("ss", "us", "is"):
		return word[:n-1]
	}
	return word
}
