package main

import (
	"time"

	"github.com/spf13/pflag"
)

// moment is the value of --now: the present of made-up rows. The zero value says that
// the flag was not given.
type moment struct{ time.Time }

// define adds --now.
func (m *moment) define(flags *pflag.FlagSet) {
	flags.Var(m, "now", "`moment` that made-up rows lie before, as 2026-01-31 or 2026-01-31T12:00:00Z (default: today, 00:00 UTC)")
}

// orToday returns m, or without the flag the beginning of this day in UTC: what is made
// twice on one day is the same.
func (m moment) orToday() time.Time {
	if m.IsZero() {
		return time.Now().UTC().Truncate(24 * time.Hour)
	}
	return m.Time
}

// Type is what pflag calls the value.
func (m *moment) Type() string { return "moment" }

func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

// Set reads a day, which begins in UTC, or a moment of RFC 3339.
func (m *moment) Set(text string) (err error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if m.Time, err = time.Parse(layout, text); err == nil {
			return nil
		}
	}
	return err
}
