package embedded

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/xi2/xz"

	"github.com/qarion/seedbed/internal/unpack"
)

// defaultMirror is the library's own default.
const defaultMirror = "https://repo1.maven.org/maven2"

// maxDownload is several times the largest archive there is.
const maxDownload = 1 << 30

// relay stands between the library and the mirror, on a port of this machine.
// The library's download knows no context, calls every status but 200 a missing
// version, and unpacks whatever an archive says, outside its directory too. So
// we do the asking, and hand it what is complete and harmless.
type relay struct {
	ctx     context.Context
	mirror  string
	dir     string // for the download in progress
	server  http.Server
	addr    string
	mu      sync.Mutex
	problem error
}

func newRelay(ctx context.Context, mirror, dir string) (*relay, error) {
	if mirror == "" {
		mirror = defaultMirror
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	r := &relay{ctx: ctx, mirror: strings.TrimRight(mirror, "/"), dir: dir, addr: l.Addr().String()}
	r.server.Handler = r
	r.server.ReadHeaderTimeout = time.Minute
	go func() { _ = r.server.Serve(l) }()
	return r, nil
}

func (r *relay) url() string { return "http://" + r.addr }

// close ends the relay and returns what went wrong between it and the mirror.
func (r *relay) close() error {
	_ = r.server.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.problem
}

func (r *relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	url := r.mirror + req.URL.Path
	var err error
	if strings.HasSuffix(url, ".sha256") {
		err = r.checksum(w, url)
	} else {
		err = r.archive(w, url)
	}
	if err != nil {
		r.mu.Lock()
		if r.problem == nil {
			r.problem = err
		}
		r.mu.Unlock()
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
}

// archive passes a jar on once it has arrived as a whole and been looked through.
func (r *relay) archive(w http.ResponseWriter, url string) error {
	resp, err := r.get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	f, err := os.CreateTemp(r.dir, partial+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	n, err := io.Copy(f, io.LimitReader(resp.Body, maxDownload+1))
	switch {
	case err != nil:
		return &FetchError{URL: url, Status: resp.StatusCode, Err: fmt.Errorf("broke off after %d bytes: %w", n, err)}
	case n > maxDownload:
		return &FetchError{URL: url, Status: resp.StatusCode, Err: fmt.Errorf("more than %d bytes", maxDownload)}
	}
	if err := checkJar(f, n); err != nil {
		return &FetchError{URL: url, Status: resp.StatusCode, Err: err}
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w.Header().Set("Content-Length", fmt.Sprint(n))
	_, _ = io.Copy(w, f)
	return nil
}

// checkJar looks through the archive in the archive.
func checkJar(f *os.File, size int64) error {
	jar, err := zip.NewReader(f, size)
	if err != nil {
		return fmt.Errorf("not a jar, or a damaged one: %w", err)
	}
	for _, file := range jar.File {
		if !strings.HasSuffix(file.Name, ".txz") {
			continue
		}
		body, err := file.Open()
		if err != nil {
			return fmt.Errorf("damaged jar: %w", err)
		}
		defer body.Close()
		plain, err := xz.NewReader(body, 0)
		if err != nil {
			return fmt.Errorf("damaged archive %s: %w", file.Name, err)
		}
		return unpack.Check(plain)
	}
	return errors.New("no .txz in the jar")
}

// checksum passes on the mirror's checksum, in the only form that the library
// takes. A mirror that has none is the library's own case.
func (r *relay) checksum(w http.ResponseWriter, url string) error {
	resp, err := r.get(url)
	var missing *FetchError
	if errors.As(err, &missing) && missing.Status == http.StatusNotFound {
		w.WriteHeader(http.StatusNotFound)
		return nil
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return &FetchError{URL: url, Status: resp.StatusCode, Err: err}
	}
	sum, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	_, _ = io.WriteString(w, strings.ToLower(sum))
	return nil
}

// get asks the mirror, through the proxy of the environment.
func (r *relay) get(url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, &FetchError{URL: url, Err: err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, &FetchError{URL: url, Err: errors.Unwrap(err)}
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, &FetchError{URL: url, Status: resp.StatusCode, Wait: resp.Header.Get("Retry-After")}
	}
	return resp, nil
}
