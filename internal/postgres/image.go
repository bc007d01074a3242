package postgres

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/flock"
)

// Superuser is the role that a data directory is initialised with.
const Superuser = "postgres"

// DataOptions say what a new data directory holds.
type DataOptions struct {
	Cache *Cache
	// Locale of the databases: one of the system's ("de_DE.UTF-8"), or
	// one of ICU's ("icu:de-DE"). Empty: C.UTF-8, or C where the system lacks that.
	Locale string
	// Checksums guards pages against a broken disk, at the cost of each write and
	// copy: for data that someone will miss.
	Checksums bool
	// SetUp runs once, when the image is made, as the superuser of database
	// postgres. Nil: nothing.
	SetUp func(ctx context.Context, cfg *pgx.ConnConfig) error
	// Key identifies what SetUp does.
	Key  string
	Logf func(format string, args ...any)
}

// CreateData makes dir an initialised data directory that belongs to the server's
// user, and returns the superuser's password. A dir that is there is whole. Its
// parent must be a directory of ours and exist.
//
// It is a copy of an image in the cache, which is made first when it is missing
// (about a second), and anew when it is damaged: every file is held against the
// image's manifest as it is copied.
func (i *Installation) CreateData(ctx context.Context, dir string, o DataOptions) (password string, err error) {
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	for heal := false; ; heal = true {
		img, err := i.image(ctx, o, heal)
		if err != nil {
			return "", fmt.Errorf("initialise a data directory for Postgres %s: %w", i.Version, err)
		}
		password, err := img.copyTo(dir, o.Cache.User)
		if err == nil {
			return password, nil
		}
		if !errors.Is(err, ErrDamaged) || heal {
			return "", fmt.Errorf("copy an initialised data directory for Postgres %s: %w", i.Version, err)
		}
		o.Logf("seedbed: %v: the image is put aside and made anew", err)
	}
}

// image is an initialised data directory that servers start from as a copy. It
// belongs to us, and the server's user cannot enter it.
type image struct{ dir string }

func (m image) data() string  { return filepath.Join(m.dir, "data") }
func (m image) about() string { return filepath.Join(m.dir, "manifest.json") }

// imageContent is an image's manifest, written last.
type imageContent struct {
	Password string   `json:"password"`
	Files    manifest `json:"files"`
}

// hba trusts the Unix socket, whose directory only the server's user and root can
// enter, and asks for the password on TCP, which everyone on the machine reaches.
const hba = `# TYPE  DATABASE  USER  ADDRESS       METHOD
local   all       all                 trust
host    all       all   127.0.0.1/32  scram-sha-256
host    all       all   ::1/128       scram-sha-256
`

// imageSettings are the server's while its image is made. They leave little of
// the write-ahead log behind.
var imageSettings = map[string]string{
	"fsync": "off", "autovacuum": "off", "wal_level": "minimal", "max_wal_senders": "0", "min_wal_size": "2MB", "shared_buffers": "16MB",
}

func (i *Installation) imageName(o DataOptions) string {
	locale := strings.NewReplacer(":", "-", "/", "-", string(filepath.Separator), "-").Replace(o.Locale)
	if locale == "" {
		locale = "default"
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{i.id, o.Locale, o.Key, hba, fmt.Sprint(imageSettings, i.initdbArgs(o, ""))}, "\x00")))
	return fmt.Sprintf("%s-%s-%s", i.Version, locale, hex.EncodeToString(sum[:4]))
}

// image returns the image for o, and makes it when it is missing or, with heal,
// damaged. It is complete once it has its final name.
func (i *Installation) image(ctx context.Context, o DataOptions, heal bool) (image, error) {
	images, err := o.Cache.MakeDir("images")
	if err != nil {
		return image{}, err
	}
	img := image{filepath.Join(images, i.imageName(o))}
	if _, err := os.Stat(img.about()); err == nil && !heal {
		return img, vet(img.about())
	}
	unlock, err := flock.Lock(ctx, filepath.Join(images, ".lock"))
	if err != nil {
		return img, fmt.Errorf("wait for the process that makes an image: %w", err)
	}
	defer unlock()
	if img.verify() == nil {
		return img, nil // another process made or healed it
	}
	sweep(ctx, images)
	if _, err := os.Lstat(img.dir); err == nil {
		if err := putAside(img.dir); err != nil {
			return img, err
		}
	}
	for n, locale := range locales(o.Locale) {
		if n > 0 && !errors.As(err, new(*LocaleError)) {
			break
		}
		if err = i.makeImage(ctx, o, locale, img); err == nil {
			return img, nil
		}
	}
	return img, err
}

func (m image) content() (c imageContent, err error) {
	text, err := os.ReadFile(m.about())
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err == nil && (len(c.Files) == 0 || c.Password == "") {
		err = errors.New("it is incomplete")
	}
	if err != nil {
		return c, fmt.Errorf("%w: %s: %w", ErrDamaged, m.about(), err)
	}
	return c, nil
}

