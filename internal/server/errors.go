package server

import "errors"

// ErrGone means that the server has stopped, or does not answer any more.
var ErrGone = errors.New("the server is gone")

// ErrDevelopment is returned for a development server, whose data is a person's work:
// it is neither pruned nor removed.
var ErrDevelopment = errors.New("it is a development server")

var (
	// errNotRunning means that there is no server to connect to, or none for
	// long: it has to be started.
	errNotRunning = errors.New("no server is running")
	// errNotOurs means that what answers is another server than the one meant.
	errNotOurs = errors.New("another server answers there")
)
