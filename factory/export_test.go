package factory

// ForgetWorlds makes this process count the rows made outside of tests from 0, as
// another one would.
func ForgetWorlds() { forgetTest("") }

// Counters is how many row numbers this process counts on.
func Counters() (n int) {
	numbers.Range(func(_, _ any) bool { n++; return true })
	return n
}