func (m image) verify() error {
	c, err := m.content()
	if err != nil {
		return err
	}
	return c.Files.verify(m.data(), quickDigest)
}

// copyTo makes data a copy of the image: beside it first, renamed when whole.
func (m image) copyTo(data string, u *User) (string, error) {
	c, err := m.content()
	if err != nil {
		return "", err
	}
	draft := data + ".draft"
	if err := os.RemoveAll(draft); err != nil {
		return "", err
	}
	if _, err = (treeCopy{from: m.data(), to: draft, want: c.Files, digest: quickDigest, give: u, mode: 0o700}).copy(); err == nil {
		err = os.Rename(draft, data)
	}
	if err != nil {
		_ = os.RemoveAll(draft)
		return "", err
	}
	return c.Password, nil
}

// makeImage initialises a data directory and has embedded-postgres boot it for
// SetUp, both as the server's user in a scratch directory of that user. The image
// is what root, or we, then copy out of that.
func (i *Installation) makeImage(ctx context.Context, o DataOptions, locale string, img image) error {
	u := o.Cache.User
	scratch, err := u.newScratch(filepath.Dir(img.dir))
	if err != nil {
		return err
	}
	defer removeScratch(scratch)
	password := rand.Text()
	data := filepath.Join(scratch, "data")
	if err := i.initdb(ctx, o, scratch, data, locale, password); err != nil {
		return err
	}
	prefix, err := i.libraryPrefix(filepath.Dir(scratch))
	if err != nil {
		return err
	}
	var lastSegment string
	err = libraryCall{
		user: u, scratch: scratch, version: fmt.Sprintf("%d.0.0", i.Major), binaries: prefix, data: data, password: password, settings: imageSettings,
		between: func(port int) (err error) {
			lastSegment, err = setUp(ctx, o, data, locale, password, port)
			return err
		},
	}.run()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	draft := image{filepath.Join(filepath.Dir(scratch), "image")}
	if err := draft.fill(data, password, lastSegment, u); err != nil {
		return err
	}
	return os.Rename(draft.dir, img.dir)
}

// fill takes a data directory that a server was stopped on.
func (m image) fill(data, password, lastSegment string, u *User) error {
	if err := os.Mkdir(m.dir, 0o700); err != nil {
		return err
	}
	spare := func(name string) bool { return spare(name, lastSegment) }
	files, err := treeCopy{from: data, to: m.data(), skip: spare, digest: quickDigest, owner: u, mode: 0o700}.copy()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(m.data(), "pg_hba.conf"), []byte(hba), 0o600); err != nil {
		return err
	}
	sum := quickDigest()
	sum.Write([]byte(hba))
	files["pg_hba.conf"] = entry{Size: int64(len(hba)), Sum: hex.EncodeToString(sum.Sum(nil))}
	text, err := json.Marshal(imageContent{password, files})
	if err != nil {
		return err
	}
	return os.WriteFile(m.about(), text, 0o600)
}

// spare reports what a server does without: what the image's own boot left, its
// statistics, and the segments of the write-ahead log that were made ahead, beyond
// the one that the server stopped in.
func spare(name, lastSegment string) bool {
	segment, ok := strings.CutPrefix(name, "pg_wal/0")
	return name == "postmaster.opts" || name == pidFile || strings.HasPrefix(name, "pg_stat/") || ok && "0"+segment > lastSegment
}

// setUp runs SetUp, on the server that it is for and on no other, looks whether
// the locale is one that ICU knows, and returns the segment of the write-ahead log
// that the server will stop in: a new one, which leaves the others behind.
func setUp(ctx context.Context, o DataOptions, data, locale, password string, port int) (lastSegment string, err error) {
	pool, err := PoolConfig()
	if err != nil {
		return "", err
	}
	cfg := pool.ConnConfig
	cfg.Host, cfg.Port, cfg.User, cfg.Password, cfg.Database = "localhost", uint16(port), Superuser, password, "postgres"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var there string
	if err := conn.QueryRow(ctx, "SELECT current_setting('data_directory')").Scan(&there); err != nil {
		return "", err
	}
	if !sameFile(there, data) {
		return "", fmt.Errorf("port %d is another server's, of %s", port, there)
	}
	if err := checkICU(ctx, conn, locale); err != nil {
		return "", err
	}
	if o.SetUp != nil {
		if err := o.SetUp(ctx, cfg.Copy()); err != nil {
			return "", err
		}
	}
	if _, err := conn.PgConn().Exec(ctx, "SELECT pg_switch_wal(); CHECKPOINT").ReadAll(); err != nil {
		return "", err
	}
	err = conn.QueryRow(ctx, "SELECT pg_walfile_name(pg_current_wal_insert_lsn())").Scan(&lastSegment)
	return lastSegment, err
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
