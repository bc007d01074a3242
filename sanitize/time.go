package sanitize

import (
	"fmt"
	"time"
)

// timeFits reports whether t can be written as RFC 3339, as time.Time's
// MarshalJSON demands. Postgres holds 4713 BC to 294276 AD.
func timeFits(t time.Time) bool {
	_, offset := t.Zone()
	return t.Year() >= 0 && t.Year() <= 9999 && offset > -24*3600 && offset < 24*3600
}

// timeText writes t as ISO 8601 does with a longer year agreed on: a sign and at
// least six digits, which is what ECMAScript's Date reads.
func timeText(t time.Time) string {
	if _, offset := t.Zone(); offset <= -24*3600 || offset >= 24*3600 {
		t = t.UTC()
	}
	if timeFits(t) {
		return t.Format(time.RFC3339Nano)
	}
	sign, year := "+", t.Year()
	if year < 0 {
		sign, year = "-", -year
	}
	return fmt.Sprintf("%s%06d%s", sign, year, t.Format("-01-02T15:04:05.999999999Z07:00"))
}
