package main

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/template"
)

// listed is a server with what tests have left on it.
type listed struct {
	server.Info
	Templates int
	Kept      []keptDatabase
}

// keptDatabase is the database of a failed test, and how to open it.
type keptDatabase struct {
	template.Kept
	URL      string // as its owner
	AdminURL string // as the superuser, who sees all rows
}

// listServers looks at every server in the cache, and asks those that run what tests
// have left on them.
func listServers(ctx context.Context, cache string) ([]listed, error) {
	infos, err := server.List(ctx, cache)
	if err != nil {
		return nil, err
	}
	all := make([]listed, len(infos))
	for i, info := range infos {
		all[i].Info = info
		if info.Running && info.Err == nil && !info.Dev {
			all[i].Err = all[i].look(ctx, cache)
		}
	}
	return all, nil
}

func (l *listed) look(ctx context.Context, cache string) error {
	s, err := server.Find(ctx, cache, l.Name)
	if err != nil {
		return err
	}
	if s == nil {
		l.Running = false // it has stopped meanwhile
		return nil
	}
	defer s.Release(context.WithoutCancel(ctx))
	conn, err := pgx.ConnectConfig(ctx, s.AdminConfig(server.ControlDatabase))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var all []template.Kept
	l.Templates, all, err = template.Contents(ctx, conn)
	for _, k := range all {
		l.Kept = append(l.Kept, keptDatabase{Kept: k, URL: s.URL(k.Database, server.Owner), AdminURL: s.URL(k.Database, server.Superuser)})
	}
	return err
}

// pruned is what was dropped.
type pruned struct {
	templates, kept int
	server          bool // all of it
}

// pruneDatabases drops templates and kept databases beyond limits from a server that
// runs. What tests use is left alone.
func (l *listed) pruneDatabases(ctx context.Context, cache string, limits template.Limits) (pruned, error) {
	s, err := server.Find(ctx, cache, l.Name)
	if err != nil || s == nil {
		return pruned{}, err
	}
	defer s.Release(context.WithoutCancel(ctx))
	store, err := template.Open(ctx, s)
	if err != nil {
		return pruned{}, err
	}
	defer store.Close(context.WithoutCancel(ctx))
	var p pruned
	p.templates, p.kept, err = store.Prune(ctx, limits)
	return p, err
}

// remove removes a test server that no process uses, and stops it before that if it
// runs.
func (l *listed) remove(ctx context.Context, cache string) (pruned, error) {
	if l.Running {
		if err := l.StopUnused(ctx, cache); err != nil {
			return pruned{}, err
		}
	}
	removed, err := l.Remove()
	return pruned{server: removed}, errors.Join(err, ctx.Err())
}
