// Package factory makes rows: one for a test, a thousand in a batch, ten million
// through COPY, and whatever those rows need around them.
//
//	space := factory.Spaces.Create(t, db)
//	ds := factory.Datasets.Create(t, db, factory.In(space))
//	factory.Comments.CreateN(t, db, 3, factory.On(ds)) // type, id and space follow from ds
//
// A factory for a table of your own is a struct and, if you like, a function:
//
//	var Widgets = factory.New(factory.Definition[Widget]{
//		Row: func(w *Widget, c *factory.Cells) { w.Name = c.Of("name").Company() },
//	})
//
//	Widgets.Create(t, db, factory.In(team), func(w *Widget) { w.Color = "red" })
//
// Auto makes rows of any table without either. The factories of the reference schema,
// Spaces to Annotations, are made in the same way and take the same options.
//
// # Whole rows
//
// What a row references and the caller did not give is found or made: among the rows that were
// given, among those they imply (a dataset implies its space), among those the call
// has made. A row that reaches its tenant on several paths gets the same one on all
// of them; parents that disagree are a *DisagreeError, and nothing is written.
//
// # The same rows, always
//
// Every value is a function of seed, table, column and row number, never of the
// clock, of order, or of other columns. SEEDBED_SEED chooses other values; a
// failing test logs the line that brings its own back. Row numbers count up per
// database and top-level test, and from 0 again when pgtest gives the database to
// another test; goroutines that create at once share the count, so which of
// them gets which row is theirs to settle, while the rows together are the same.
//
// # Tests and programs
//
// What a test calls takes a testing.TB and fails the test: Create, CreateN, Fill. Their
// twins for programs take a context and return an error: CreateContext, CreateNContext,
// FillContext. A Plan fills many tables at once.
package factory
