package fake

import "time"

// year is how long before Now histories begin.
const year = 365 * 24 * time.Hour

// IncreasingTime is a moment of the year before Now, later in each row. The steps get
// shorter with the rows, so that Now is never reached; up to ten million rows they are at
// least 300 µs. Whole microseconds, as in Postgres.
func (v *Value) IncreasingTime() time.Time { return v.now.Add(-v.age(1000)) }

// TimeStep is a moment that is later in each row by the step, with a jitter of less than
// the step, from a year before Now: a time series.
func (v *Value) TimeStep(step time.Duration) time.Time {
	jitter := time.Duration(v.Float(0, float64(step)*0.9)).Truncate(time.Microsecond)
	return v.now.Add(-year + time.Duration(v.row)*step + jitter)
}

// age returns how long before Now the row's moment is: a year in row 0, half a year in the
// row halfway, ever less from then on.
func (v *Value) age(halfway float64) time.Duration {
	micros := float64(year/time.Microsecond) * halfway / (halfway + float64(v.row))
	return time.Duration(micros) * time.Microsecond
}

// After is a moment after t, as a rule by hours, seldom by days, and not after Now.
func (v *Value) After(t time.Time) time.Time {
	room := v.now.Sub(t)
	if room <= 0 {
		return t
	}
	later := time.Duration(v.Size(int64(time.Second), int64(240*time.Hour)))
	return t.Add(min(later, room)).Truncate(time.Microsecond)
}

// Past is a moment within d before Now, at random.
func (v *Value) Past(d time.Duration) time.Time {
	return v.now.Add(-time.Duration(v.Int(0, int64(d)))).Truncate(time.Microsecond)
}

// RecentTime is a moment of the year before Now, as a rule later in later rows: the
// thirtieth row is five months old, the two hundredth five weeks. It is the same for all
// columns of a row, between 8 and 18 o'clock, and not after Now. Whole seconds.
func RecentTime(v *Value) time.Time {
	at := v.now.Add(-v.age(20)).Truncate(24 * time.Hour)
	at = at.Add(8*time.Hour + time.Duration(v.switchTo("time of day").Int(0, 36_000))*time.Second)
	if at.After(v.now) {
		return v.now.Add(-v.age(20)).Truncate(time.Second)
	}
	return at
}
