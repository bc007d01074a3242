package embedded

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/osuser"
)

// confName is the file with our settings. The library would pass them through a
// shell inside double quotes, where $, ` and " do not survive.
const confName = "seedbed.conf"

const includeLine = "include_if_exists = '" + confName + "'"

// writeConf puts the settings into the data directory and makes
// postgresql.conf read them, last. What ALTER SYSTEM set still wins.
func writeConf(cfg BootConfig, port int) error {
	text, err := conf(cfg, port)
	if err != nil {
		return err
	}
	if err := putFile(filepath.Join(cfg.Data, confName), []byte(text), cfg.Drop); err != nil {
		return err
	}
	main := filepath.Join(cfg.Data, "postgresql.conf")
	old, err := os.ReadFile(main)
	if err != nil {
		return fmt.Errorf("%s is damaged: %w", cfg.Data, err)
	}
	if bytes.Contains(old, []byte(includeLine)) {
		return nil
	}
	return putFile(main, append(old, "\n"+includeLine+"\n"...), cfg.Drop)
}

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*$`)

// conf renders the settings: listen_addresses can be set by the user, what Boot
// has to know for certain cannot.
func conf(cfg BootConfig, port int) (string, error) {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%s = %s\n", name, quoteConf(value)) }
	line("listen_addresses", "localhost")
	for _, name := range slices.Sorted(maps.Keys(cfg.Settings)) {
		value := cfg.Settings[name]
		switch lower := strings.ToLower(name); {
		case !settingName.MatchString(name):
			return "", fmt.Errorf("setting %q: not a setting's name", name)
		case strings.ContainsRune(value, 0):
			return "", fmt.Errorf("setting %s: its value holds a NUL", name)
		case lower == "port", lower == "unix_socket_directories", lower == "data_directory":
			return "", fmt.Errorf("setting %s: it is chosen by the toolkit and cannot be set", name)
		case lower == "listen_addresses" && !listensLocally(value):
			return "", fmt.Errorf("setting %s = %q: it has to include localhost", name, value)
		}
		line(name, value)
	}
	line("port", fmt.Sprint(port))
	line("unix_socket_directories", socketList(cfg.Socket))
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

// putFile replaces a file that only its owner, who, may read.
func putFile(path string, data []byte, who *osuser.User) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	if err := who.Chown(tmp); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
