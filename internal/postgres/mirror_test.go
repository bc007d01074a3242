package postgres_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/qarion/seedbed/internal/postgres"
)

// entry is one of an archive.
type entry struct {
	name, body string
	mode       int64
	kind       byte // zero: a file
	link       string
}

// aPostgres is an archive whose programs say that they are 18.3 and do no more.
func aPostgres() []entry {
	return []entry{
		{name: "bin", kind: tar.TypeDir, mode: 0o755},
		{name: "bin/postgres", body: "#!/bin/sh\necho 'postgres (PostgreSQL) 18.3'\n", mode: 0o700},
		{name: "bin/initdb", body: "#!/bin/sh\nexit 1\n", mode: 0o700},
		{name: "bin/pg_ctl", body: "#!/bin/sh\nexit 1\n", mode: 0o700},
		{name: "lib/libpq.so.5.18", body: "lib", mode: 0o644},
		{name: "lib/libpq.so.5", kind: tar.TypeSymlink, link: "libpq.so.5.18"},
		{name: "share", kind: tar.TypeDir, mode: 0o755},
	}
}

// realPostgres is an archive of an installation: what of it lies below its
// prefix. The rest, where a system keeps it elsewhere, is found there.
func realPostgres(t *testing.T, inst *postgres.Installation) []entry {
	t.Helper()
	var all []entry
	err := filepath.WalkDir(inst.Prefix, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(inst.Prefix, path)
		client := filepath.Dir(rel) == "bin" && !slices.Contains([]string{"postgres", "initdb", "pg_ctl"}, d.Name())
		switch {
		case err != nil || client:
			return err
		case d.IsDir() && d.Name() == "bitcode":
			return filepath.SkipDir // nine files of ten, for JIT to inline from
		case d.IsDir():
			return nil
		}
		if link, err := os.Readlink(path); err == nil && !strings.Contains(link, "/") {
			all = append(all, entry{name: filepath.ToSlash(rel), kind: tar.TypeSymlink, link: link})
			return nil
		}
		body, err := os.ReadFile(path)
		all = append(all, entry{name: filepath.ToSlash(rel), body: string(body), mode: 0o755})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func tarball(t *testing.T, entries []entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		kind := e.kind
		if kind == 0 {
			kind = tar.TypeReg
		}
		if err := w.WriteHeader(&tar.Header{Name: e.name, Typeflag: kind, Linkname: e.link, Mode: e.mode, Size: int64(len(e.body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// xz writes the format without compressing anything.
func xz(body []byte) []byte {
	le := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
	sum := func(b []byte) []byte { return le(crc32.ChecksumIEEE(b)) }
	padded := func(b []byte) []byte { return append(b, make([]byte, (4-len(b)%4)%4)...) }
	header := []byte{2, 0, 0x21, 1, 0x10, 0, 0, 0}
	data := slices.Concat(header, sum(header))
	control := byte(1)
	for chunk := range slices.Chunk(body, 1<<16) {
		data = append(data, control, byte((len(chunk)-1)>>8), byte(len(chunk)-1))
		data = append(data, chunk...)
		control = 2
	}
	data = append(data, 0)
	index := binary.AppendUvarint([]byte{0, 1}, uint64(len(data)+4))
	index = padded(binary.AppendUvarint(index, uint64(len(body))))
	index = append(index, sum(index)...)
	flags := []byte{0, 1}
	size := append(le(uint32(len(index)/4-1)), flags...)
	return slices.Concat([]byte("\xfd7zXZ\x00"), flags, sum(flags), padded(data), sum(body), index, sum(size), size, []byte("YZ"))
}

// jar is what the repository serves: archives in an archive.
func jar(t *testing.T, payloads map[string][]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, body := range payloads {
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

func jarOf(t *testing.T, entries []entry) []byte {
	t.Helper()
	return jar(t, map[string][]byte{"META-INF/MANIFEST.MF": nil, "postgres-linux-x86_64.txz": xz(tarball(t, entries))})
}

// mirror is a repository that counts the archives it gives away.
type mirror struct {
	url  string
	jars atomic.Int32
}

// newMirror answers every path with body and its checksum; serve, if not nil, may
// answer instead and say so.
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

// nothingInstalled keeps a test from this machine's own npm and Postgres: what it
// asks for is a version that no machine has.
func nothingInstalled(t *testing.T) {
	t.Helper()
	t.Setenv("PATH", t.TempDir())
	t.Setenv("SEEDBED_BINARIES", "")
	t.Setenv("SEEDBED_VERSION", "")
}

// leftovers are the files of a cache that no finished fetch leaves.
func leftovers(t *testing.T, cache *postgres.Cache) (left []string) {
	t.Helper()
	_ = filepath.WalkDir(cache.Dir, func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		if strings.HasPrefix(name, ".making-") || strings.HasPrefix(name, "temp_") || name == "escaped" || strings.HasPrefix(name, "embedded_postgres_log") {
			left = append(left, path)
		}
		return err
	})
	return left
}
