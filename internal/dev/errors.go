package dev

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/server"
)

// ErrGone says that the server has stopped.
var ErrGone = server.ErrGone

// ErrNotRunning says that the project's branch has no server that runs: an *IdleError.
var ErrNotRunning = errors.New("no development server runs for this project")

// IdleError is ErrNotRunning with what runs instead.
type IdleError struct {
	Project Project
	Others  []string // branches of the project that have a server that runs
}

func (e *IdleError) Error() string {
	if len(e.Others) == 0 || e.Project.Branch == "" {
		return fmt.Sprintf("%v (%s)", ErrNotRunning, e.Project.Root)
	}
	return fmt.Sprintf("no development server runs for branch %s; one runs for %s, and each branch has its own", e.Project.Branch, strings.Join(e.Others, ", "))
}

func (e *IdleError) Unwrap() error { return ErrNotRunning }

// NoDatabaseError says that the branch, or the snapshot asked for, has no database.
type NoDatabaseError struct {
	Name string   // as the user knows it
	Kind string   // "branch" or "snapshot"
	Have []string // what there is of that kind
}

func (e *NoDatabaseError) Error() string {
	s := fmt.Sprintf("there is no database of the %s %q", e.Kind, e.Name)
	if e.Name == "" {
		s = "the project has no database"
	}
	if e.Kind == "snapshot" {
		s = fmt.Sprintf("there is no snapshot %q", e.Name)
	}
	if len(e.Have) == 0 {
		return s
	}
	return s + "; there is " + strings.Join(e.Have, ", ")
}

// SnapshotExistsError says that a snapshot would be overwritten.
type SnapshotExistsError struct {
	Snapshot string
	Created  time.Time
}

func (e *SnapshotExistsError) Error() string {
	return fmt.Sprintf("the snapshot %s of %s is there already", e.Snapshot, e.Created.Local().Format("2 Jan 15:04"))
}

// OtherSourceError says that a database exists and was built from other migrations.
type OtherSourceError struct {
	Project      Project
	Database     string
	Built, Asked Source
}

func (e *OtherSourceError) Error() string {
	return fmt.Sprintf("the database %s was built from %s, not from %s", e.Database, e.Built.Describe(e.Project), e.Asked.Describe(e.Project))
}
