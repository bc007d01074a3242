package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// defaultMirror is the library's own default.
const defaultMirror = "https://repo1.maven.org/maven2"

// maxDownload is several times the largest archive there is.
const maxDownload = 1 << 30

// relay stands between embedded-postgres and the mirror, on a port of this
// machine. The library's download knows no context, calls every status but 200 a
// missing version, takes an archive that has no checksum, and unpacks whatever it
// says. So the relay asks the mirror, and passes on what is complete, has its
// checksum, and is harmless.
type relay struct {
	ctx    context.Context
	mirror string
	server http.Server
	addr   string

	mu      sync.Mutex
	sum     string   // of the archive that was passed on
	files   manifest // what is in it
	problem error    // the first one
}

func newRelay(ctx context.Context, mirror string) (*relay, error) {
	if mirror == "" {
		mirror = defaultMirror
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	r := &relay{ctx: ctx, mirror: strings.TrimRight(mirror, "/"), addr: l.Addr().String()}
	r.server.Handler = r
	r.server.ReadHeaderTimeout = time.Minute
	go func() { _ = r.server.Serve(l) }()
	return r, nil
}

func (r *relay) url() string { return "http://" + r.addr }

// close ends the relay and returns what was in the archive that it passed on, or
// what went wrong between it and the mirror.
func (r *relay) close() (manifest, error) {
	_ = r.server.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files, r.problem
}

func (r *relay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if strings.HasSuffix(req.URL.Path, ".sha256") {
		_, _ = io.WriteString(w, r.sum) // the library asks for the archive first
		return
	}
	jar, err := r.archive(r.mirror + req.URL.Path)
	if err != nil {
		if r.problem == nil {
			r.problem = err
		}
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(jar)))
	_, _ = w.Write(jar)
}

func (r *relay) archive(url string) ([]byte, error) {
	want, err := r.checksum(url + ".sha256")
	if err != nil {
		return nil, err
	}
	jar, err := r.get(url, maxDownload)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(jar)
	if got := hex.EncodeToString(sum[:]); got != want {
		return nil, &FetchError{URL: url, Status: http.StatusOK, Err: fmt.Errorf("the archive's checksum is %s and has to be %s", got, want)}
	}
	files, err := readJar(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return nil, &FetchError{URL: url, Status: http.StatusOK, Err: err}
	}
	r.sum, r.files = want, files
	return jar, nil
}

func (r *relay) checksum(url string) (string, error) {
	text, err := r.get(url, 4096)
	if err != nil {
		return "", fmt.Errorf("an archive without a checksum is not used: %w", err)
	}
	sum, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	if sum = strings.ToLower(sum); len(sum) != sha256.Size*2 {
		return "", &FetchError{URL: url, Status: http.StatusOK, Err: fmt.Errorf("%q is not a SHA-256 checksum", firstLine(string(text)))}
	}
	return sum, nil
}

// get asks the mirror, through the proxy of the environment.
func (r *relay) get(url string, most int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(r.ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, &FetchError{URL: url, Err: err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, &FetchError{URL: url, Err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &FetchError{URL: url, Status: resp.StatusCode, Wait: resp.Header.Get("Retry-After")}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	switch {
	case err != nil:
		return nil, &FetchError{URL: url, Status: resp.StatusCode, Err: fmt.Errorf("broke off after %d bytes: %w", len(body), err)}
	case int64(len(body)) > most:
		return nil, &FetchError{URL: url, Status: resp.StatusCode, Err: fmt.Errorf("more than %d bytes", most)}
	}
	return body, nil
}
