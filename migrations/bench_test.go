package migrations_test

import (
	"testing"

	"github.com/qarion/seedbed/migrations"
)

// BenchmarkOpen reads and checks the reference schema without a database.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		if _, err := migrations.Open(migrations.FS); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUpNothingToDo is what a start-up costs that finds everything applied.
func BenchmarkUpNothingToDo(b *testing.B) {
	db := reference.DB(b)
	set, err := migrations.Open(migrations.FS)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := set.Up(b.Context(), db); err != nil {
			b.Fatal(err)
		}
	}
}
