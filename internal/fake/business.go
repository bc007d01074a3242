package fake

import (
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// SwitchTo switches to the cell of another column in the same row. A value that depends on
// another column's makes that one again, and has to switch back.
func SwitchTo(v *Value, column string) *Value { return v.switchTo(column) }

// Spread draws from lo to hi, each order of magnitude equally often: of 1 to 1,000 half of
// the numbers are below 32. lo is at least 1.
func Spread(v *Value, lo, hi int64) int64 {
	lo = max(lo, 1)
	if hi <= lo {
		return lo
	}
	doublings := bits.Len64(uint64(hi/lo)) - 1
	from := lo << v.Index(doublings+1)
	return v.Int(from, min(2*from-1, hi))
}

// Price is an amount in hundredths as shops have it: 12.90, 340.00, 7.50.
func Price(v *Value, lo, hi int64) int64 {
	n := Spread(v, lo, hi)
	if n >= 200 {
		n -= n % 100
		n += []int64{0, 0, 50, 90}[v.Index(4)]
	}
	return min(max(n, lo), hi)
}

// Digits is a text of n digits.
func Digits(v *Value, n int) string {
	for range n {
		v.putNumber(int64(v.Index(10)))
	}
	return v.flush()
}

// EAN is a number of 13 digits with its check digit, as a barcode has it. Unique.
func EAN(v *Value) string {
	s := "40" + padded(v.Permutation(10_000_000_000), 10)
	sum := 0
	for i, digit := range s {
		sum += int(digit-'0') * (1 + 2*(i%2))
	}
	return s + strconv.Itoa((10-sum%10)%10)
}

// padded writes n with leading zeros.
func padded(n uint64, width int) string {
	s := strconv.FormatUint(n, 10)
	return strings.Repeat("0", max(width-len(s), 0)) + s
}

// IBAN is an account of the row's place or, where there is no such number, of Germany. Its
// check digits are right. Unique.
func IBAN(v *Value) string {
	country := PlaceOf(v).Code
	digits, known := map[string]int{"DE": 18, "ES": 20, "PT": 21, "CH": 17, "SE": 20, "PL": 24}[country]
	if !known {
		country, digits = "DE", 18
	}
	account := padded(v.switchTo("iban").Permutation(10_000_000_000_000_000), digits)
	rest := 0
	for _, c := range account + country + "00" {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return country + padded(uint64(98-rest), 2) + account
}

// VATNumber is a number of a business in the row's place. Unique.
func VATNumber(v *Value) string {
	country := PlaceOf(v).Code
	return country + padded(v.switchTo("vat number").Permutation(1_000_000_000), 9)
}

// Birthday is a day on which a person of 18 to 88 years was born.
func Birthday(v *Value) time.Time {
	return v.now.AddDate(-18, 0, -int(v.Int(0, 70*365)))
}

// YearsAgo is a day between one and n years ago.
func YearsAgo(v *Value, n int64) time.Time {
	return v.now.AddDate(0, 0, -int(v.Int(365, n*365)))
}

// Title is a name of two words for a thing that has no better one. Unique.
func Title(v *Value) string {
	var d [2]int
	round := v.mixedRadix(d[:], len(adjectives), len(nouns))
	v.putTitle(adjectives[d[0]])
	v.put(" ")
	v.putTitle(nouns[d[1]])
	v.putRound(" ", round)
	return v.flush()
}

// Street is a street's name.
func Street(v *Value) string {
	v.putTitle(v.Word())
	v.put(" ", v.OneOf("Street", "Street", "Road", "Lane", "Avenue"))
	return v.flush()
}

// HouseNumber is from 1 to 180.
func HouseNumber(v *Value) string { return strconv.FormatInt(v.Int(1, 180), 10) }
