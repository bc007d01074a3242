package catalog_test

import (
	"testing"

	"github.com/qarion/seedbed/internal/catalog"
)

func TestSingular(t *testing.T) {
	for _, test := range []struct{ plural, want string }{
		{"loaves", "loaf"}, {"knives", "knife"}, {"leaves", "leaf"}, {"bookshelves", "bookshelf"}, {"halves", "half"},
		{"archives", "archive"}, {"valves", "valve"}, {"curves", "curve"}, {"moves", "move"},
		{"heroes", "hero"}, {"potatoes", "potato"}, {"shoes", "shoe"},
		{"quizzes", "quiz"}, {"boxes", "box"}, {"caches", "cache"}, {"batches", "batch"},
		{"mice", "mouse"}, {"people", "person"}, {"salespeople", "salesperson"}, {"children", "child"},
		{"bakeries", "bakery"}, {"movies", "movie"}, {"ties", "tie"}, {"series", "series"},
		{"buses", "bus"}, {"statuses", "status"}, {"addresses", "address"}, {"warehouses", "warehouse"}, {"databases", "database"},
		{"orders", "order"}, {"analyses", "analysis"},
	} {
		for _, word := range []string{test.plural, test.want} {
			if got := catalog.Singular(word); got != test.want {
				t.Errorf("Singular(%q) = %q, want %q", word, got, test.want)
			}
		}
	}
}

func TestNearestSingular(t *testing.T) {
	names := []string{"bakeries", "breweries", "loaves", "orders"}
	for name, want := range map[string]string{"bakery": "bakeries", "loaf": "loaves", "Order": "orders", "brewerey": "breweries", "mouse": ""} {
		if got := catalog.Nearest(name, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}
