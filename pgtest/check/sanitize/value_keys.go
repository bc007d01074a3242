package sanitize

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"unicode/utf8"
)

// entries returns the members of a map, sorted by what their keys were, under
// names that are clean and distinct.
func (w *rewriter) entries(v reflect.Value, p *plan) (items []item, renamed bool) {
	renamed = p.form == formBadMap
	items = make([]item, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		name, ok := nameOfKey(it.Key(), p)
		renamed = renamed || !ok
		items = append(items, item{name: name, key: it.Key(), was: it.Value(), plan: p.elem})
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.name, b.name) })
	names := make([]string, len(items))
	for i := range items {
		names[i] = items[i].name
	}
	names, some := w.p.distinct(names)
	for i := range items {
		items[i].name = names[i]
	}
	return items, renamed || some
}

// nameOfKey returns a name for a map key; false where encoding/json has none.
func nameOfKey(k reflect.Value, p *plan) (string, bool) {
	if p.form == formMap {
		name, err := keyText(k)
		if err != nil {
			return failedMarker, false
		}
		return name, true
	}
	if k.Kind() == reflect.Interface && !k.IsNil() {
		k = k.Elem()
	}
	switch k.Kind() {
	case reflect.Bool, reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return fmt.Sprint(k), false
	case reflect.Array:
		if k.Len() == 16 && formOfList(k.Type()) == formByteArray {
			return uuidText(bytesOf(k)), false
		}
	}
	if mapKeyEncodes(k.Type()) {
		name, err := keyText(k)
		if err == nil {
			return name, false
		}
	}
	return typeMarker(k.Kind()), false
}

// distinct returns names clean, and numbered (~2, ~3) where they would be equal.
// A name that is clean and the first of its kind stays, whatever comes before.
func (p *Policy) distinct(names []string) (out []string, renamed bool) {
	taken := make(map[string]bool, len(names))
	out = make([]string, len(names))
	var later []int
	for i, name := range names {
		clean, dirty := p.cleanText(name, p.MaxString)
		out[i] = clean
		if dirty || taken[clean] {
			later = append(later, i)
			continue
		}
		taken[clean] = true
	}
	count := make(map[string]int)
	for _, i := range later {
		base := out[i]
		for taken[out[i]] {
			count[base] = max(count[base], 1) + 1
			out[i] = numbered(base, count[base], p.MaxString)
		}
		taken[out[i]] = true
	}
	return out, len(later) > 0
}

// numbered makes room for the number where the name fills its limit.
func numbered(name string, n, limit int) string {
	suffix := fmt.Sprintf("~%d", n)
	end := min(len(name), limit-len(suffix))
	for end > 0 && end < len(name) && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + suffix
}
