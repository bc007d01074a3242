package factory

import "github.com/qarion/seedbed/internal/rows"

// ForgetNumbers makes this process count the rows made outside of tests from 0, as a new
// process would.
func ForgetNumbers() { rows.ForgetTest("") }

// Counters returns how many counters of row numbers this process holds.
func Counters() int { return rows.Counters() }
