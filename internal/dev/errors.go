package dev

import (
	"errors"
	"fmt"

	"github.com/qarion/seedbed/internal/server"
)

// ErrGone says that the server has stopped.
var ErrGone = server.ErrGone

// ErrNotRunning says that the project has no server that runs.
var ErrNotRunning = errors.New("no development server runs for this project")

// NoDatabaseError says that the branch, or the snapshot asked for, has no database.
type NoDatabaseError struct {
	Name string   // as the user knows it
	Kind string   // "branch" or "snapshot"
	Have []string // what there is of that kind
}

func (e *NoDatabaseError) Error() string {
	s := fmt.Sprintf("there is no database of the %s %q", e.Kind, e.Name)
	if e.Kind == "snapshot" {
		s = fmt.Sprintf("there is no snapshot %q", e.Name)
	}
	if len(e.Have) == 0 {
		return s
	}
	return s + fmt.Sprintf("; there is %q", e.Have)
}

// OtherSourceError says that a database exists and was built from other migrations.
type OtherSourceError struct {
	Database     string
	Built, Asked string
}

func (e *OtherSourceError) Error() string {
	return fmt.Sprintf("the database %s was built from %s, not from %s", e.Database, e.Built, e.Asked)
}
