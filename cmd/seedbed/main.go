// Seedbed is the toolkit at the shell: a seeded database to work against, checks
// of any database, reviews of migrations.
//
//	seedbed dev          # a migrated, seeded Postgres for this project; Ctrl-C stops it
//	seedbed --help
//
// Rules that all commands keep:
//   - stdout carries what was asked for, stderr everything else: progress, notes,
//     errors. Either may be a pipe.
//   - Colour and lines that redraw themselves are for terminals, and NO_COLOR and
//     TERM=dumb are honoured.
//   - An error is one paragraph, says what failed first, and ends with the way out.
//   - Exit status: see exit.go.
//   - Ctrl-C ends a command at the next safe point and leaves nothing half made; a
//     second one ends the process at once.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv}))
}

// run is main without the process around it.
func run(args []string, term terminal) int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	a := &app{terminal: term}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(term.in)
	root.SetOut(term.out)
	root.SetErr(term.err)
	cmd, err := root.ExecuteContextC(ctx)
	return a.exit(ctx, cmd.CommandPath(), err)
}
