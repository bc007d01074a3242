package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/embedded"
	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/osuser"
)

// hba trusts the Unix socket, whose directory only the server's user and we can
// enter, and asks for the password on TCP, which any user of the machine reaches.
const hba = `# TYPE  DATABASE  USER  ADDRESS       METHOD
local   all       all                 trust
host    all       all   127.0.0.1/32  scram-sha-256
host    all       all   ::1/128       scram-sha-256
`

// image is an initialised data directory that servers start from as a copy.
type image struct{ dir string }

func (i image) data() string     { return filepath.Join(i.dir, "data") }
func (i image) password() string { return filepath.Join(i.dir, "password") }
func (i image) spare() string    { return i.dir + ".spare" }

// initArgs keep the image small: a log in segments of 1 MB, and no checksums, which
// cost each clone and guard against a broken disk.
func (sp *spec) initArgs() []string {
	args := []string{"--wal-segsize=1"}
	if sp.bin.Major >= 18 && !sp.durable {
		args = append(args, "--no-data-checksums")
	}
	return args
}

// image returns the image that sp starts from, and makes it when it is missing:
// initdb, our roles, the control database. It is complete once it has its final name.
func (sp *spec) image(ctx context.Context) (image, error) {
	sum := sha256.Sum256(fmt.Append(nil, sp.bin.Prefix, "\x00", setupSQL, controlSQL, hba, sp.initArgs()))
	name := fmt.Sprintf("%s-%s-%s", sp.bin.Version, sp.locale, hex.EncodeToString(sum[:4]))
	img := image{filepath.Join(sp.cache, "images", name)}
	if _, err := os.Stat(img.dir); err == nil {
		return img, nil
	}
	if err := os.MkdirAll(filepath.Dir(img.dir), 0o755); err != nil {
		return img, err
	}
	unlock, err := flock.Lock(ctx, img.dir+".lock")
	if err != nil {
		return img, fmt.Errorf("wait for the process that runs initdb: %w", err)
	}
	defer unlock()
	if _, err := os.Stat(img.dir); err == nil {
		return img, nil
	}
	draft := image{img.dir + ".draft"}
	err = draft.make(ctx, sp, sp.locale)
	if err != nil && sp.anyLoc && sp.locale != "C" && ctx.Err() == nil {
		// An older C library has no C.UTF-8; every one has C.
		err = draft.make(ctx, sp, "C")
	}
	if err != nil {
		os.RemoveAll(draft.dir)
		return img, fmt.Errorf("initialise a data directory for Postgres %s: %w", sp.bin.Version, err)
	}
	return img, os.Rename(draft.dir, img.dir)
}

// make fills a new image: embedded-postgres runs initdb and starts the server,
// setup.sql runs in it, and it is shut down cleanly.
func (i image) make(ctx context.Context, sp *spec, locale string) error {
	if err := os.RemoveAll(i.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(i.dir, 0o755); err != nil {
		return err
	}
	password := rand.Text()
	if err := os.WriteFile(i.password(), []byte(password), 0o600); err != nil {
		return err
	}
	h := homeIn(i.dir)
	cfg := sp.bootConfig(h, password)
	cfg.Locale, cfg.Settings, cfg.Port = locale, nil, 0
	server, err := embedded.Boot(ctx, cfg)
	if err != nil {
		return err
	}
	err = i.setUp(ctx, h, server.Port)
	stop := embedded.StopConfig{Data: i.data(), Bin: sp.bin.Bin}
	if serr := embedded.Stop(context.WithoutCancel(ctx), stop); err == nil {
		err = serr
	}
	if err != nil {
		return fmt.Errorf("%w%s", err, logTail(h.log()))
	}
	return i.trim(h)
}

// setUp runs the set-up scripts. It comes in by TCP with the password: initdb's
// pg_hba.conf stands until the server is down.
func (i image) setUp(ctx context.Context, h home, port int) error {
	cfg, err := h.connConfig(port)
	if err != nil {
		return err
	}
	for _, step := range []struct{ database, sql string }{
		{"postgres", setupSQL},
		{"postgres", "CREATE DATABASE " + ControlDatabase},
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

// trim leaves in the image what a server starts from.
func (i image) trim(h home) error {
	if err := os.WriteFile(filepath.Join(i.data(), "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		return err
	}
	for _, path := range []string{h.run(), h.socket, h.log()} {
		if path == "" {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// copyTo gives the home data: a copy beside it, renamed when whole, or in memory,
// linked when whole.
func (i image) copyTo(h home, durable bool, drop *osuser.User) error {
	password, err := os.ReadFile(i.password())
	if err == nil {
		err = os.WriteFile(h.password(), password, 0o600)
	}
	if err != nil {
		return err
	}
	if !durable {
		if done, err := i.copyToMemory(h, drop); done || err != nil {
			return err
		}
	}
	if !durable && os.Rename(i.spare(), h.data()) == nil {
		return nil
	}
	return i.copyBeside(h.data(), drop)
}

// copyToMemory reports false where the data should be on disk.
func (i image) copyToMemory(h home, drop *osuser.User) (bool, error) {
	data, err := h.newMemory()
	if data == "" && err == nil {
		return false, nil
	}
	if err == nil {
		err = copyTree(i.data(), data, drop)
	}
	if err == nil {
		err = os.Symlink(data, h.data())
	}
	if err != nil {
		os.RemoveAll(filepath.Dir(data))
		return false, fmt.Errorf("copy the initialised data directory to memory (%s=off puts it on disk): %w", MemoryVariable, err)
	}
	return true, nil
}

// copyBeside makes a copy of the data at path, whole or not at all.
func (i image) copyBeside(path string, drop *osuser.User) error {
	draft := path + ".draft"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	if err := copyTree(i.data(), draft, drop); err != nil {
		os.RemoveAll(draft)
		return fmt.Errorf("copy the initialised data directory: %w", err)
	}
	return os.Rename(draft, path)
}

// prepareSpare makes a copy for the next server that starts from the image, where
// copying takes long: on a disk. One process at a time does it.
func (i image) prepareSpare(drop *osuser.User) {
	if _, err := os.Stat(i.spare()); err == nil {
		return
	}
	unlock, err := flock.Try(i.spare() + ".lock")
	if err != nil {
		return
	}
	defer unlock()
	_ = i.copyBeside(i.spare(), drop) // the next server is then copied when it is needed
}
