package fake

import "time"

// year is how far back histories go.
const year = 365 * 24 * time.Hour

// IncreasingTime is a moment of the past year that moves forward with the row: quickly at
// first, ever more slowly towards Now, which it never reaches. Two rows differ by
// at least 300 µs up to ten million rows. Whole microseconds, as Postgres keeps.
func (v *Value) IncreasingTime() time.Time { return v.now.Add(-v.age(0)) }

// TimeStep is a moment that moves forward with the row by about the step given,
// from a year ago, with a jitter of less than the step: a time series.
func (v *Value) TimeStep(step time.Duration) time.Time {
	jitter := time.Duration(v.Float(0, float64(step)*0.9)).Truncate(time.Microsecond)
	return v.now.Add(-year + time.Duration(v.row)*step + jitter)
}

// age of the row a little before the next one's, by jitter between 0 and 1.
func (v *Value) age(jitter float64) time.Duration {
	const knee = 1000
	micros := float64(year/time.Microsecond) * knee / (knee + float64(v.row) + jitter)
	return time.Duration(micros) * time.Microsecond
}

// After is a moment not before t and not after Now: some hours later, seldom days.
func (v *Value) After(t time.Time) time.Time {
	room := v.now.Sub(t)
	if room <= 0 {
		return t
	}
	later := time.Duration(v.Size(int64(time.Second), int64(240*time.Hour)))
	return t.Add(min(later, room)).Truncate(time.Microsecond)
}

// Past is a moment within d before Now, in no order.
func (v *Value) Past(d time.Duration) time.Time {
	return v.now.Add(-time.Duration(v.Int(0, int64(d)))).Truncate(time.Microsecond)
}
