package fake

import (
	"regexp"
	"strconv"
	"testing"
	"time"
)

func TestCellDependsOnNothingElse(t *testing.T) {
	a, b := New(7, "users", Epoch), New(7, "users", Epoch)
	a.At(3)
	b.At(9)
	b.Of("bio").Comment()
	b.Of("name").Name()
	b.At(3)
	b.Of("age").Int(0, 99)
	if x, y := a.Of("name").Name(), b.Of("name").Name(); x != y {
		t.Errorf("name of row 3 is %q, and %q after other cells were made", x, y)
	}
	if x, y := a.Of("id").UUID(), b.Of("id").UUID(); x != y {
		t.Errorf("id of row 3 is %x and %x", x, y)
	}
	for what, other := range map[string]*Cells{"seed": New(8, "users", Epoch), "table": New(7, "orders", Epoch)} {
		other.At(3)
		if other.Of("id").UUID() == a.Of("id").UUID() || other.Of("email").Email() == a.Of("email").Email() {
			t.Errorf("another %s gives the same cells", what)
		}
	}
}

// The values themselves are a promise: a changed one changes every user's data.
func TestCellsNeverChange(t *testing.T) {
	c := New(DefaultSeed, "comments", Epoch)
	c.At(12)
	v := func(col string) *Value { return c.Of(col) }
	for _, k := range []struct{ what, got, want string }{
		{"email", v("email").Email(), goldenEmail},
		{"company", v("company").Company(), goldenCompany},
		{"dataset", v("dataset").Dataset(), goldenDataset},
		{"comment", v("body").Comment(), goldenComment},
		{"increasing time", v("created_at").IncreasingTime().Format(time.RFC3339Nano), goldenTime},
		{"int", strconv.FormatInt(v("n").Int(0, 1_000_000), 10), goldenInt},
	} {
		if k.got != k.want {
			t.Errorf("%s: got %q, want %q", k.what, k.got, k.want)
		}
	}
}

func TestPermuteIsABijection(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 17, 1000, 4096, 4097} {
		seen := make([]bool, n)
		for x := range n {
			y := permute(x, n, 99)
			if y >= n || seen[y] {
				t.Fatalf("n=%d: %d goes to %d, out of range or taken", n, x, y)
			}
			seen[y] = true
		}
	}
}

func TestUniqueMethodsAre(t *testing.T) {
	const rows = 300_000 // several rounds of the smaller domains
	c := New(1, "t", Epoch)
	for name, f := range map[string]func(*Value) string{
		"Email": (*Value).Email, "Username": (*Value).Username, "Company": (*Value).Company, "Slug": (*Value).Slug,
		"Dataset": (*Value).Dataset, "Check": (*Value).Check, "Team": (*Value).Team, "Tag": (*Value).Tag,
		"UUID":           func(v *Value) string { id := v.UUID(); return string(id[:]) },
		"IncreasingTime": func(v *Value) string { return strconv.FormatInt(v.IncreasingTime().UnixMicro(), 36) },
	} {
		seen := make(map[string]int64, rows)
		for row := range int64(rows) {
			c.At(row)
			s := f(c.Of(name))
			if before, ok := seen[s]; ok {
				t.Errorf("%s: rows %d and %d are both %q", name, before, row, s)
				break
			}
			seen[s] = row
		}
	}
}

func TestIncreasingTimeIncreases(t *testing.T) {
	c := New(1, "t", Epoch)
	last := time.Time{}
	for _, row := range []int64{0, 1, 2, 1000, 9_999_999, 10_000_000, 50_000_000} {
		c.At(row)
		at := c.Of("created_at").IncreasingTime()
		if !at.After(last) || !at.Before(Epoch) {
			t.Errorf("row %d is at %s, after %s; now is %s", row, at, last, Epoch)
		}
		last = at
	}
}

func TestUUIDIsVersion7AndInOrder(t *testing.T) {
	c := New(1, "t", Epoch)
	last := ""
	for row := int64(4090); row < 4110; row++ {
		c.At(row)
		id := c.Of("id").UUID()
		if id[6]>>4 != 7 || id[8]>>6 != 2 || string(id[:]) <= last {
			t.Errorf("row %d: %x", row, id)
		}
		last = string(id[:])
	}
}

func BenchmarkComment(b *testing.B) {
	c := New(1, "comments", Epoch)
	b.ReportAllocs()
	for i := range b.N {
		c.At(int64(i))
		_ = c.Of("id").UUID()
		_ = c.Of("body").Comment()
		_ = c.Of("created_at").IncreasingTime()
	}
}

func BenchmarkEmail(b *testing.B) {
	c := New(1, "users", Epoch)
	b.ReportAllocs()
	for i := range b.N {
		c.At(int64(i))
		_ = c.Of("email").Email()
	}
}

const (
	goldenEmail   = "aylin.turner@calm-rook.example"
	goldenCompany = "Vivid Comet Analytics"
	goldenDataset = "raw_emails_joined"
	goldenComment = "Row count of stores dropped 5% since the 01:15 load. Threshold of 62 is too tight for by_cohort data."
	goldenTime    = "2025-03-06T16:52:24.664032Z"
	goldenInt     = "112428"
)

func TestPatternMatchesAndIsUnique(t *testing.T) {
	c := New(1, "t", Epoch)
	for _, expr := range []string{
		`^[a-z0-9]+(-[a-z0-9]+)*$`, `^[A-Z]{3}-\d{4}$`, `^(vault|aws-sm|env)://[A-Za-z0-9_./#-]{1,400}$`, `^(\S+ ){4}\S+$`,
		`^[^@[:space:]]+@[^@[:space:]]+$`, `^#[0-9a-f]{6}$`, `^[a-z][a-z0-9-]{4,28}[a-z0-9]$`, `^a|b|c[0-9]$`, `x?y*z`,
	} {
		p, err := NewPattern(expr, 0)
		if err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
		re := regexp.MustCompile(expr)
		seen := map[string]int{}
		for row := range int(min(p.Strings(), 5000)) {
			c.At(int64(row))
			s := c.Of("code").Match(p)
			if !re.MatchString(s) {
				t.Fatalf("%s: %q does not match", expr, s)
			}
			if before, ok := seen[s]; ok {
				t.Fatalf("%s: rows %d and %d are both %q", expr, before, row, s)
			}
			seen[s] = row
		}
	}
}
