package rows

import (
	"math"
	"slices"
	"strconv"

	"github.com/qarion/seedbed/internal/fake"
	"github.com/qarion/seedbed/internal/infer"
)

// amountRole is what a number says of an order, an invoice or a line of one.
type amountRole string

const (
	quantityRole   amountRole = "quantity"
	unitPriceRole  amountRole = "unit price"
	subtotalRole   amountRole = "subtotal"
	taxRateRole    amountRole = "tax rate"
	taxRole        amountRole = "tax"
	discountRole   amountRole = "discount"
	percentOffRole amountRole = "discount in percent"
	shippingRole   amountRole = "shipping"
	totalRole      amountRole = "total"
	paidRole       amountRole = "paid"
	dueRole        amountRole = "due"
)

// roleOf returns what a column's name says of its number; "" for nothing. cents says that the
// number is in hundredths.
func roleOf(c *column) (role amountRole, cents bool) {
	words := infer.SingularName(c.name)
	has := func(any ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(any, w) })
	}
	if !isMoney(c.Type.Underlying()) || has("id", "count", "number", "min", "max", "limit", "budget") {
		return "", false
	}
	cents = has("cent", "cents", "minor")
	percent := has("rate", "percent", "percentage", "pct")
	switch {
	case has("quantity", "qty"):
		return quantityRole, false
	case has("tax", "vat") && percent:
		return taxRateRole, false
	case has("discount") && percent:
		return percentOffRole, false
	case percent:
		return "", false
	case has("unit") && has("price", "cost", "amount", "net"), len(words) == 1 && has("price"), len(words) == 2 && has("price") && cents:
		return unitPriceRole, cents
	case has("paid"):
		return paidRole, cents
	case has("due", "outstanding", "balance", "remaining"):
		return dueRole, cents
	case has("subtotal", "net"), has("sub") && has("total"):
		return subtotalRole, cents
	case has("tax", "vat"):
		return taxRole, cents
	case has("discount"):
		return discountRole, cents
	case has("shipping", "freight", "postage"):
		return shippingRole, cents
	case has("total", "gross"), words[0] == "amount" && len(words) == 1, words[0] == "amount" && cents:
		return totalRole, cents
	}
	return "", false
}

// amounts finds the numbers of a table by their roles.
type amounts struct {
	maker  *rowMaker
	byRole map[amountRole]*column
}

// amountsBeside returns the numbers that are in the same unit as c.
func (maker *rowMaker) amountsBeside(c *column, cents bool) amounts {
	a := amounts{maker, map[amountRole]*column{}}
	for _, other := range maker.table.columns {
		role, inCents := roleOf(other)
		inAnyUnit := role == quantityRole || role == taxRateRole || role == percentOffRole
		if role != "" && a.byRole[role] == nil && (inAnyUnit || inCents == cents) {
			a.byRole[role] = other
		}
	}
	if role, _ := roleOf(c); a.byRole[role] != c { // of two totals, one is no sum
		return amounts{}
	}
	return a
}

// value returns the current row's number in a role; false where no column has it, or it is
// NULL.
func (a amounts) value(v *fake.Value, role amountRole) (float64, bool) {
	c := a.byRole[role]
	if c == nil {
		return 0, false
	}
	return asNumber(a.maker.valueOf(c)(v))
}

// asNumber reads a made-up number.
func asNumber(x any) (float64, bool) {
	switch x := x.(type) {
	case int64:
		return float64(x), true
	case string:
		n, err := strconv.ParseFloat(x, 64)
		return n, err == nil
	}
	return 0, false
}

// amountValue returns what makes a number that adds up with the others of its row, where the
// names say that it should. It returns own where they say nothing.
func (maker *rowMaker) amountValue(c *column, own func(*fake.Value) any) func(*fake.Value) any {
	role, cents := roleOf(c)
	if role == "" {
		return own
	}
	a := maker.amountsBeside(c, cents)
	var sum func(*fake.Value) (float64, bool)
	switch role {
	case subtotalRole:
		sum = a.product
	case taxRole:
		sum = a.tax
	case discountRole:
		sum = a.discount
	case totalRole:
		sum = a.total
	case paidRole:
		sum = a.paid
	case dueRole:
		sum = a.due
	}
	if sum == nil || a.byRole == nil {
		return own
	}
	scale, limit := c.numberFormat()
	r := c.rule()
	return func(v *fake.Value) any {
		x, ok := sum(v)
		if !ok || math.Abs(x) > limit || r.min != nil && x < *r.min || r.max != nil && x > *r.max {
			return own(fake.SwitchTo(v, c.name))
		}
		if scale == 0 {
			return strconv.FormatInt(int64(math.Round(x)), 10)
		}
		return strconv.FormatFloat(x, 'f', scale, 64)
	}
}

