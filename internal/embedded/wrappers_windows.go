package embedded

import (
	"path/filepath"
	"strings"
)

// The library looks for a file bin/pg_ctl, which Windows never has, and downloads
// Postgres when it is missing; what it runs is found through PATHEXT. So there are
// both: an empty file for the look, and a batch file for the run.

func (w *wrappers) initPrograms(cfg BootConfig, _ string) (map[string]string, error) {
	args := append([]string{filepath.Join(cfg.Bin, "initdb.exe"), "--no-sync"}, cfg.InitArgs...)
	return map[string]string{
		"pg_ctl":     "",
		"initdb.cmd": batch(quoteAll(args...) + " %*"),
		"pg_ctl.cmd": batch("type nul >" + quoteAll(w.initFile()) + "\r\nexit /b 1"),
	}, nil
}

func (w *wrappers) bootPrograms(cfg BootConfig, _ int) (map[string]string, error) {
	return map[string]string{
		"pg_ctl":     "",
		"pg_ctl.cmd": batch(quoteAll(filepath.Join(cfg.Bin, "pg_ctl.exe"), "-l", cfg.LogFile) + " %*"),
	}, nil
}

func batch(body string) string {
	return "@echo off\r\nset LC_ALL=C\r\nset PGOPTIONS=\r\n" + body + "\r\n"
}

func quoteAll(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = `"` + strings.ReplaceAll(w, "%", "%%") + `"`
	}
	return strings.Join(quoted, " ")
}

// isOurs has only the pid file to go by: Boot removed what was there before.
func (w *wrappers) isOurs(pid int) bool { return alive(pid) }
