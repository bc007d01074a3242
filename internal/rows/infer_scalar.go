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
	lo, hi := int64(1), map[string]int64{"int2": 1000, "int4": 1000, "int8": 10_000, "oid": 10_000}[typ]
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
	if usual := usualInt(strings.ToLower(c.name)); usual != nil {
		return func(v *fake.Value) any {
			n := usual(v)
			if r.min != nil {
				n = max(n, lo)
			}
			if r.max != nil {
				n = min(n, hi)
			}
			return n
		}
	}
	return func(v *fake.Value) any { return lo - 1 + fake.Spread(v, 1, hi-lo+1) }
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

func spread(lo, hi int64) func(*fake.Value) int64 {
	return func(v *fake.Value) int64 { return fake.Spread(v, lo, hi) }
}

func someOf(numbers ...int64) func(*fake.Value) int64 {
	return func(v *fake.Value) int64 { return numbers[v.Index(len(numbers))] }
}

var usualInts = []struct {
	name *regexp.Regexp
	make func(*fake.Value) int64
}{
	{regexp.MustCompile(`(^|_)(status|state|type|kind|mode|category|stage|phase|role|visibility)$`), between(0, 2)},
	{regexp.MustCompile(`(^|_)interval$`), someOf(1, 1, 3, 12)},
	{regexp.MustCompile(`position|order$|ordinal|sort|rank|sequence$|(^|_)index$`), func(v *fake.Value) int64 { return v.Row()%7 + 1 }},
	{regexp.MustCompile(`version|revision|attempt|retries|priority`), spread(1, 6)},
	{regexp.MustCompile(`quantity|qty|units|copies`), spread(1, 24)},
	{regexp.MustCompile(`seats|capacity|guests|members_?limit`), someOf(2, 4, 4, 6, 8, 10, 12, 20)},
	{regexp.MustCompile(`(^|_)floor$|storey`), between(0, 5)},
	{regexp.MustCompile(`(^|_)year$`), between(2022, 2026)},
	{regexp.MustCompile(`(^|_)month$`), between(1, 12)},
	{regexp.MustCompile(`(^|_)day(_of_month)?$`), between(1, 28)},
	{regexp.MustCompile(`(^|_)(weekday|day_of_week|dow)$`), between(0, 6)},
	{regexp.MustCompile(`(^|_)hour(_of_day)?$`), between(8, 18)},
	{regexp.MustCompile(`(^|_)age$`), between(18, 79)},
	{regexp.MustCompile(`height_cm$`), between(150, 198)},
	{regexp.MustCompile(`weight_kg$`), between(48, 110)},
	{regexp.MustCompile(`minutes?$|duration$|(^|_)mins?$`), someOf(15, 20, 30, 30, 45, 60, 90)},
	{regexp.MustCompile(`(^|_)hours$`), between(1, 8)},
	{regexp.MustCompile(`seconds?$|(^|_)secs?$|timeout|ttl`), someOf(30, 60, 120, 300, 600, 3600)},
	{regexp.MustCompile(`(^|_)(ms|millis|milliseconds|latency)$`), spread(5, 3000)},
	{regexp.MustCompile(`bytes$|_size$|^size$|filesize`), spread(4_000, 8_000_000)},
	{regexp.MustCompile(`(^|_)(width|height)(_px)?$`), someOf(320, 640, 800, 1024, 1280, 1920)},
	{regexp.MustCompile(`limit$|quota`), someOf(10, 50, 100, 500, 1000)},
	{regexp.MustCompile(`count$|^num_|_num$|views$|likes$|visits$`), spread(1, 60)},
	{regexp.MustCompile(`term$|days$|grace_period|period$`), someOf(7, 14, 14, 30, 30, 60)},
	{regexp.MustCompile(`rating|stars`), someOf(3, 4, 4, 5, 5)},
	{regexp.MustCompile(`percent|score|progress`), between(1, 100)},
	{regexp.MustCompile(`(^|_)port$`), between(1024, 49151)},
	{regexp.MustCompile(`http_?status|status_?code|response_?code`), someOf(200, 200, 200, 201, 204, 400, 404, 500)},
	{regexp.MustCompile(`(^|_)min(imum)?_`), spread(1, 10)},
	{regexp.MustCompile(`cents|amount|price|cost|total|balance|(^|_)fee|(^|_)tax`), func(v *fake.Value) int64 { return fake.Price(v, 500, 250_000) }},
}

// rateName matches names of percentages.
var rateName = regexp.MustCompile(`rate$|percent|pct|discount|(^|_)tax$|vat`)

