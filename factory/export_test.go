package factory

import "github.com/qarion/seedbed/internal/rows"

// ForgetWorlds makes this process count the rows made outside of tests from 0, as
// another one would.
func ForgetWorlds() { rows.ForgetTest("") }

// Counters is how many row numbers this process counts on.
func Counters() int { return rows.Counters() }
