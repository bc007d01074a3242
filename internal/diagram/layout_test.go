package diagram

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{}

// TestLayout draws every schema of testdata/schemas: cards keep their distance and stay in
// their boxes, lines pass beside cards and end at the right ones, and the result
// is well-formed and the same twice.
func TestLayout(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../testdata/schemas/*.sql")
	if err != nil || len(paths) == 0 {
		t.Fatal("no schemas", err)
	}
	scripts := map[string]string{"big": big(150)}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		scripts[strings.TrimSuffix(filepath.Base(path), ".sql")] = string(b)
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, cat := described(t, script)
			g := build(m, cat)
			if len(g.nodes) > 0 {
				d := arrange(g)
				apart(t, g)
				beside(t, g, d)
				inside(t, g, d)
			}
			svg, mermaid := SVG(m, cat), Mermaid(m, cat)
			wellFormed(t, svg)
			for range 3 {
				if SVG(m, cat) != svg || Mermaid(m, cat) != mermaid {
					t.Error("two drawings of one schema differ")
				}
			}
		})
	}
}

func described(t testing.TB, script string) (seedbed.Model, *catalog.Catalog) {
	t.Helper()
	ctx := context.Background()
	db := pg.DB(t)
	if _, err := db.Exec(ctx, script); err != nil {
		t.Fatal(err)
	}
	d, err := seedbed.Discover(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	cat, err := catalog.Load(ctx, db, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Model, cat
}

func apart(t *testing.T, g *drawing) {
	t.Helper()
	for i, a := range g.nodes {
		for _, b := range g.nodes[i+1:] {
			if a.table == nil || b.table == nil {
				continue
			}
			if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h+8 && b.y < a.y+a.h+8 {
				t.Errorf("%s and %s overlap or touch", a.name, b.name)
			}
		}
	}
}

func beside(t *testing.T, g *drawing, d arranged) {
	t.Helper()
	for _, b := range d.branches {
		for i := 1; i < len(b.points); i++ {
			p, q := b.points[i-1], b.points[i]
			if p[0] != q[0] && p[1] != q[1] {
				t.Errorf("a line of %q is slanted", b.title)
			}
			for _, n := range g.nodes {
				if n.table != nil && min(p[0], q[0]) < n.x+n.w-1 && max(p[0], q[0]) > n.x+1 && min(p[1], q[1]) < n.y+n.h && max(p[1], q[1]) > n.y {
					t.Errorf("the line %q passes through %s", b.title, n.name)
				}
			}
		}
		first, last := b.points[0], b.points[len(b.points)-1]
		if first[0] != b.b.root.x+b.b.root.w || first[1] < b.b.root.y || first[1] > b.b.root.y+b.b.root.h || last[0] <= first[0] {
			t.Errorf("the line %q does not begin at its card", b.title)
		}
	}
}

func inside(t *testing.T, g *drawing, d arranged) {
	t.Helper()
	for _, n := range g.nodes {
		if n.x < 0 || n.y < 0 || n.x+n.w > d.width || n.y+n.h > d.height {
			t.Errorf("%s is outside of the drawing", n.name)
		}
		for z := n.zone; n.table != nil && z.parent != nil; z = z.parent {
			if n.x < z.left {
				t.Errorf("%s is left of its box %s", n.name, z.level.Name)
			}
		}
	}
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("the drawing is not well-formed: %v", err)
		}
	}
}
