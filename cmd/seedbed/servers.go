package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/server"
	"github.com/qarion/seedbed/internal/template"
)

// listedServer is a server with what tests have left on it.
type listedServer struct {
	server.Info
	Templates int
	Kept      []keptDatabase
}

// keptDatabase is the database of a failed test, with its URLs.
type keptDatabase struct {
	template.KeptDatabase
	URL      string // as its owner
	AdminURL string // as the superuser, who sees all rows
}

// listServers looks at every server in the cache, and asks those that run what tests
// have left on them.
func listServers(ctx context.Context, cache string) ([]listedServer, error) {
	infos, err := server.List(ctx, cache)
	if err != nil {
		return nil, err
	}
	all := make([]listedServer, len(infos))
	for i, info := range infos {
		all[i].Info = info
		if info.Running && info.Err == nil && !info.Dev {
			all[i].Err = all[i].look(ctx, cache)
		}
	}
	return all, nil
}

func (l *listedServer) look(ctx context.Context, cache string) error {
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
	var all []template.KeptDatabase
	l.Templates, all, err = template.Contents(ctx, conn)
	for _, k := range all {
		if k.Project == "" { // of an older version: the server's last user is most likely the test's project
			k.Project = l.Project.Root
		}
		l.Kept = append(l.Kept, keptDatabase{KeptDatabase: k, URL: s.URL(k.Database, server.Owner), AdminURL: s.URL(k.Database, server.Superuser)})
	}
	return err
}

// projectOf is what people call the project whose test has left a database.
func (l *listedServer) projectOf(k keptDatabase) string {
	if k.Project == l.Project.Root {
		return l.Project.String()
	}
	return filepath.Base(k.Project)
}

// pruneResult counts what was dropped.
type pruneResult struct {
	templates, kept int
	serverRemoved   bool
}

// pruneDatabases drops templates and kept databases beyond limits from a server that
// runs. What tests use is left alone.
func (l *listedServer) pruneDatabases(ctx context.Context, cache string, limits template.Limits) (pruneResult, error) {
	s, err := server.Find(ctx, cache, l.Name)
	if err != nil || s == nil {
		return pruneResult{}, err
	}
	defer s.Release(context.WithoutCancel(ctx))
	store, err := template.Open(ctx, s)
	if err != nil {
		return pruneResult{}, err
	}
	defer store.Close(context.WithoutCancel(ctx))
	var p pruneResult
	p.templates, p.kept, err = store.Prune(ctx, limits)
	return p, err
}

// remove removes a test server that no process uses, and stops it before that if it
// runs.
func (l *listedServer) remove(ctx context.Context, cache string) (pruneResult, error) {
	if l.Running {
		if err := l.StopUnused(ctx, cache); err != nil {
			return pruneResult{}, err
		}
	}
	removed, err := l.Remove()
	return pruneResult{serverRemoved: removed}, errors.Join(err, ctx.Err())
}
