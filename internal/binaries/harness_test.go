//go:build unix

package binaries

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestMain lets the test binary be one of several processes that look for the
// same Postgres.
func TestMain(m *testing.M) {
	if cache := os.Getenv("BINARIES_TEST_CACHE"); cache != "" {
		inst, err := Find(context.Background(), Request{Cache: cache, Version: "18.3", Mirror: os.Getenv("BINARIES_TEST_MIRROR")})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(inst.Version, inst.Source)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// jar is what the repository serves: an archive in an archive.
func jar(t *testing.T, txz string) []byte {
	t.Helper()
	inner, err := os.ReadFile(filepath.Join("testdata", txz))
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, body := range map[string][]byte{"META-INF/MANIFEST.MF": nil, "postgres-linux-x86_64.txz": inner} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// mirror is a repository that counts the archives it gives away.
type mirror struct {
	url  string
	jars atomic.Int32
}

// newMirror answers every path with body and its checksum; serve, if not nil,
// may answer instead and say so.
func newMirror(t *testing.T, body []byte, serve func(http.ResponseWriter, *http.Request) bool) *mirror {
	t.Helper()
	m := &mirror{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if serve != nil && serve(w, r) {
			return
		}
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			sum := sha256.Sum256(body)
			fmt.Fprintln(w, strings.ToUpper(hex.EncodeToString(sum[:]))) // as some mirrors do
			return
		}
		m.jars.Add(1)
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

// offline keeps a test from this machine's own npm and Postgres.
func offline(t *testing.T) {
	t.Helper()
	t.Setenv("PATH", t.TempDir())
}

// leftovers are the files of a cache that no finished fetch leaves.
func leftovers(t *testing.T, cache string) (left []string) {
	t.Helper()
	for _, pattern := range []string{"binaries/.fetch-*", "binaries/temp_*", "archives/partial-*", "archives/temp_*", "escaped", "*/escaped", "*/*/escaped"} {
		found, _ := filepath.Glob(filepath.Join(cache, pattern))
		left = append(left, found...)
	}
	return left
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// fake installs programs that say they are some version, and count how often
// they are asked.
func fake(t *testing.T, bin, version string) (asked func() int) {
	t.Helper()
	counter := filepath.Join(t.TempDir(), "asked")
	for _, name := range programs {
		write(t, filepath.Join(bin, name), "#!/bin/sh\necho x >>'"+counter+"'\necho 'postgres (PostgreSQL) "+version+"'\n", 0o755)
	}
	return func() int {
		text, _ := os.ReadFile(counter)
		return strings.Count(string(text), "x")
	}
}
