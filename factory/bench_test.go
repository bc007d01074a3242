package factory_test

import (
	"testing"

	"github.com/qarion/seedbed/factory"
)

func BenchmarkBuildComment(b *testing.B) {
	b.ReportAllocs()
	for i := range b.N {
		if _, err := factory.Comments.Build(int64(i)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreate(b *testing.B) {
	db := pg.DB(b)
	ds := factory.Datasets.Create(b, db)
	b.Run("space", func(b *testing.B) {
		for b.Loop() {
			factory.Spaces.Create(b, db)
		}
	})
	b.Run("comment", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			factory.Comments.Create(b, db, factory.On(ds))
		}
	})
	b.Run("100 comments", func(b *testing.B) {
		for b.Loop() {
			factory.Comments.CreateN(b, db, 100, factory.On(ds))
		}
	})
}
