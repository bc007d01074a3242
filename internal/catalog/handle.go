package catalog

import (
	"errors"
	"reflect"
)

// CheckHandle returns an error where a handle of a database is nil, or a nil pointer: a variable
// that nothing was assigned to.
func CheckHandle(db any) error {
	if v := reflect.ValueOf(db); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return errors.New("the database is nil: pass the pool, connection or transaction that was opened, as the db of db := pg.DB(t)")
	}
	return nil
}
