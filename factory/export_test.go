package factory

// ForgetWorlds makes this process count the rows made outside of tests from 0, as
// another one would.
func ForgetWorlds() { forgetTest("") }
