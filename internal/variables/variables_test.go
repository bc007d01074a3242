package variables_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qarion/seedbed/internal/variables"
)

func TestCheck(t *testing.T) {
	for entry, want := range map[string]string{
		"SEEDBED_IDLE=-3m":            "[SEEDBED_IDLE=-3m: want a duration from 0 on, such as 90s or 5m] []",
		"SEEDBED_IDLE=5":              "[SEEDBED_IDLE=5: want a duration from 0 on, such as 90s or 5m] []",
		"SEEDBED_IDLE=0":              "[] []",
		"SEEDBED_IDLE=":               "[] []",
		"SEEDBED_MEMORY=maybe":        "[SEEDBED_MEMORY=maybe: want off, or on where there is room] []",
		"SEEDBED_MEMORY=off":          "[] []",
		"SEEDBED_MIRROR=ftp://x":      "[SEEDBED_MIRROR=ftp://x: want the URL of a Maven repository, http or https] []",
		"SEEDBED_MIRROR=https://x/m2": "[] []",
		"SEEDBED_SEED=-1":             "[SEEDBED_SEED=-1: want an unsigned number] []",
		"SEEDBED_ALLOW=postgres://db": "[SEEDBED_ALLOW=postgres://db: want hosts, each with its port if that matters, as in db.test:5432,10.0.0.7] []",
		"SEEDBED_VERSON=15":           "[] [SEEDBED_VERSON is no variable of Seedbed, and nothing reads it; did you mean SEEDBED_VERSION?]",
		"SEEDBED_VERSION=v15":         "[SEEDBED_VERSION=v15: want a version of Postgres from 14 on: a major one such as 15, or one such as 15.18] []",
		"SEEDBED_VERSION=13.2":        "[SEEDBED_VERSION=13.2: want a version of Postgres from 14 on: a major one such as 15, or one such as 15.18] []",
		"SEEDBED_VERSION=18.3":        "[] []",
		"SEEDBED_COLOUR_OF_LOGS=red":  "[] [SEEDBED_COLOUR_OF_LOGS is no variable of Seedbed, and nothing reads it]",
		"OTHER_VERSON=15":             "[] []",
	} {
		wrong, unknown := variables.Check([]string{entry})
		if diff := cmp.Diff(want, fmt.Sprint(wrong, unknown)); diff != "" {
			t.Errorf("%s: %s", entry, diff)
		}
	}
}