// usualNumbers make plausible decimals for a column of a name.
var usualNumbers = []struct {
	name *regexp.Regexp
	make func(*fake.Value) float64
}{
	{regexp.MustCompile(`^lat$|latitude`), func(v *fake.Value) float64 { return near(v, fake.PlaceOf(v).Latitude) }},
	{regexp.MustCompile(`^(lng|lon|long)$|longitude`), func(v *fake.Value) float64 { return near(v, fake.PlaceOf(v).Longitude) }},
	{regexp.MustCompile(`(hourly|daily|day|hour)_rate`), func(v *fake.Value) float64 { return float64(v.Int(8, 36) * 5) }},
	{regexp.MustCompile(`exchange_?rate|fx_?rate`), func(v *fake.Value) float64 { return v.Float(0.8, 1.3) }},
	{regexp.MustCompile(`(tax|vat)_?(rate|percent|pct)`), func(v *fake.Value) float64 { return float64(someOf(7, 19, 19, 20, 21)(v)) }},
	{regexp.MustCompile(`discount`), func(v *fake.Value) float64 { return float64(someOf(0, 0, 5, 10, 15)(v)) }},
	{regexp.MustCompile(`quantity|qty|units$|hours$`), func(v *fake.Value) float64 { return float64(fake.Spread(v, 1, 24)) }},
	{regexp.MustCompile(`weight|mass`), func(v *fake.Value) float64 { return v.Float(48, 110) }},
	{regexp.MustCompile(`temperature|temp$|celsius`), func(v *fake.Value) float64 { return v.Float(2, 25) }},
	{regexp.MustCompile(`probability|confidence|ratio|fraction|share$`), func(v *fake.Value) float64 { return v.Float(0, 1) }},
	{regexp.MustCompile(`rating|stars`), func(v *fake.Value) float64 { return v.Float(3, 5) }},
	{regexp.MustCompile(`score|progress`), func(v *fake.Value) float64 { return v.Float(1, 100) }},
	{regexp.MustCompile(`price|amount|total|cost|fee|balance|salary|revenue|budget|value|net|gross|paid|due`), func(v *fake.Value) float64 { return float64(fake.Price(v, 500, 90_000)) / 100 }},
}

// near is within some kilometres of a coordinate.
func near(v *fake.Value, degrees float64) float64 {
	return degrees + v.Float(-0.08, 0.08)
}

// inferNumber makes decimals within the column's precision and scale, and the bounds of its
// CHECKs.
func inferNumber(c *column, r rule) func(*fake.Value) any {
	name := strings.ToLower(c.name)
	scale, hi := 2, 1000.0
	if strings.HasPrefix(c.Type.Underlying().Name, "float") || strings.Contains(name, "latitude") || strings.Contains(name, "longitude") {
		scale = 4
	}
	fits := math.Inf(1)
	if c.Precision > 0 {
		scale = c.Scale
		fits = math.Pow10(c.Precision-scale) - 1
		if c.Precision-scale <= 0 {
			fits = math.Pow10(c.Precision-scale) * 0.9
		}
		hi = min(fits, hi)
	}
	unit := math.Pow10(-max(scale, 0))
	if rateName.MatchString(name) {
		hi = min(hi, 25)
	}
	lo, hi := r.narrow(0, hi, unit)
	if c.mustDiffer {
		return func(v *fake.Value) any {
			return strconv.FormatFloat(lo+float64(float64(v.Row())*unit), 'f', max(scale, 0), 64)
		}
	}
	for _, u := range usualNumbers {
		if !u.name.MatchString(name) {
			continue
		}
		return func(v *fake.Value) any {
			x := u.make(v)
			if x > fits || r.min != nil && x < lo || r.max != nil && x > hi {
				x = fake.SwitchTo(v, c.name).Float(lo, hi)
			}
			return strconv.FormatFloat(x, 'f', max(scale, 0), 64)
		}
	}
	return func(v *fake.Value) any { return strconv.FormatFloat(v.Float(lo, hi), 'f', max(scale, 0), 64) }
}

// Names of days that lie years back: a person's birth, and the beginning of a company, a
// building or an employment.
var (
	birthName = regexp.MustCompile(`birth|(^|_)(dob|born)(_|$)`)
	longAgo   = regexp.MustCompile(`hired|hire_date|founded|established|opened_on|member_since|employed|joined_on|commission|manufactur|built|purchased_on`)
)

// inferMoment makes moments that are later in later rows and, within a row, in later
// columns. In a table whose rows must not overlap, each row gets an hour of its own.
func inferMoment(c *column, typ string) func(*fake.Value) any {
	name := strings.ToLower(c.name)
	if typ == "date" && !c.mustDiffer && !forbidsOverlap(c.Table) {
		switch {
		case birthName.MatchString(name):
			return func(v *fake.Value) any { return fake.Birthday(v).Format(time.DateOnly) }
		case longAgo.MatchString(name):
			return func(v *fake.Value) any { return fake.YearsAgo(v, 9).Format(time.DateOnly) }
		}
	}
	offset := c.momentOffset()
	future := endName.MatchString(name)
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
			day := at(v).AddDate(0, 0, c.index)
			if day.After(v.Now()) && !future {
				day = v.Now()
			}
			return day.Format(time.DateOnly)
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
