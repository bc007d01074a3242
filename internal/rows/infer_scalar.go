package rows

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// inferInt makes integers within the bounds of the CHECKs.
func inferInt(c *column, typ string, r rule) func(*fake.Value) any {
	lo, hi := int64(1), map[string]int64{"int2": 1000, "int4": 10_000, "int8": 1_000_000, "oid": 10_000}[typ]
	if strings.Contains(c.name, "max") || strings.HasPrefix(c.name, "end") || strings.HasPrefix(c.name, "to_") {
		lo, hi = hi, hi*2 // above the values of the column that it limits
	}
	low, high := r.narrow(float64(lo), float64(hi), 1)
	lo, hi = int64(low), int64(high)
	if c.mustDiffer {
		if r.min != nil && r.max != nil { // the numbers begin again where the range ends
			return func(v *fake.Value) any { return lo + v.Row()%(hi-lo+1) }
		}
		return func(v *fake.Value) any { return lo + v.Row() }
	}
	if r.min == nil && r.max == nil {
		if usual := usualInt(strings.ToLower(c.name)); usual != nil {
			return func(v *fake.Value) any { return usual(v) }
		}
	}
	return func(v *fake.Value) any { return v.Size(lo, hi) }
}

// usualInt returns what makes plausible numbers for a column of that name, or nil.
func usualInt(name string) func(*fake.Value) int64 {
	for _, u := range usualInts {
		if u.name.MatchString(name) {
			return u.make
		}
	}
	return nil
}

func between(lo, hi int64) func(*fake.Value) int64 {
	return func(v *fake.Value) int64 { return v.Int(lo, hi) }
}

var usualInts = []struct {
	name *regexp.Regexp
	make func(*fake.Value) int64
}{
	{regexp.MustCompile(`position|order$|ordinal|sort|rank|sequence$|(^|_)index$`), func(v *fake.Value) int64 { return v.Row()%7 + 1 }},
	{regexp.MustCompile(`version|revision|attempt|retries|priority`), func(v *fake.Value) int64 { return v.Size(1, 6) }},
	{regexp.MustCompile(`quantity|qty|seats|units|copies|count$`), func(v *fake.Value) int64 { return v.Size(1, 40) }},
	{regexp.MustCompile(`(^|_)year$`), between(2022, 2026)},
	{regexp.MustCompile(`(^|_)month$`), between(1, 12)},
	{regexp.MustCompile(`(^|_)day$`), between(1, 28)},
	{regexp.MustCompile(`(^|_)age$`), between(18, 79)},
	{regexp.MustCompile(`term$|days$|grace_period|period$`), func(v *fake.Value) int64 { return []int64{7, 14, 14, 30, 30, 60}[v.Index(6)] }},
	{regexp.MustCompile(`percent|score|rating|progress`), between(1, 100)},
	{regexp.MustCompile(`(^|_)port$`), between(1024, 49151)},
	{regexp.MustCompile(`http_?status|status_?code|response_?code`), func(v *fake.Value) int64 { return []int64{200, 200, 200, 201, 204, 400, 404, 500}[v.Index(8)] }},
	{regexp.MustCompile(`cents|amount|price|total|balance`), func(v *fake.Value) int64 { return v.Size(100, 250_000) }},
}

// rateName matches names of percentages.
var rateName = regexp.MustCompile(`rate$|percent|pct|discount|(^|_)tax$|vat`)

// inferNumber makes decimals within the column's precision and scale, and the bounds of its
// CHECKs.
func inferNumber(c *column, r rule) func(*fake.Value) any {
	scale, hi := 2, 1000.0
	if c.Precision > 0 {
		scale = c.Scale
		hi = math.Pow10(c.Precision-scale) - 1
		if c.Precision-scale <= 0 {
			hi = math.Pow10(c.Precision-scale) * 0.9
		}
		hi = min(hi, 10_000)
	}
	unit := math.Pow10(-max(scale, 0))
	if rateName.MatchString(strings.ToLower(c.name)) {
		hi = min(hi, 25)
	}
	lo, hi := r.narrow(0, hi, unit)
	if c.mustDiffer {
		return func(v *fake.Value) any {
			return strconv.FormatFloat(lo+float64(float64(v.Row())*unit), 'f', max(scale, 0), 64)
		}
	}
	return func(v *fake.Value) any { return strconv.FormatFloat(v.Float(lo, hi), 'f', max(scale, 0), 64) }
}

// inferMoment makes moments that are later in later rows and, within a row, in later
// columns. In a table whose rows must not overlap, each row gets an hour of its own.
func inferMoment(c *column, typ string) func(*fake.Value) any {
	offset := c.momentOffset()
	future := endName.MatchString(strings.ToLower(c.name))
	at := func(v *fake.Value) time.Time {
		if c.mustDiffer {
			return v.IncreasingTime().Add(offset)
		}
		at := fake.RecentTime(v).Add(offset)
		if at.After(v.Now()) && !future {
			return v.Now()
		}
		return at
	}
	if forbidsOverlap(c.Table) {
		offset = time.Duration(c.index) * time.Minute
		at = func(v *fake.Value) time.Time { return v.Now().Add(time.Duration(v.Row())*time.Hour + offset) }
	}
	switch typ {
	case "date":
		return func(v *fake.Value) any {
			if c.mustDiffer || forbidsOverlap(c.Table) {
				return v.Now().AddDate(0, 0, -3650+int(v.Row())+c.index).Format(time.DateOnly)
			}
			return at(v).AddDate(0, 0, c.index).Format(time.DateOnly)
		}
	case "time", "timetz":
		return func(v *fake.Value) any {
			return fmt.Sprintf("%02d:%02d:00", min(8+c.index/4, 22), v.Int(0, 14)+int64(c.index%4)*15)
		}
	}
	return func(v *fake.Value) any { return at(v) }
}

