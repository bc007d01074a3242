package rows

import (
	"reflect"
	"time"
)

// span is two columns with the beginning and the end of something, both made up.
type span struct{ start, end *column }

// findSpans returns the spans of the rows that the maker makes.
func (maker *rowMaker) findSpans() (spans []span) {
	if maker.hasFill {
		return nil // which may set either
	}
	isMadeUp := map[*column]bool{}
	for _, inferred := range maker.inferred {
		isMadeUp[inferred.column] = true
	}
	for _, inferred := range maker.inferred {
		end := inferred.column
		if start := maker.table.startOf(end); start != nil && isMadeUp[start] {
			spans = append(spans, span{start, end})
		}
	}
	return spans
}

// override applies the functions of Set to a row. Where one sets the beginning or the end of
// a span, the other moves along with it.
func (maker *rowMaker) override(row reflect.Value, overrides []func(row any)) error {
	if len(overrides) == 0 {
		return nil
	}
	before := make([][2]time.Time, len(maker.spans))
	for i, s := range maker.spans {
		before[i] = [2]time.Time{maker.momentOf(row, s.start), maker.momentOf(row, s.end)}
	}
	for _, override := range overrides {
		override(row.Addr().Interface())
	}
	for i, s := range maker.spans {
		start, end := maker.momentOf(row, s.start), maker.momentOf(row, s.end)
		length := before[i][1].Sub(before[i][0])
		var err error
		switch {
		case start.IsZero() || end.IsZero() || before[i][0].IsZero() || before[i][1].IsZero():
		case !start.Equal(before[i][0]) && end.Equal(before[i][1]):
			err = maker.setMoment(row, s.end, start.Add(length))
		case start.Equal(before[i][0]) && !end.Equal(before[i][1]):
			err = maker.setMoment(row, s.start, end.Add(-length))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// momentOf reads a column of a row that is being made; zero where it has none.
func (maker *rowMaker) momentOf(row reflect.Value, c *column) time.Time {
	var v reflect.Value
	if maker.binding == nil {
		v = reflect.ValueOf(recordOf(row).Values[c.name])
	} else if i := maker.binding.fieldByColumn[c.index]; i >= 0 {
		v = row.FieldByIndex(maker.binding.fields[i].index)
	}
	if v = reflect.Indirect(v); !v.IsValid() {
		return time.Time{}
	}
	at, _ := asMoment(v.Interface())
	return at
}

// setMoment is the counterpart of momentOf.
func (maker *rowMaker) setMoment(row reflect.Value, c *column, at time.Time) error {
	var v any = at
	if c.Type.Underlying().Name == "date" {
		v = at.Format(time.DateOnly)
	}
	if maker.binding == nil {
		recordOf(row).Set(c.name, v)
		return nil
	}
	return maker.binding.storeField(row, c.index, v)
}
