package migrations

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// unsetVariable is a variable of the environment that a goose file names under ENVSUB ON
// and that is not set: goose puts nothing in its place.
type unsetVariable struct {
	name string
	line int
}

func (v unsetVariable) String() string {
	return fmt.Sprintf("the environment variable %s is not set, and goose puts nothing in its place", v.name)
}

// variable matches what goose substitutes without a default of the file's own.
var variable = regexp.MustCompile(`\$\$|\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)`)

// unsetVariables returns the variables of a goose file that are not set.
func (src source) unsetVariables() (unset []unsetVariable) {
	if src.sql == nil || src.converted {
		return nil
	}
	on := false
	for i, l := range strings.Split(string(src.content), "\n") {
		switch annotation(l) {
		case "envsub on":
			on = true
		case "envsub off":
			on = false
		}
		if !on || strings.HasPrefix(strings.TrimSpace(l), "--") {
			continue
		}
		for _, m := range variable.FindAllStringSubmatch(l, -1) {
			name := m[1] + m[2]
			if _, set := os.LookupEnv(name); name != "" && !set {
				unset = append(unset, unsetVariable{name, i + 1})
			}
		}
	}
	return unset
}

// unsetIn returns the variable that is not set in the statement that failed, if there is
// one.
func (src source) unsetIn(e *StatementError) (unsetVariable, bool) {
	if e.Index < 0 {
		return unsetVariable{}, false
	}
	first := src.sql.section(e.Down).statements[e.Index].line
	for _, v := range src.unsetVariables() {
		if v.line >= first && v.line <= first+strings.Count(e.Statement, "\n") {
			return v, true
		}
	}
	return unsetVariable{}, false
}