// inferJSON makes an empty document of the JSON type that a CHECK demands.
func inferJSON(r rule) func(*fake.Value) any {
	sample := map[string]string{"array": "[]", "string": `"text"`, "number": "1", "boolean": "true", "null": "null"}[r.jsonType]
	if sample == "" {
		sample = "{}"
	}
	return func(*fake.Value) any { return sample }
}

// inferRange gives each row a range of its own, so that none overlap.
func inferRange(t *catalog.Type) func(*fake.Value) any {
	if t.Subtype == nil {
		return func(*fake.Value) any { return "empty" }
	}
	switch t.Subtype.Name {
	case "int4", "int8", "numeric":
		return func(v *fake.Value) any { return fmt.Sprintf("[%d,%d)", v.Row()*10, v.Row()*10+10) }
	case "date":
		return func(v *fake.Value) any {
			day := v.Now().AddDate(0, 0, int(v.Row()))
			return "[" + day.Format(time.DateOnly) + "," + day.AddDate(0, 0, 1).Format(time.DateOnly) + ")"
		}
	case "timestamptz", "timestamp":
		return func(v *fake.Value) any {
			at := v.Now().Add(time.Duration(v.Row()) * time.Hour)
			const layout = "2006-01-02 15:04:05-07"
			if t.Subtype.Name == "timestamp" {
				return `["` + at.Format(time.DateTime) + `","` + at.Add(time.Hour).Format(time.DateTime) + `")`
			}
			return `["` + at.Format(layout) + `","` + at.Add(time.Hour).Format(layout) + `")`
		}
	}
	return func(*fake.Value) any { return "empty" }
}

// inferOther makes texts of the rarer types.
func inferOther(c *column, t *catalog.Type) func(*fake.Value) any {
	row := func(v *fake.Value) int64 { return v.Row() }
	switch t.Name {
	case "inet":
		return func(v *fake.Value) any { return fmt.Sprintf("10.%d.%d.%d", row(v)>>16&255, row(v)>>8&255, row(v)&255) }
	case "cidr":
		return func(v *fake.Value) any { return fmt.Sprintf("10.%d.%d.0/24", row(v)>>8&255, row(v)&255) }
	case "macaddr":
		return func(v *fake.Value) any {
			return fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", row(v)>>24&255, row(v)>>16&255, row(v)>>8&255, row(v)&255)
		}
	case "macaddr8":
		return func(v *fake.Value) any {
			return fmt.Sprintf("02:00:00:ff:fe:%02x:%02x:%02x", row(v)>>16&255, row(v)>>8&255, row(v)&255)
		}
	case "interval":
		return func(v *fake.Value) any { return fmt.Sprintf("%02d:%02d:00", (row(v)+1)/60, (row(v)+1)%60) }
	case "bit", "varbit":
		width := max(c.Length, 1)
		return func(v *fake.Value) any {
			s := strconv.FormatInt(row(v)&(1<<min(width, 62)-1), 2)
			return strings.Repeat("0", width-len(s)) + s
		}
	case "point":
		return func(v *fake.Value) any { return fmt.Sprintf("(%d,%d)", row(v), row(v)%90) }
	case "line":
		return func(v *fake.Value) any { return fmt.Sprintf("{1,1,%d}", row(v)) }
	case "lseg", "path", "polygon":
		return func(v *fake.Value) any { return fmt.Sprintf("((%d,0),(%d,1))", row(v), row(v)) }
	case "box":
		return func(v *fake.Value) any { return fmt.Sprintf("(%d,0),(%d,1)", row(v)*2, row(v)*2+1) }
	case "circle":
		return func(v *fake.Value) any { return fmt.Sprintf("<(%d,0),1>", row(v)*3) }
	case "xml":
		return func(v *fake.Value) any { return "<x>" + v.Word() + "</x>" }
	case "xid", "xid8", "cid":
		return func(v *fake.Value) any { return strconv.FormatInt(row(v)+3, 10) } // Postgres reserves 0 to 2
	case "pg_lsn":
		return func(v *fake.Value) any { return fmt.Sprintf("0/%X", row(v)+1) }
	case "hstore":
		return func(v *fake.Value) any { return "key=>" + v.Word() }
	case "vector", "halfvec":
		return inferVector(c)
	}
	return func(v *fake.Value) any { return v.Word() } // tsvector, tsquery, ltree, …
}

// vectorSize finds the dimensions in a type such as vector(3).
var vectorSize = regexp.MustCompile(`\((\d+)\)`)

// inferVector makes vectors of the pgvector extension.
func inferVector(c *column) func(*fake.Value) any {
	size := 3
	if m := vectorSize.FindStringSubmatch(c.SQLType); m != nil {
		size, _ = strconv.Atoi(m[1])
	}
	return func(v *fake.Value) any {
		parts := make([]string, size)
		for i := range parts {
			parts[i] = strconv.FormatFloat(v.Float(-1, 1), 'f', 4, 64)
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
}

// forbidsOverlap reports whether an exclusion or period constraint forbids rows that
// overlap.
func forbidsOverlap(r *catalog.Relation) bool {
	for _, k := range r.Constraints {
		if k.Kind == catalog.Exclusion || k.Period {
			return true
		}
	}
	return false
}
