package audit

import (
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/catalog"
)

func TestServersWithKnownHolesAreNamed(t *testing.T) {
	for version, want := range map[int]string{150008: "CVE-2024-10976", 150014: "", 160009: "update to 16.10", 170006: "", 180000: ""} {
		a := &audit{usesRLS: true, cat: &catalog.Catalog{Version: version}, report: &Report{}}
		if err := a.server(); err != nil {
			t.Fatal(err)
		}
		var said string
		for _, f := range a.report.Findings {
			said += f.Rule + " " + f.Message + " " + f.Fix
		}
		if want == "" && said != "" || !strings.Contains(said, want) {
			t.Errorf("%d: said %q, want %q", version, said, want)
		}
	}
}

// FuzzLex: expressions come from the catalog, and no byte of them gets lost.
func FuzzLex(f *testing.F) {
	for _, seed := range []string{"(a = 'x''y')", `"q""q" = E'\'' || $1`, "x::text ~* '^a' AND NOT (b IS NULL)", "'open", `"open`, "1.5e3", "é = ü"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var b strings.Builder
		for _, tok := range lex(s) {
			b.WriteString(tok.raw)
		}
		strip := strings.NewReplacer(" ", "", "\t", "", "\n", "", "\r", "")
		if strip.Replace(b.String()) != strip.Replace(s) {
			t.Errorf("%q became %q", s, b.String())
		}
	})
}
