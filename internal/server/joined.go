package server

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/qarion/seedbed/internal/postgres"
)

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
