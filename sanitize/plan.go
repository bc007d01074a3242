package sanitize

import (
	"encoding"
	"encoding/json"
	"net"
	"reflect"
	"sync"
	"time"
)

var (
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
	numberType        = reflect.TypeFor[json.Number]()
	rawMessageType    = reflect.TypeFor[json.RawMessage]()
	timeType          = reflect.TypeFor[time.Time]()
	hardwareAddrType  = reflect.TypeFor[net.HardwareAddr]()
)

// plan is what encoding/json does with values of one type.
type plan struct {
	form form
	// ptrJSON and ptrText: the method has a pointer receiver, so it is used
	// only where the value is addressable.
	ptrJSON, ptrText bool
	elem             *plan   // of a pointer, slice, array or map
	fields           []field // of a struct
}

// form is how a value is encoded, once no pointer method applies.
type form byte

const (
	formUnencodable form = iota
	formBool
	formInt
	formUint
	formFloat
	formString
	formNumber    // json.Number
	formRaw       // json.RawMessage
	formTime      // time.Time
	formInfinity  // what pgx reads for a time that is infinite
	formJSON      // MarshalJSON
	formText      // MarshalText
	formBytes     // slice of bytes
	formByteArray // array of bytes
	formSlice     // and arrays
	formMap
	formStruct
	formPointer
	formInterface
)

var plans sync.Map // reflect.Type to *plan

// planOf returns the plan of t. Plans are made once a type.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	made := make(map[reflect.Type]*plan)
	p := makePlan(t, made)
	// Published only now, when all of them are whole.
	for t, p := range made {
		plans.LoadOrStore(t, p)
	}
	return p
}

func makePlan(t reflect.Type, made map[reflect.Type]*plan) *plan {
	if p, ok := made[t]; ok {
		return p
	}
	p := &plan{form: formOf(t)}
	made[t] = p
	ptr := reflect.PointerTo(t)
	p.ptrJSON = ptr.Implements(marshalerType) && !t.Implements(marshalerType)
	p.ptrText = ptr.Implements(textMarshalerType) && !t.Implements(textMarshalerType)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		p.elem = makePlan(t.Elem(), made)
	case reflect.Struct:
		p.fields = fieldsOf(t, made)
	}
	return p
}

// formOf follows encoding/json's own order: the special types here only save
// calling their MarshalJSON.
func formOf(t reflect.Type) form {
	switch t {
	case numberType:
		return formNumber
	case rawMessageType:
		return formRaw
	case timeType:
		return formTime
	}
	if t.Name() == "InfinityModifier" && t.PkgPath() == "github.com/jackc/pgx/v5/pgtype" {
		return formInfinity
	}
	switch {
	case t.Kind() == reflect.Pointer:
		// Its methods are those of what it points to, which is addressable there.
		return formPointer
	case t.Implements(marshalerType):
		return formJSON
	case t.Implements(textMarshalerType):
		return formText
	}
	return formOfKind(t)
}

func formOfKind(t reflect.Type) form {
	switch t.Kind() {
	case reflect.Bool:
		return formBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return formInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return formUint
	case reflect.Float32, reflect.Float64:
		return formFloat
	case reflect.String:
		return formString
	case reflect.Interface:
		return formInterface
	case reflect.Pointer:
		return formPointer
	case reflect.Struct:
		return formStruct
	case reflect.Slice, reflect.Array:
		return formOfList(t)
	case reflect.Map:
		if mapKeyEncodes(t.Key()) {
			return formMap
		}
		return formUnencodable
	}
	return formUnencodable
}

// formOfList knows that encoding/json writes bytes as base64 only in slices, and
// only where the byte type does not encode itself.
func formOfList(t reflect.Type) form {
	if t.Elem().Kind() != reflect.Uint8 {
		return formSlice
	}
	ptr := reflect.PointerTo(t.Elem())
	if ptr.Implements(marshalerType) || ptr.Implements(textMarshalerType) {
		return formSlice
	}
	if t.Kind() == reflect.Slice {
		return formBytes
	}
	return formByteArray
}

func mapKeyEncodes(t reflect.Type) bool {
	switch formOfKind(t) {
	case formString, formInt, formUint:
		return true
	}
	return t.Implements(textMarshalerType)
}

// formFor returns how v is encoded where it stands.
func (p *plan) formFor(v reflect.Value) form {
	switch {
	case p.ptrJSON && v.CanAddr():
		return formJSON
	case p.form == formJSON:
		return formJSON
	case p.ptrText && v.CanAddr():
		return formText
	}
	return p.form
}
