package sanitize_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qarion/seedbed/sanitize"
)

type comment struct {
	ID         string    `json:"id"`
	SpaceID    string    `json:"space_id"`
	Author     *person   `json:"author"`
	Body       string    `json:"body"`
	Labels     []string  `json:"labels,omitempty"`
	Score      float64   `json:"score"`
	Replies    int       `json:"replies"`
	ResourceID *string   `json:"resource_id"`
	CreatedAt  time.Time `json:"created_at"`
}

type person struct {
	Name  string `json:"name"`
	Email string `json:"email"`
}

// page is a clean response of about 10 KB, as structs.
func page() any {
	list := make([]comment, 20)
	for i := range list {
		list[i] = comment{
			ID:        fmt.Sprintf("0190c1f2-5a3b-7c4d-8e9f-%012d", i),
			SpaceID:   "0190c1f2-5a3b-7c4d-8e9f-000000000000",
			Author:    &person{"Zoë Müller", "zoe@example.com"},
			Body:      strings.Repeat("The quick brown fox jumps over the lazy dog. ", 4) + "\nÀ bientôt!",
			Labels:    []string{"quality", "urgent"},
			Score:     0.25 * float64(i),
			Replies:   i,
			CreatedAt: time.Date(2024, 5, 6, 7, 8, 9, 123456000, time.UTC),
		}
	}
	return list
}

// BenchmarkClean compares, in one run, with encoding the payload.
func BenchmarkClean(b *testing.B) {
	structs := page()
	doc, err := json.Marshal(structs)
	if err != nil {
		b.Fatal(err)
	}
	var maps any
	if err := json.Unmarshal(doc, &maps); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		payload any
	}{{"structs", structs}, {"maps", maps}, {"document", json.RawMessage(doc)}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			base := timeOf(b, func() { _, _ = json.Marshal(c.payload) })
			inspect := timeOf(b, func() { sanitize.Inspect(c.payload, sanitize.Policy{}) })
			value := timeOf(b, func() { sanitize.Value(c.payload, sanitize.Policy{}) })
			b.ReportMetric(float64(len(doc)), "bytes")
			b.ReportMetric(inspect/base, "Inspect/Marshal")
			b.ReportMetric(value/base, "Value/Marshal")
			b.ReportMetric(base/1000, "Marshal-µs")
		})
	}
}

// BenchmarkDirty is the price of repairs: one bad field in each of 20 items.
func BenchmarkDirty(b *testing.B) {
	list := page().([]comment)
	for i := range list {
		list[i].Body += "\x00"
	}
	base := timeOf(b, func() { _, _ = json.Marshal(list) })
	value := timeOf(b, func() { sanitize.Value(list, sanitize.Policy{}) })
	b.ReportMetric(value/base, "Value/Marshal")
}

// timeOf returns nanoseconds a call: the least of many short rounds, which is what
// other work on the machine disturbs least.
func timeOf(b *testing.B, f func()) float64 {
	b.Helper()
	least := time.Duration(1 << 62)
	for range 200 {
		start := time.Now()
		for range 5 {
			f()
		}
		least = min(least, time.Since(start))
	}
	return float64(least) / 5
}
