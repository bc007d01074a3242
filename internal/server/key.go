package server

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/qarion/seedbed/internal/postgres"
)

// keyName is the directory of the test server that sp describes. It follows from
// everything that shapes the server and its base, our own SQL included, so that two
// versions of anything never share one.
func (sp *spec) keyName(extensions []string) string {
	extensions = slices.Clone(extensions)
	slices.Sort(extensions)
	shape, _ := json.Marshal([]any{
		sp.bin.ID(),
		sp.locale, sp.settings, slices.Compact(extensions), sp.base.Key,
		setupSQL, controlSQL, reaperSQL,
	})
	return filepath.Join(testServers, fmt.Sprintf("%d-%s", sp.bin.Major, shortHash(string(shape))))
}

// shortHash is 40 bits of a hash, in hexadecimal.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:5])
}

// A seed above the base may turn out to change what belongs to the whole server: it
// makes a role. Then it has to be part of the base. No process can know before the
// seed has run once, so that is noted in the cache.

// Join notes that what key identifies is to be the base of a server of its own.
func (s *Server) Join(key string) error {
	note := joinNote(filepath.Dir(filepath.Dir(s.home.dir)), key)
	err := os.MkdirAll(filepath.Dir(note), 0o755)
	if err == nil {
		err = os.WriteFile(note, nil, 0o644)
	}
	if err != nil {
		return fmt.Errorf("note that a seed belongs to its server: %w", err)
	}
	return nil
}

// Joined reports whether any process with this cache has called Join for key.
func Joined(key string) (bool, error) {
	cache, err := postgres.OpenCache("")
	if err != nil {
		return false, err
	}
	_, err = os.Lstat(joinNote(cache.Dir, key))
	return err == nil, nil
}

func joinNote(cache, key string) string { return filepath.Join(cache, "joined", shortHash(key)) }
