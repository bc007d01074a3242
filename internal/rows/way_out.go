package rows

import (
	"errors"
	"strings"
)

// wayOut is what an error advises, for those who call from Go and for those at a shell: the
// one has options of a factory, the other has flags and fixtures.
type wayOut struct{ inGo, atShell string }

var (
	outOfKey = wayOut{"leave its columns out and free values are made, or give others with Set",
		"ask for fewer rows, or write the rows in a fixture, which --fixtures loads"}
	outOfFewValues = wayOut{"or give a value that is free with Set", "or load the row from a fixture (--fixtures)"}
	outOfNull      = wayOut{"give it a value with Set", "give it a value in a fixture, which --fixtures loads"}
	outOfReference = wayOut{"give them with Set, In, On or By", "write those rows in a fixture, which --fixtures loads, and leave the table out of --rows"}
	outOfPartition = wayOut{"or say with Set what its partition key holds", "or say in a fixture what its partition key holds"}
	outOfCircle    = wayOut{"let it be made up, or use CreateN", "write those rows in a fixture, which --fixtures loads"}
	outOfServer    = wayOut{"only Postgres knows its values: use CreateN", "only Postgres knows its values: write those rows in a fixture, which --fixtures loads"}
	outOfKeySpace  = wayOut{"or fill the table in a call of its own that says what", "or write the rows in a fixture, which --fixtures loads, that says what"}
	outOfTaken     = wayOut{"give it others with Set, or choose another seed with " + SeedVariable, "write the rows in a fixture, which --fixtures loads, or choose another seed with --seed"}
	outOfRoom      = wayOut{"ask for more of those in the plan", "ask for more of those with --rows"}
	outOfParent    = wayOut{"leave its columns out and a parent is made, or give a row that is there with In, On or By", "write the row in a fixture, which --fixtures loads"}
	outOfNoTable   = wayOut{"factory.Auto makes rows of any table that is there", "seedbed model lists what is there"}

	waysOut = []wayOut{outOfKey, outOfFewValues, outOfNull, outOfReference, outOfPartition, outOfCircle, outOfServer, outOfKeySpace, outOfTaken, outOfRoom, outOfParent, outOfNoTable}
)

// AtShell returns the text of an error for those who called from a shell: with the ways out
// that they have.
func AtShell(err error) string {
	text := err.Error()
	if unfillable, ok := errors.AsType[*UnfillableError](err); ok {
		text = strings.Replace(text, unfillable.wayOut().inGo, unfillable.wayOut().atShell, 1)
	}
	for _, way := range waysOut {
		text = strings.ReplaceAll(text, way.inGo, way.atShell)
	}
	return text
}
