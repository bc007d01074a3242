package rows

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/fake"
)

// optionalValue returns what makes values for a column that may be NULL or has a default,
// so that rows look like those of a demo: most nullable columns are filled, enumerations
// with a default vary, and created_at lies in the past of the data. nil: the column is left
// to Postgres.
//
// A Plan does this in tables without a definition. Create leaves such columns alone: a test
// sets what matters to it.
func (c *column) optionalValue() func(*fake.Value) any {
	t := c.Type.Underlying()
	switch {
	case c.isDiscriminator && c.Writable() && !c.inReference:
		return inferValue(c)
	case !c.Writable() || c.inReference || c.leftNull || c.Identity != "" || c.isStructural():
		return nil
	case strings.HasPrefix(t.Name, "timestamp") || t.Name == "date":
		return c.optionalMoment()
	case c.Filled():
		if c.hasConstantDefault && placeName.MatchString(strings.ToLower(c.name)) && t.Category == "S" && len(c.rule().choices) == 0 {
			return inferValue(c)
		}
		if len(c.rule().choices) > 1 && t.Name != "bool" && c.hasConstantDefault {
			return inferValue(c)
		}
		if c.hasConstantDefault && strings.Trim(c.constantDefault, "0.") == "" && t.Category == "N" && amountName.MatchString(strings.ToLower(c.name)) {
			return inferValue(c)
		}
		return nil
	case c.Required(), t.Name == "uuid", identifierName.MatchString(c.name), seldomFilled.MatchString(strings.ToLower(c.name)):
		return nil
	}
	switch {
	case c.mustDiffer:
		return inferValue(c) // in every row, so that a later plan sees which are taken
	case t.Kind == catalog.EnumType, t.Category == "S", t.Category == "N", t.Category == "I", t.Name == "interval", t.Name == "time":
		return withNulls(0.8, inferValue(c))
	}
	return nil
}

// placeName matches names of what follows from the place that a row is about: a default would
// contradict its other columns.
var placeName = regexp.MustCompile(`currency|country|locale|(^|_)lang|time_?zone`)

// amountName matches names of numbers whose default of 0 means "nothing yet".
var amountName = regexp.MustCompile(`amount|price|total|balance|cost|quantity|units$|cents$`)

// seldomFilled matches names of columns that are usually empty: errors, secrets, locks,
// deletions.
var seldomFilled = regexp.MustCompile(`error|fail|exception|reject|cancel|delet|revok|suspend|password|secret|token|otp|salt|hash|signature|lock|retry|cursor|parent|checksum|digest|encrypted|stack|trace|override|deprecated|legacy|(^|_)left_|leave_date|deceas|(^|_)died|resign`)

// isStructural reports whether more than the column depends on its values: unique keys,
// exclusion constraints, index predicates, partitions.
func (c *column) isStructural() bool {
	if slices.Contains(c.Table.PartitionBy, c.name) || c.partitionValues() != nil {
		return true
	}
	for _, ix := range c.Table.Indexes {
		if !ix.Unique || c.mustDiffer && c.mayBeFilledUniquely() {
			continue
		}
		if mentionsColumn(ix.Predicate, c.name) || slices.ContainsFunc(ix.Keys, func(k catalog.IndexKey) bool {
			return k.Column == c.name || k.Expr != "" && mentionsColumn(k.Expr, c.name)
		}) {
			return true
		}
	}
	return slices.ContainsFunc(c.Table.Constraints, func(k *catalog.Constraint) bool {
		return k.Kind == catalog.Exclusion && slices.Contains(k.Columns, c.name)
	})
}

// withNulls makes a share of values and NULL otherwise.
func withNulls(share float64, infer func(*fake.Value) any) func(*fake.Value) any {
	return func(v *fake.Value) any {
		if !v.Chance(share) {
			return nil
		}
		return infer(v)
	}
}

var (
	// startName, changeName, endName and outcomeName match names of moments: when a row began,
	// when it last changed, when it will end, how it has ended.
	startName   = regexp.MustCompile(`creat|insert|added|regist|joined|queued|submitted|received|raised|opened`)
	changeName  = regexp.MustCompile(`updat|modif|chang|edited|last_|lastlogin|lastsign|seen|refreshed|synced`)
	endName     = regexp.MustCompile(`expir|due|until|renew|valid_to|end_date|ends_|ends_at|next_`)
	outcomeName = regexp.MustCompile(`complet|finish|ended|clos|resolv|paid|deliver|ship|approv|processed|published|signed|accepted|void|refund|archiv|disabl|inactiv|terminat|banned|block`)
)

// optionalMoment returns what makes a moment of a nullable column, or one with a default. A
// moment that says how the row ended stays NULL, which goes with any status.
func (c *column) optionalMoment() func(*fake.Value) any {
	name := strings.ToLower(c.name)
	nowDefault := isNow.MatchString(c.Default)
	switch {
	case c.Filled() && !nowDefault, seldomFilled.MatchString(name), !c.Filled() && !c.Required() && outcomeName.MatchString(name):
		return nil
	case c.Required() || c.Filled():
		return inferValue(c)
	}
	return withNulls(0.7, inferValue(c))
}

// isNow matches default expressions for the present.
var isNow = regexp.MustCompile(`(?i)(^|\W)(now|statement_timestamp|transaction_timestamp|clock_timestamp)\(\)|CURRENT_TIMESTAMP|LOCALTIMESTAMP|CURRENT_DATE`)

// momentOffset is how long after the beginning of its row a moment is: none for created_at,
// a few hours for updated_at, 30 days for expires_at.
func (c *column) momentOffset() time.Duration {
	name := strings.ToLower(c.name)
	step := time.Duration(c.index) * time.Minute
	switch {
	case startName.MatchString(name):
		return 0
	case endName.MatchString(name):
		return 30*24*time.Hour + step
	case changeName.MatchString(name):
		return 6*time.Hour + step
	}
	return time.Hour + step
}
