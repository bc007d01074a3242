package migrations

import (
	"context"
	"log/slog"
	"time"
)

// progress is the slog.Handler that goose logs to. It prints nothing, makes an Event of
// the record about each finished migration, and counts the statements of the current one.
type progress struct {
	set        *Set
	version    int64
	statements int // statements of version
}

var _ slog.Handler = (*progress)(nil)

// Enabled accepts all records; Handle selects.
func (p *progress) Enabled(context.Context, slog.Level) bool { return true }

// Handle reports a finished migration.
func (p *progress) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "executing statement" {
		p.count(r)
		return nil
	}
	if p.set.options.Progress == nil || r.Message != "migration completed" {
		return nil
	}
	var version int64
	var e Event
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "version":
			version = a.Value.Int64()
		case "direction":
			e.Down = a.Value.String() == "down"
		case "state":
			e.Empty = a.Value.String() == "empty"
		case "duration_seconds":
			e.Took = time.Duration(a.Value.Float64() * float64(time.Second))
		}
		return true
	})
	if src, ok := p.set.source(version); ok {
		e.Migration = src.Migration
		p.set.options.Progress(e)
	}
	return nil
}

// count counts the statement that goose is about to execute.
func (p *progress) count(r slog.Record) {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "version" && a.Value.Int64() != p.version {
			p.version, p.statements = a.Value.Int64(), 0
		}
		return true
	})
	p.statements++
}

// WithAttrs is not used by goose.
func (p *progress) WithAttrs([]slog.Attr) slog.Handler { return p }

// WithGroup is not used by goose.
func (p *progress) WithGroup(string) slog.Handler { return p }
