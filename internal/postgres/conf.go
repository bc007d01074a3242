package postgres

import (
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*$`)

// chosen are the settings that Start decides.
var chosen = []string{"port", "unix_socket_directories", "data_directory", "config_file", "hba_file", "ident_file", "external_pid_file"}

// conf renders a server's configuration file: what initdb wrote, then the
// settings, then what Start has to know for certain. ALTER SYSTEM still wins.
func (o StartOptions) conf(port int) (string, error) {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%s = %s\n", name, quoteConf(value)) }
	fmt.Fprintf(&b, "include %s\n", quoteConf(filepath.ToSlash(filepath.Join(o.Data, "postgresql.conf"))))
	line("listen_addresses", "localhost")
	for _, name := range slices.Sorted(maps.Keys(o.Settings)) {
		value := o.Settings[name]
		switch lower := strings.ToLower(name); {
		case !settingName.MatchString(name):
			return "", &SettingError{Name: name, Value: value, Reason: "this is no setting's name: those have letters, digits and _, and a dot where they are an extension's or an application's"}
		case strings.ContainsRune(value, 0):
			return "", &SettingError{Name: name, Value: value, Reason: "the value holds a NUL"}
		case slices.Contains(chosen, lower):
			return "", &SettingError{Name: name, Value: value, Reason: "Seedbed chooses it: leave it out"}
		case lower == "listen_addresses" && !listensLocally(value):
			return "", &SettingError{Name: name, Value: value, Reason: "it has to include localhost"}
		}
		line(name, value)
	}
	line("port", fmt.Sprint(port))
	line("unix_socket_directories", socketList(o.Socket))
	return b.String(), nil
}

func listensLocally(value string) bool {
	for a := range strings.SplitSeq(value, ",") {
		switch strings.TrimSpace(a) {
		case "*", "localhost", "0.0.0.0", "127.0.0.1":
			return true
		}
	}
	return false
}

// quoteConf writes a value the way Postgres's configuration lexer reads it.
func quoteConf(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`, "\n", `\n`, "\r", `\r`).Replace(s) + "'"
}

// socketList writes one directory as the list of names that the setting is, in
// which commas separate and double quotes protect.
func socketList(dir string) string {
	if dir == "" {
		return ""
	}
	return `"` + strings.ReplaceAll(dir, `"`, `""`) + `"`
}
