package factory_test

import (
	"reflect"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/internal/fake"
)

// factory.Value has every method of fake.Value.
func TestValueHasEveryMethod(t *testing.T) {
	t.Parallel()
	inner, outer := reflect.TypeFor[*fake.Value](), reflect.TypeFor[*factory.Value]()
	for i := range inner.NumMethod() {
		name := inner.Method(i).Name
		if _, ok := outer.MethodByName(name); !ok && name != "Match" { // patterns are for CHECKs only
			t.Errorf("factory.Value has no %s", name)
		}
	}
	if outer.NumMethod() < 40 {
		t.Errorf("only %d methods", outer.NumMethod())
	}
}

// Each method of factory.Value returns what the method of fake.Value returns for the cell.
func TestValueIsTheSame(t *testing.T) {
	t.Parallel()
	cells := fake.New(3, "things", fake.Epoch)
	cells.At(12)
	of := func(v any, name string) any {
		m := reflect.ValueOf(v).MethodByName(name)
		var args []reflect.Value
		for i := range m.Type().NumIn() {
			arg := reflect.New(m.Type().In(i)).Elem()
			switch {
			case arg.Kind() == reflect.Slice:
				arg = reflect.ValueOf([]string{"a", "b", "c"})
			case arg.CanInt():
				arg.SetInt(int64(7 * (i + 1)))
			case arg.CanUint():
				arg.SetUint(99)
			case arg.CanFloat():
				arg.SetFloat(float64(i) + 0.5)
			}
			args = append(args, arg)
		}
		if m.Type().IsVariadic() {
			return m.CallSlice(args)[0].Interface()
		}
		return m.Call(args)[0].Interface()
	}
	typ := reflect.TypeFor[*factory.Value]()
	for i := range typ.NumMethod() {
		name := typ.Method(i).Name
		want := of(cells.Of("column"), name)
		if id, ok := want.([16]byte); ok {
			want = factory.UUID(id)
		}
		if got := of((*factory.Cells)(cells).Of("column"), name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
