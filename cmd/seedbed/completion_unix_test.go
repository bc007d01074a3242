//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The same in a real bash. The binary is this test's own, which TestMain makes the
// command.
func TestCompletionInBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	dir := t.TempDir()
	if err := os.Symlink(testBinary(t), filepath.Join(dir, "seedbed")); err != nil {
		t.Fatal(err)
	}
	script := `
		_get_comp_words_by_ref() { # what bash-completion provides
			while [ $# -gt 0 ]; do case $1 in
				cur) cur=${COMP_WORDS[COMP_CWORD]};; prev) prev=${COMP_WORDS[COMP_CWORD-1]};;
				words) words=("${COMP_WORDS[@]}");; cword) cword=$COMP_CWORD;; esac; shift; done
		}
		__ltrim_colon_completions() { :; }
		source <(seedbed completion bash)
		COMP_WORDS=(seedbed seed --scenario two) COMP_CWORD=3 COMP_LINE='seedbed seed --scenario two' COMP_POINT=27 COMP_TYPE=9
		__start_seedbed
		printf '%s\n' "${COMPREPLY[@]}"`
	cmd := exec.Command(bash, "--norc", "-c", script)
	cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(out), "two-tenants") {
		t.Errorf("bash completes to %q, %v", out, err)
	}
}

func testBinary(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
