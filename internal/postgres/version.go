package postgres

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// version is a Postgres version: major and minor; the minor of a beta is -1.
type version struct{ major, minor int }

var versionPattern = regexp.MustCompile(`^(\d+)(?:\.(\d+)|(devel|alpha\d*|beta\d*|rc\d*))?`)

// parseVersion reads "15.18", "18beta1" or "15"; the ok result is false for
// anything else.
func parseVersion(s string) (v version, ok bool) {
	m := versionPattern.FindStringSubmatch(s)
	if m == nil {
		return v, false
	}
	v.major, _ = strconv.Atoi(m[1])
	switch {
	case m[3] != "":
		v.minor = -1
	case m[2] != "":
		v.minor, _ = strconv.Atoi(m[2])
	}
	return v, true
}

func (v version) newer(than version) bool {
	if v.major != than.major {
		return v.major > than.major
	}
	return v.minor > than.minor
}

// wanted is what a Request's Version asks for.
type wanted struct {
	text  string
	v     version
	any   bool // nothing was asked
	exact bool // with a minor
}

var wantedPattern = regexp.MustCompile(`^\d+(\.\d+){0,2}$`)

func parseWanted(s string) (wanted, error) {
	if s == "" {
		return wanted{any: true}, nil
	}
	v, ok := parseVersion(s)
	if !ok || !wantedPattern.MatchString(s) {
		return wanted{}, &VersionError{Version: s, Want: "a major version such as 15, or a version such as 15.18"}
	}
	if v.major < Oldest {
		return wanted{}, &VersionError{Version: s, Want: fmt.Sprintf("%d or later", Oldest)}
	}
	return wanted{text: s, v: v, exact: strings.Contains(s, ".")}, nil
}

// CheckVersion returns a *VersionError for what can be no Request's Version.
func CheckVersion(wanted string) error {
	_, err := parseWanted(wanted)
	return err
}

// Fits reports whether a server of a version, as "15.18", is what a Request's Version asks
// for. The error is for a wanted version that is none.
func Fits(version, wanted string) (bool, error) {
	w, err := parseWanted(wanted)
	if err != nil || w.any {
		return err == nil, err
	}
	v, _ := parseVersion(version)
	return w.refuses(v) == "", nil
}

// refuses says why v is not what is wanted, or "".
func (w wanted) refuses(v version) string {
	switch {
	case v.major < Oldest:
		return fmt.Sprintf("older than %d", Oldest)
	case w.any:
	case v.major != w.v.major, w.exact && v.minor != w.v.minor:
		return "not the wanted " + w.text
	}
	return ""
}
