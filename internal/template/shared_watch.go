package template

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A SharedError says that a layer which is no base, a seed, has changed what all
// databases of the server share: it made a role, perhaps. The server is retired, and
// server.Joined is true of the layers' Key from now on: they are all to be the base of
// a server of their own.
type SharedError struct {
	Layer   string
	Changed []string // "role app"
}

// Error names what has changed.
func (e *SharedError) Error() string {
	return fmt.Sprintf("the %s changed what all databases of the server share: %s", e.Layer, strings.Join(e.Changed, ", "))
}

// A sharedWatch compares what databases share before and after a layer is built.
type sharedWatch struct {
	store  *Store
	layers []Layer
	before map[sharedItem]string // nil: nothing is compared
}

func (s *Store) watchShared(ctx context.Context, layers []Layer) (w *sharedWatch, err error) {
	w = &sharedWatch{store: s, layers: layers}
	if w.layer().Base && !s.server.External() || !s.server.Super() {
		return w, nil
	}
	// The base is on record before a seed can change it.
	if s.shared == nil && !s.server.External() {
		if s.shared, err = s.openShared(ctx); err != nil {
			return nil, err
		}
	}
	w.before, err = s.readShared(ctx)
	return w, err
}

func (w *sharedWatch) layer() Layer { return w.layers[len(w.layers)-1] }

// end looks what the layer has changed; built is the error of its steps. A test of
// another process may change something meanwhile, which is taken for the layer's: that
// costs a server and no more.
func (w *sharedWatch) end(ctx context.Context, built error) error {
	if w.before == nil {
		return built
	}
	s := w.store
	ctx = context.WithoutCancel(ctx)
	after, err := s.readShared(ctx)
	if err != nil {
		return errors.Join(built, err)
	}
	changed := changedItems(w.before, after)
	if s.server.External() {
		s.sharedByBuild = append(s.sharedByBuild, changed...)
		return built
	}
	if built != nil {
		// A seed that was killed before may have left what this one stumbled on.
		changed = changedItems(s.shared.base, after)
	}
	if len(changed) == 0 {
		return built
	}
	why := &SharedError{w.layer().Name, changed}
	if built == nil {
		if err := s.server.Join(Key(w.layers)); err != nil {
			return err
		}
		built = why
	}
	return errors.Join(built, s.server.Retire(ctx, why.Error()))
}

// ChangedByBuild is what the templates that this process has built on an external
// server have changed beside their databases.
func (s *Store) ChangedByBuild() []string { return s.sharedByBuild }

// changedItems lists what differs between two states, sorted.
func changedItems(before, after map[sharedItem]string) []string {
	changed := map[string]bool{}
	for item, state := range after {
		if was, there := before[item]; !there || was != state {
			changed[item.String()] = true
		}
	}
	for item := range before {
		if _, there := after[item]; !there {
			changed[item.String()] = true
		}
	}
	return slices.Sorted(maps.Keys(changed))
}
