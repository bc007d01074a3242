package server

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/postgres"
)

// prepare puts a data directory in place, unless there is a good one. Disposable data
// of a server that was not shut down is not good: what a crash leaves is not what the
// base was.
func (sp *spec) prepare(ctx context.Context, h home) (isNew bool, err error) {
	_, err = os.Stat(filepath.Join(h.data(), "PG_VERSION"))
	switch {
	case err == nil && (sp.durable || h.cleanlyStopped()):
		return false, nil
	case err == nil:
		sp.logf("seedbed: the server was not shut down the last time; its data is made anew")
	case !errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("look at the server's data: %w", err)
	}
	if sp.durable {
		return true, sp.createOnDisk(ctx, h)
	}
	if err := removeData(h); err != nil {
		return false, err
	}
	h.clearMemory()
	if sp.takeSpare(h) {
		return true, nil
	}
	if done, err := sp.createInMemory(ctx, h); done || err != nil {
		return true, err
	}
	return true, sp.createOnDisk(ctx, h)
}

// cleanlyStopped reports whether the server that had the data shut down in an orderly
// way, while the machine was up.
func (h home) cleanlyStopped() bool {
	was, err := os.ReadFile(h.bootID())
	if err != nil || string(was) != machineBoot() {
		return false
	}
	// ControlFileData begins with an identifier of 8 bytes, two version numbers of 4
	// and the state, in the machine's byte order: catalog/pg_control.h, 9.4 to 19.
	const stateAt, shutDown = 16, 1
	root, err := os.OpenRoot(h.data())
	if err != nil {
		return false
	}
	defer root.Close()
	file, err := root.Open("global/pg_control")
	if err != nil {
		return false
	}
	defer file.Close()
	var state [4]byte
	_, err = file.ReadAt(state[:], stateAt)
	return err == nil && binary.NativeEndian.Uint32(state[:]) == shutDown
}

// create makes data at a path, with our roles and the control database, and its
// password in a file.
func (sp *spec) create(ctx context.Context, path, passwordFile string) error {
	password, err := sp.bin.CreateData(ctx, path, postgres.DataOptions{
		Cache: sp.cache, Locale: sp.locale, SetUp: sp.setUp, Key: setupSQL + controlSQL, Logf: sp.logf,
	})
	if err != nil {
		return err
	}
	return replaceFile(passwordFile, []byte(password))
}

// createOnDisk makes the home's data beside its place and renames it when all is
// there.
func (sp *spec) createOnDisk(ctx context.Context, h home) error {
	fresh := h.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := sp.create(ctx, fresh, h.password()); err != nil {
		return err
	}
	return os.Rename(fresh, h.data())
}

// createInMemory makes the home's data in memory and links it when all is there. It
// returns false where the data should be on disk.
func (sp *spec) createInMemory(ctx context.Context, h home) (bool, error) {
	data, err := h.newMemory()
	if data == "" {
		return false, err
	}
	err = sp.create(ctx, data, h.password())
	if err == nil {
		err = os.Symlink(data, h.data())
	}
	if err != nil {
		if errors.Is(err, syscall.ENOSPC) {
			err = fmt.Errorf("put the server's data in memory (%s=off puts it on disk): %w", MemoryVariable, err)
		}
		return false, errors.Join(err, removeMemory(filepath.Dir(data)))
	}
	return true, nil
}

// A spare is data for the next server, copied ahead of it, on the medium that it will
// lie on: copying takes most of a server's start.

// spare is the spare's home.
func (sp *spec) spare() home {
	return home{dir: filepath.Join(sp.cache.Dir, "spares", shortHash(sp.bin.ID()+"\x00"+sp.locale+"\x00"+setupSQL+controlSQL))}
}

// takeSpare gives h the spare's data, if there is a spare.
func (sp *spec) takeSpare(h home) bool {
	taken := home{dir: fmt.Sprintf("%s.taken-%d-%d", sp.spare().dir, os.Getpid(), time.Now().UnixNano())}
	if os.Rename(sp.spare().dir, taken.dir) != nil {
		return false
	}
	defer os.RemoveAll(taken.dir)
	if taken.major() == 0 {
		return false // what was in memory has gone
	}
	if data := taken.inMemory(); data != "" && h.own(data) != nil {
		return false
	}
	return os.Rename(taken.password(), h.password()) == nil && os.Rename(taken.data(), h.data()) == nil
}

// prepareSpare makes one unless there is one. One process at a time does it; what it
// cannot do costs the next server the time of a copy.
func (sp *spec) prepareSpare(ctx context.Context) {
	if sp.spare().major() != 0 {
		return
	}
	spares, err := sp.cache.MakeDir("spares")
	if err != nil {
		return
	}
	unlock, err := flock.Try(filepath.Join(spares, ".lock"))
	if err != nil {
		return
	}
	defer unlock()
	leftovers, _ := filepath.Glob(filepath.Join(spares, "*.*-*"))
	for _, dir := range append(leftovers, sp.spare().dir) {
		_ = errors.Join(removeData(home{dir: dir}), os.RemoveAll(dir))
	}
	draft := home{dir: fmt.Sprintf("%s.draft-%d", sp.spare().dir, os.Getpid())}
	if err := sp.fillSpare(ctx, draft); err != nil || os.Rename(draft.dir, sp.spare().dir) != nil {
		_ = errors.Join(removeData(draft), os.RemoveAll(draft.dir))
	}
}

func (sp *spec) fillSpare(ctx context.Context, draft home) error {
	if err := os.Mkdir(draft.dir, 0o711); err != nil {
		return err
	}
	done, err := sp.createInMemory(ctx, draft)
	if err == nil && !done {
		err = sp.createOnDisk(ctx, draft)
	}
	if data := draft.inMemory(); err == nil && data != "" {
		err = sp.spare().own(data)
	}
	return err
}

// setUp gives an image our roles and the control database.
func (sp *spec) setUp(ctx context.Context, cfg *pgx.ConnConfig) error {
	create := "CREATE DATABASE " + ControlDatabase
	if sp.bin.Major >= 15 {
		create += " STRATEGY FILE_COPY" // leaves less of the log in the image
	}
	for _, step := range []struct{ database, sql string }{
		{"postgres", setupSQL},
		{"postgres", create},
		{ControlDatabase, controlSQL},
	} {
		cfg.Database = step.database
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err != nil {
			return err
		}
		_, err = conn.PgConn().Exec(ctx, step.sql).ReadAll()
		if err == nil && step.database == ControlDatabase {
			err = setPasswords(ctx, conn, cfg.Password, Owner, Tester)
		}
		conn.Close(ctx)
		if err != nil {
			return fmt.Errorf("set the roles up: %w", err)
		}
	}
	return nil
}

// removeData removes a server's disposable data, wherever it lies. It is moved out of
// the way first, so that an interrupted removal leaves nothing that looks whole.
func removeData(h home) error {
	if target := h.inMemory(); target != "" {
		if err := os.Remove(h.data()); err != nil {
			return err
		}
		// What cannot be removed yet, because a process that is going away still writes
		// there, clearMemory or sweepMemory removes.
		_ = removeMemory(filepath.Dir(target))
		return nil
	}
	old, _ := filepath.Glob(h.data() + ".trash-*")
	trash := fmt.Sprintf("%s.trash-%d-%d", h.data(), os.Getpid(), time.Now().UnixNano())
	if err := os.Rename(h.data(), trash); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove %s: %w", h.data(), err)
	}
	// What cannot be removed yet, because a process that is going away still writes
	// there, the next call removes.
	for _, path := range append(old, trash) {
		_ = os.RemoveAll(path)
	}
	return nil
}
