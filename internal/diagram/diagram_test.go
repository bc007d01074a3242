package diagram

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
)

func golden(t *testing.T, name, got string) {
	t.Helper()
	testkit.Golden(t, filepath.Join("testdata", name), got)
}

func schema(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../testdata/schemas/" + name + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"reference_like", "unrelated_tenants", "cycles", "no_tenancy", "hostile_names", "empty"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, cat := described(t, schema(t, name))
			golden(t, name+".svg", SVG(m, cat))
			golden(t, name+".mmd", Mermaid(m, cat))
		})
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	m, cat := described(t, schema(t, "reference_like"))
	page := HTML(m, cat, `<our> "schema"`)
	for _, want := range []string{"<title>&lt;our&gt; &#34;schema&#34;</title>", "11 tables · 2 levels of tenancy", SVG(m, cat)} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %.60q", want)
		}
	}
	for _, loads := range []string{"http:", "https:", "src=", "@import", "url("} {
		if at := strings.Index(strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, ""), loads); at >= 0 {
			t.Errorf("the page refers to something outside of it: %q", loads)
		}
	}
}
