package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// said is what a command line prints on stdout.
func said(t *testing.T, args ...string) string {
	t.Helper()
	var out, err bytes.Buffer
	if status := run(args, terminal{in: strings.NewReader(""), out: &out, err: &err, env: func(string) string { return "" }}); status != 0 {
		t.Fatalf("seedbed %s: status %d\n%s", strings.Join(args, " "), status, err.String())
	}
	return out.String()
}

// Each shell has a script, and says how to use it.
func TestCompletionScripts(t *testing.T) {
	for shell, part := range map[string]string{
		"bash": "complete -o default -F __start_seedbed seedbed",
		"zsh":  "#compdef seedbed",
		"fish": "complete -c seedbed",
	} {
		if script := said(t, "completion", shell); !strings.Contains(script, part) {
			t.Errorf("the script for %s has no %q", shell, part)
		}
		if help := said(t, "completion", shell, "--help"); !strings.Contains(help, "seedbed completion "+shell) {
			t.Errorf("the help does not say how to load the script for %s", shell)
		}
	}
}

// What the shells ask while one types.
func TestCompletions(t *testing.T) {
	for line, want := range map[string]string{
		"de":                       "dev",
		"st":                       "status stop",
		"seed --scenario ":         "demo two-tenants hostile scale empty-states",
		"dev --scenario ":          "demo two-tenants hostile scale empty-states",
		"dev reset --scenario ":    "demo two-tenants hostile scale empty-states",
		"check --format ":          "text json sarif gitlab html",
		"check --only ":            "integrity isolation",
		"migrate review --format ": "text json sarif html github gitlab",
		"dump --un":                "--unmasked",
	} {
		args := strings.Split("__completeNoDesc "+line, " ")
		lines := strings.Split(strings.TrimSpace(said(t, args...)), "\n")
		if got := strings.Join(lines[:len(lines)-1], " "); got != want { // the last is a directive
			t.Errorf("%q completes to %q, want %q", line, got, want)
		}
	}
}

// Every command says what it is for, with an example that begins with its name.
func TestEveryCommandHasHelp(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			if sub.Name() == "help" || sub.Name() == "completion" || sub.Hidden {
				continue
			}
			if sub.Short == "" || strings.HasSuffix(sub.Short, ".") {
				t.Errorf("%s: the short help is %q", sub.CommandPath(), sub.Short)
			}
			if !strings.Contains(sub.Example, sub.CommandPath()) {
				t.Errorf("%s has no example of its own", sub.CommandPath())
			}
			for _, line := range strings.Split(sub.Long+"\n"+sub.Example, "\n") {
				if len([]rune(line)) > 100 {
					t.Errorf("%s: a line of its help is %d columns wide: %s", sub.CommandPath(), len([]rune(line)), line)
				}
			}
			if help := said(t, append(strings.Fields(sub.CommandPath())[1:], "--help")...); !strings.Contains(help, "Examples:") || !strings.Contains(help, "Usage:") {
				t.Errorf("%s --help is\n%s", sub.CommandPath(), help)
			}
			walk(sub)
		}
	}
	walk(newRoot(&app{}))
}
