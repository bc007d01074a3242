package cluster

import "errors"

// ErrGone means that the server has stopped, or does not answer any more.
var ErrGone = errors.New("the server is gone")

var (
	// errNotRunning means that there is no server to connect to, or none for
	// long: it has to be booted.
	errNotRunning = errors.New("no server is running")
	// errNotOurs means that what answers is another server than the one meant.
	errNotOurs = errors.New("another server answers there")
)
