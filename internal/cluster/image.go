package cluster

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/binaries"
	"github.com/qarion/seedbed/internal/embedded"
	"github.com/qarion/seedbed/internal/flock"
	"github.com/qarion/seedbed/internal/osuser"
)

//go:embed setup.sql
var setupSQL string

//go:embed control.sql
var controlSQL string

// hba trusts the Unix socket, whose directory only the server's user and we can
// enter, and asks for the password on TCP, which anybody on the machine reaches.
const hba = `# TYPE  DATABASE  USER  ADDRESS       METHOD
local   all       all                 trust
host    all       all   127.0.0.1/32  scram-sha-256
host    all       all   ::1/128       scram-sha-256
`

// An image is an initialised data directory that servers start from as a copy.
type image struct{ dir string }

func (i image) data() string     { return filepath.Join(i.dir, "data") }
func (i image) password() string { return filepath.Join(i.dir, "password") }

// ensureImage returns the image for bin and cfg's locale, and makes it when it
// is missing: initdb, our roles, the control database. It is complete once it
// has its final name.
func ensureImage(ctx context.Context, cfg Config, bin *binaries.Installation) (image, error) {
	sum := sha256.Sum256([]byte(bin.Prefix + "\x00" + setupSQL + controlSQL + hba))
	name := fmt.Sprintf("%s-%s-%s", bin.Version, cfg.locale(), hex.EncodeToString(sum[:4]))
	img := image{filepath.Join(cfg.Cache, "images", name)}
	if _, err := os.Stat(img.dir); err == nil {
		return img, nil
	}
	if err := os.MkdirAll(filepath.Dir(img.dir), 0o755); err != nil {
		return img, err
	}
	unlock, err := flock.Lock(ctx, img.dir+".lock")
	if err != nil {
		return img, fmt.Errorf("wait for whoever runs initdb: %w", err)
	}
	defer unlock()
	if _, err := os.Stat(img.dir); err == nil {
		return img, nil
	}
	draft := image{img.dir + ".draft"}
	err = draft.make(ctx, cfg, bin)
	if err != nil && cfg.Locale == "" && cfg.locale() != "C" && ctx.Err() == nil {
		// An older C library has no C.UTF-8; every one has C.
		cfg.Locale = "C"
		err = draft.make(ctx, cfg, bin)
	}
	if err != nil {
		os.RemoveAll(draft.dir)
		return img, fmt.Errorf("initialise a data directory for Postgres %s: %w", bin.Version, err)
	}
	return img, os.Rename(draft.dir, img.dir)
}

// make fills a new image: embedded-postgres runs initdb and starts the server,
// setup.sql runs in it, and it is shut down cleanly.
func (i image) make(ctx context.Context, cfg Config, bin *binaries.Installation) error {
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
	h := home{dir: i.dir, socket: socketDir(i.dir)}
	cfg.Settings, cfg.Port = nil, 0
	server, err := embedded.Boot(ctx, h.bootConfig(cfg, bin, password))
	if err != nil {
		return err
	}
	err = i.setUp(ctx, h, server.Port)
	stop := embedded.StopConfig{Data: i.data(), Bin: bin.Bin}
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
	cfg.User = Superuser
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

// copyTo gives home a data directory: a copy beside it, renamed when whole.
func (i image) copyTo(home home, drop *osuser.User) error {
	password, err := os.ReadFile(i.password())
	if err == nil {
		err = os.WriteFile(home.password(), password, 0o600)
	}
	if err != nil {
		return err
	}
	draft := home.data() + ".draft"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	if err := copyTree(i.data(), draft, drop); err != nil {
		os.RemoveAll(draft)
		return fmt.Errorf("copy the initialised data directory: %w", err)
	}
	return os.Rename(draft, home.data())
}
