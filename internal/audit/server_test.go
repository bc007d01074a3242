package audit

import (
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

func TestServersWithKnownHolesAreNamed(t *testing.T) {
	for version, want := range map[int]string{150008: "CVE-2024-10976", 150014: "", 160009: "update to 16.10", 170006: "", 180000: ""} {
		a := &audit{usesRLS: true, cat: &catalog.Catalog{Version: version}, report: &report.Report{}}
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
