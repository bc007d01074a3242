package testkit

import (
	"regexp"
	"strings"
	"testing"
)

// Fence is a fenced block of a Markdown page: ```Language Name, then Text.
type Fence struct {
	Language, Name, Text string
}

var fence = regexp.MustCompile("(?ms)^```([a-z]+) ?([^\n]*)\n(.*?)^```$")

// Fences returns the fenced blocks of the page at path, in order. Each must say its
// language.
func Fences(t testing.TB, path string) []Fence {
	t.Helper()
	text := ReadFile(t, path)
	var all []Fence
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		all = append(all, Fence{m[1], m[2], m[3]})
	}
	if got, want := len(all), strings.Count("\n"+text, "\n```")/2; got != want {
		t.Errorf("%s: %d of %d fences are understood", path, got, want)
	}
	return all
}

// Prose returns the page at path without its fenced blocks.
func Prose(t testing.TB, path string) string {
	t.Helper()
	return fence.ReplaceAllString(ReadFile(t, path), "")
}
