// Package testkit holds what this repository's tests share and that needs no
// Postgres, so that the tests of every package can import it:
//
//	message := testkit.Record(t, func(t testing.TB) { server.DB(t) }).Fatal()
//	testkit.Mention(t, message, "work_mem", "invalid value")
//
// Long and its relatives decide how much of a test runs; Golden compares with a
// file; Recorder is a testing.TB that records instead of failing; Module is a
// repository elsewhere that imports this one; Fences reads the programs of a
// Markdown page; CacheDir and TestBinary are for tests that start processes.
// What needs a database is in package testpg.
package testkit
