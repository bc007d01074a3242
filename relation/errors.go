package relation

import "fmt"

// NotLoadedError says which relation was touched without having been loaded.
type NotLoadedError struct {
	Relation string // as its Named says, such as "Dataset.Owner"
	Loader   string // what loads it
}

func (e *NotLoadedError) Error() string {
	return fmt.Sprintf("relation %s is not loaded: call %s first", e.Relation, e.Loader)
}

func notLoaded[R Named]() error {
	name, loader := nameOf[R]()
	return &NotLoadedError{Relation: name, Loader: loader}
}