// numberFormat returns the decimals of the column's type, and the largest number that it
// holds.
func (c *column) numberFormat() (scale int, limit float64) {
	switch t := c.Type.Underlying().Name; {
	case t == "int4":
		return 0, math.MaxInt32
	case t == "int8":
		return 0, 1 << 53
	case c.Precision > 0:
		return max(c.Scale, 0), math.Pow10(c.Precision-c.Scale) - 1
	}
	return 2, 1e12
}

// product is quantity times price, less the discount in percent.
func (a amounts) product(v *fake.Value) (float64, bool) {
	n, ok := a.value(v, quantityRole)
	price, priced := a.value(v, unitPriceRole)
	if !ok || !priced {
		return 0, false
	}
	off, _ := a.value(v, percentOffRole)
	return hundredths(n * price * (1 - off/100)), true
}

// hundredths rounds to hundredths, halves up as Postgres does, so that sums of rounded
// numbers add up. The millionth makes up for halves that a float64 cannot hold.
func hundredths(x float64) float64 { return math.Floor(float64(x*100)+0.5+1e-6) / 100 }

// net is what the tax is on: the subtotal, or the product.
func (a amounts) net(v *fake.Value) (float64, bool) {
	if x, ok := a.value(v, subtotalRole); ok {
		return x, true
	}
	return a.product(v)
}

// usualTaxRate holds where no column says another one.
const usualTaxRate = 19

// tax is the tax on the net amount or, without one, in the total.
func (a amounts) tax(v *fake.Value) (float64, bool) {
	rate, ok := a.value(v, taxRateRole)
	if !ok {
		rate = usualTaxRate
	}
	if net, ok := a.net(v); ok {
		off, _ := a.value(v, discountRole)
		return a.rounded(taxRole, (net-off)*rate/100), true
	}
	if c := a.byRole[totalRole]; c != nil && a.byRole[subtotalRole] == nil {
		total, ok := a.value(v, totalRole)
		return a.rounded(taxRole, total*rate/(100+rate)), ok
	}
	return 0, false
}

// rounded rounds a number as the column of its role does.
func (a amounts) rounded(role amountRole, x float64) float64 {
	if c := a.byRole[role]; c != nil {
		if scale, _ := c.numberFormat(); scale == 0 {
			return math.Floor(x + 0.5 + 1e-6)
		}
	}
	return hundredths(x)
}

// discount is a share of the net amount.
func (a amounts) discount(v *fake.Value) (float64, bool) {
	net, ok := a.net(v)
	if !ok {
		return 0, false
	}
	share := someOf(0, 0, 0, 5, 10)(fake.SwitchTo(v, "discount"))
	return a.rounded(discountRole, net*float64(share)/100), true
}

// total is the net amount with what is added and taken off.
func (a amounts) total(v *fake.Value) (float64, bool) {
	sum, ok := a.net(v)
	if !ok {
		return 0, false
	}
	for role, sign := range map[amountRole]float64{discountRole: -1, taxRole: 1, shippingRole: 1} {
		x, _ := a.value(v, role)
		sum += sign * x
	}
	return hundredths(sum), true
}

// paid is the total where the state says that it is paid, otherwise 0. Without a state, two
// rows in three are paid.
func (a amounts) paid(v *fake.Value) (float64, bool) {
	total, ok := a.value(v, totalRole)
	if !ok {
		return 0, false
	}
	state := a.maker.stateColumn("paid")
	if state == nil {
		if fake.SwitchTo(v, "paid").Chance(0.66) {
			return total, true
		}
		return 0, true
	}
	now, _ := a.maker.valueOf(state)(v).(string)
	if hasReached(a.maker.stateWords(state), now, "paid") {
		return total, true
	}
	return 0, true
}

// due is what of the total is not paid.
func (a amounts) due(v *fake.Value) (float64, bool) {
	total, ok := a.value(v, totalRole)
	if !ok {
		return 0, false
	}
	paid, _ := a.value(v, paidRole)
	return hundredths(total - paid), true
}
