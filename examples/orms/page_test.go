package orms

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?ms)^```go (\\S+)\n(.*?)^```$")

// What the page shows is what the tests here run.
func TestThePageShowsThisCode(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := fence.FindAllSubmatch(page, -1)
	if got := strings.Count(string(page), "```go"); got != len(blocks) || got == 0 {
		t.Errorf("%d of %d blocks name their file", len(blocks), got)
	}
	for _, block := range blocks {
		file, err := os.ReadFile(string(block[1]))
		if err != nil || !strings.Contains(string(file), string(block[2])) {
			t.Errorf("%s does not have, %v,\n%s", block[1], err, block[2])
		}
	}
}
