// Package template turns "the database these migrations make" into databases
// for tests: a fingerprint names a template, the template is built once per
// server and never connected to again, and tests get clones of it.
//
// What it knows it keeps on the server, in the control database, so that any
// number of processes and machines agree: which templates exist, and which
// clone is whose. Each process holds an advisory lock for as long as it lives;
// a clone whose holder no longer has its lock is anybody's to clean up.
//
// A clone is made in the background before somebody asks (FILE_COPY where fsync
// is off: 9–16 ms against 27–53 for WAL_LOG), connected and warmed, so that
// taking one costs nothing. What happens to it then shows in the server's counters:
// one in which only rows have changed is reset, one in which more has is renewed
// from the template's files, and where neither can be done it is dropped.
package template
