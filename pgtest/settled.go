package pgtest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// settled are the fields of a Server as its first test found them, by name: what is
// assigned later would change nothing, and no test would tell.
type settled map[string]string

// settle notes the exported fields.
func (s *Server) settle() settled {
	out := settled{}
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() {
			out[field.Name] = identity(v.Field(i))
		}
	}
	return out
}

// identity is equal for two values where they are the same. Of functions, and of maps of
// anything but strings, it is which they are: what is in them may be large.
func identity(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() {
			return ""
		}
		return v.Elem().Type().String() + " " + identity(v.Elem())
	case reflect.Func, reflect.Pointer:
		return fmt.Sprint(v.Pointer())
	case reflect.Map:
		if v.Type().Elem().Kind() != reflect.String {
			return fmt.Sprint(v.Pointer(), v.Len())
		}
	}
	return fmt.Sprintf("%#v", v.Interface()) // sorts maps
}

// checkSettled returns an error where fields were assigned after the first test.
func (s *Server) checkSettled() error {
	var changed []string
	for name, now := range s.settle() {
		if s.settled[name] != now {
			changed = append(changed, "Server."+name)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	slices.Sort(changed)
	return fmt.Errorf("%s changed since the first test used this Server, which was made from what it was then: "+
		"say all where the variable is declared, before any test, or make a Server of its own for what is to differ", strings.Join(changed, ", "))
}
