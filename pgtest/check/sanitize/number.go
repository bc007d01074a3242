package sanitize

import (
	"math"
	"strconv"
	"strings"
)

// maxSafe is 2^53-1: up to here a float64 tells neighbouring integers apart.
const maxSafe = 1<<53 - 1

// numberRule returns the rule that the JSON number lit breaks, if any.
func (p *Policy) numberRule(lit string) Rule {
	if len(lit) < 16 && !strings.ContainsAny(lit, "eE") {
		return "" // 15 digits are exact
	}
	f, err := strconv.ParseFloat(lit, 64)
	switch {
	case err != nil:
		return NumberOutOfRange
	case p.AllowUnsafeIntegers || math.Abs(f) <= maxSafe:
		return ""
	case strings.ContainsAny(lit, ".eE") && digits(lit) == digits(strconv.FormatFloat(f, 'e', -1, 64)):
		return "" // written as a float, and read back as the same one
	}
	return UnsafeInteger
}

// digits returns the significant digits of a number, without sign, point,
// exponent and the zeros at either end.
func digits(lit string) string {
	lit = strings.TrimPrefix(lit, "-")
	if i := strings.IndexAny(lit, "eE"); i >= 0 {
		lit = lit[:i]
	}
	return strings.Trim(strings.Replace(lit, ".", "", 1), "0")
}

// floatRule returns the rule that f breaks where it is encoded.
func (p *Policy) floatRule(f float64) Rule {
	abs := math.Abs(f)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return NotFinite
	case abs <= maxSafe || abs >= 1e21 || p.AllowUnsafeIntegers:
		return "" // from 1e21 on encoding/json writes an exponent
	}
	return UnsafeInteger
}

// floatText names a float that JSON cannot hold as Postgres and protobuf do.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case f > 0:
		return "Infinity"
	}
	return "-Infinity"
}

// floatLen is the length of f as encoding/json writes it.
func floatLen(f float64, bits int) int {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return intLen(int64(f))
	}
	var buf [32]byte
	format := byte('f')
	if abs := math.Abs(f); abs < 1e-6 || abs >= 1e21 {
		format = 'e'
	}
	return len(strconv.AppendFloat(buf[:0], f, format, -1, bits))
}

func intLen(n int64) int {
	if n < 0 {
		return 1 + uintLen(uint64(-n))
	}
	return uintLen(uint64(n))
}

func uintLen(n uint64) int {
	size := 1
	for ; n >= 10; n /= 10 {
		size++
	}
	return size
}

// isNumber reports whether s is a number by the grammar of JSON, to its end.
func isNumber(s string) bool {
	l := lexer{s: s}
	return s != "" && l.number() == nil && l.i == len(s)
}
