package review

import "errors"

var (
	// ErrNotSuperuser says that the connection handed over cannot trace.
	ErrNotSuperuser = errors.New("the review needs a superuser")
	// ErrNoAutoExplain says that the server lacks a module of its own distribution.
	ErrNoAutoExplain = errors.New("the server has no auto_explain, through which scans are seen")
)
