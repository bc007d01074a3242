package embedded

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// FetchConfig says which Postgres to download and where to.
type FetchConfig struct {
	Version  string // "", "15", "15.18": see Resolve
	Mirror   string // base URL of a Maven repository; empty: the library's own
	Archives string // where the downloaded archive is kept, with its checksum beside it
	Into     string // what to unpack to: a directory that does not exist yet, in one of the caller's own
}

// Fetch has the library download and unpack a Postgres. The tree that it leaves
// has not been run; when it has, Trust keeps its archive. An archive is used
// again only if it was kept and still has the checksum that was noted. Calls for
// one Archives must not overlap. Fetch ends soon after ctx does; an error of the
// mirror is a *FetchError with the URL and the status.
func Fetch(ctx context.Context, cfg FetchConfig) error {
	version, err := Resolve(cfg.Version)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.Archives, 0o755); err != nil {
		return fmt.Errorf("fetch postgres %s: %w", version, err)
	}
	distrust(cfg.Archives)
	relay, err := newRelay(ctx, cfg.Mirror, cfg.Archives)
	if err != nil {
		return fmt.Errorf("fetch postgres %s: %w", version, err)
	}
	err = extract(cfg, version, relay.url())
	if relayErr := relay.close(); relayErr != nil {
		err = relayErr
	}
	if err != nil {
		distrust(cfg.Archives)
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("fetch postgres %s: %w", version, err)
	}
	return nil
}

// extract calls Start, which is the only way in, and has it stop once the tree is
// there: after unpacking, Start removes a data directory that holds no
// database, and a path that ends in a dot cannot be removed on any system. So
// nothing out of the archive is run before somebody has looked at it.
func extract(cfg FetchConfig, version, mirror string) error {
	private := filepath.Dir(cfg.Into)
	port, err := FreePort()
	if err != nil {
		return err
	}
	unremovable := private + string(filepath.Separator) + "."
	config := embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.PostgresVersion(version)).
		BinaryRepositoryURL(mirror).
		CachePath(cfg.Archives).
		BinariesPath(cfg.Into).
		RuntimePath(filepath.Join(private, "start")).
		DataPath(unremovable).
		Port(uint32(port)).
		Logger(nil)
	err = startLibrary(config, private)
	_ = os.RemoveAll(filepath.Join(private, "start"))
	if err != nil && strings.Contains(err.Error(), unremovable) {
		return nil
	}
	return err
}

// Resolve completes a version for the repository, whose versions have three
// parts: nothing and a major become what the library names for it, "15.4" becomes
// "15.4.0".
func Resolve(version string) (string, error) {
	if version == "" {
		return string(embeddedpostgres.V18), nil
	}
	switch strings.Count(version, ".") {
	case 2:
		return version, nil
	case 1:
		return version + ".0", nil
	}
	for _, v := range []embeddedpostgres.PostgresVersion{
		embeddedpostgres.V18, embeddedpostgres.V17, embeddedpostgres.V16, embeddedpostgres.V15, embeddedpostgres.V14,
	} {
		if strings.HasPrefix(string(v), version+".") {
			return string(v), nil
		}
	}
	return "", fmt.Errorf("fetch postgres %s: embedded-postgres does not know this major: name an exact version", version)
}

// distrust removes the archives whose checksum is missing or wrong, and what
// killed downloads left.
func distrust(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		switch {
		case strings.HasPrefix(e.Name(), "temp_"), strings.HasPrefix(e.Name(), partial):
			_ = os.Remove(path)
		case isArchive(e.Name()) && !Trusted(path):
			_ = os.Remove(path)
			_ = os.Remove(path + sumSuffix)
		}
	}
}

const (
	sumSuffix = ".sha256"
	partial   = "partial-"
)

func isArchive(name string) bool {
	return strings.HasPrefix(name, "embedded-postgres-binaries-") && strings.HasSuffix(name, ".txz")
}

// Trusted reports whether an archive has the checksum noted beside it.
func Trusted(path string) bool {
	noted, err := os.ReadFile(path + sumSuffix)
	if err != nil {
		return false
	}
	sum, err := checksum(path)
	return err == nil && sum == strings.TrimSpace(string(noted))
}

// NoteChecksum makes an archive that was verified a trusted one.
func NoteChecksum(path string) error {
	sum, err := checksum(path)
	if err != nil {
		return err
	}
	tmp := path + sumSuffix + ".new"
	if err := os.WriteFile(tmp, []byte(sum+"\n"), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path+sumSuffix)
}

// Trust keeps the archives that Fetch left in dir for the next time.
func Trust(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if _, statErr := os.Stat(path + sumSuffix); statErr != nil && isArchive(e.Name()) {
			err = errors.Join(err, NoteChecksum(path))
		}
	}
	return err
}

func checksum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
