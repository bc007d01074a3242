package sanitize

import "reflect"

// inside runs f one level down, unless that must not be.
func (w *rewriter) inside(v reflect.Value, f func() (any, outcome)) (any, outcome) {
	switch w.down(v, true) {
	case Cycle:
		return w.text(cycleMarker)
	case TooDeep:
		return w.text(deepMarker(w.limit))
	}
	defer w.up(v, true)
	return f()
}

func (w *rewriter) list(v reflect.Value, p *plan) (any, outcome) {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return nil, w.take(4)
	}
	return w.inside(v, func() (any, outcome) {
		m, o := w.collect(v.Len(),
			func(i int) item { return item{was: v.Index(i), plan: p.elem} },
			func(*item) int { return 1 })
		if o == noRoom || m.same() {
			return nil, o
		}
		w.mark(m, "elements", "")
		return m.list(v), changed
	})
}

// mapping rewrites a map, also one whose keys encoding/json refuses.
func (w *rewriter) mapping(v reflect.Value, p *plan) (any, outcome) {
	if v.IsNil() && p.form == formMap {
		return nil, w.take(4)
	}
	return w.inside(v, func() (any, outcome) {
		entries, renamed := w.entries(v, p)
		m, o := w.collect(len(entries), func(i int) item { return entries[i] }, nameCost)
		if o == noRoom {
			return nil, noRoom
		}
		m.renamed = renamed
		if m.same() {
			return nil, same
		}
		w.mark(m, "members", m.freeName())
		return m.mapping(v.Type()), changed
	})
}

func nameCost(it *item) int { return encodedLen(it.name) + 2 }

// object rewrites an Object.
func (w *rewriter) object(v reflect.Value) (any, outcome) {
	if v.IsNil() {
		return nil, w.take(4)
	}
	return w.inside(v, func() (any, outcome) {
		names := make([]string, v.Len())
		for i, m := range v.Interface().(Object) {
			names[i] = m.Name
		}
		names, renamed := w.p.distinct(names)
		anyPlan := planOf(reflect.TypeFor[any]())
		m, o := w.collect(v.Len(), func(i int) item {
			return item{name: names[i], was: v.Index(i).Field(1), plan: anyPlan}
		}, nameCost)
		if o == noRoom {
			return nil, noRoom
		}
		m.renamed = renamed
		if m.same() {
			return nil, same
		}
		w.mark(m, "members", m.freeName())
		return m.object(), changed
	})
}

// structure rewrites a struct.
func (w *rewriter) structure(v reflect.Value, p *plan) (any, outcome) {
	return w.inside(v, func() (any, outcome) {
		written := fieldItems(v, p)
		m, o := w.collect(len(written), func(i int) item { return written[i] },
			func(it *item) int { return it.field.nameLen + 1 })
		if o == noRoom || m.same() {
			return nil, o
		}
		w.mark(m, "members", m.freeName())
		if out, ok := m.structure(v); ok {
			return out, changed
		}
		return m.object(), changed
	})
}

// fieldItems returns the members that encoding/json writes for the struct v.
func fieldItems(v reflect.Value, p *plan) []item {
	items := make([]item, 0, len(p.fields))
	for i := range p.fields {
		f := &p.fields[i]
		if fv, ok := f.in(v); ok {
			items = append(items, item{name: f.name, was: fv, plan: f.plan, field: f})
		}
	}
	return items
}
