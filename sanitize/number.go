package sanitize

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// maxSafe is 2^53-1: up to here a float64 tells neighbouring integers apart.
const maxSafe = 1<<53 - 1

// numberRule returns the rule that the JSON number lit breaks, if any.
func (p *Policy) numberRule(lit string) string {
	if len(lit) < 16 && !strings.ContainsAny(lit, "eE") {
		return "" // 15 digits are exact
	}
	f, err := strconv.ParseFloat(lit, 64)
	switch {
	case err != nil:
		return numberOutOfRange
	case p.AllowUnsafeIntegers || math.Abs(f) <= maxSafe:
		return ""
	case strings.ContainsAny(lit, ".eE") && digits(lit) == digits(strconv.FormatFloat(f, 'e', -1, 64)):
		return "" // written as a float, and read back as the same one
	}
	return unsafeInteger
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
func (p *Policy) floatRule(f float64) string {
	abs := math.Abs(f)
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return notFinite
	case abs <= maxSafe || abs >= 1e21 || p.AllowUnsafeIntegers:
		return "" // from 1e21 on encoding/json writes an exponent
	}
	return unsafeInteger
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

// isNumber reports whether s is a number by the grammar of JSON, to its end.
func isNumber(s string) bool {
	return s != "" && (s[0] == '-' || '0' <= s[0] && s[0] <= '9') && json.Valid([]byte(s)) && s[len(s)-1] <= '9' && s[len(s)-1] >= '0'
}

func numberDetail(rule, lit string) string {
	if rule == numberOutOfRange {
		return short(lit) + " does not fit a float64"
	}
	return short(lit) + " is beyond ±(2^53-1), where a float64 rounds"
}
