package sanitize

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// key starts a member of the innermost object: its value follows.
func (c *cleaner) key(t text) {
	l := c.top()
	if c.stop || l.full {
		return
	}
	l.name = t.meaning()
	clean := c.inspect(&t)
	read := asRead(l.name)
	repeated := !l.keys.add(read)
	if repeated {
		c.repeatedKey(&t, read)
	}
	c.pending = c.pending[:0]
	if clean && !repeated && !l.keys.renamed[read] {
		c.pending = c.appendText(c.pending, &t, true)
	} else {
		name, _ := c.p.cleanText(l.name, c.p.MaxString)
		if repeated || name != read || l.keys.renamed[name] {
			name = l.keys.rename(name, c.p.MaxString)
		}
		c.pending = appendQuoted(c.pending, name)
	}
	c.pending = append(c.pending, ':')
}

func (c *cleaner) repeatedKey(t *text, read string) {
	f := Finding{Rule: duplicateKey, Count: 1, Detail: "the key " + quoteASCII(read) + " is written twice in one object"}
	if t.literal {
		f.In, f.Offset = t.in, t.base-1
		f.Bytes, f.Excerpt = excerpt(t.whole, f.Offset, len(t.s)+2)
	}
	c.record(f)
}

// asRead is what a reader of the encoded JSON gets for s.
func asRead(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.Map(func(r rune) rune { return r }, s) // each invalid byte becomes U+FFFD
}

// path of the value that is being written.
func (c *cleaner) path() string {
	var b strings.Builder
	b.WriteByte('$')
	for i := range c.levels {
		switch l := &c.levels[i]; {
		case l.object:
			appendName(&b, l.name)
		case l.index >= 0:
			fmt.Fprintf(&b, "[%d]", l.index)
		}
	}
	return b.String()
}

// keySet holds the keys of one object so far, as a reader gets them.
type keySet struct {
	few     []string
	many    map[string]struct{}
	renamed map[string]bool // the names that others got in their place
}

// fewKeys is how many are compared one by one before a map is made.
const fewKeys = 16

func (s *keySet) has(key string) bool {
	if s.many == nil {
		return slices.Contains(s.few, key)
	}
	_, there := s.many[key]
	return there
}

// add returns false where the key is there already.
func (s *keySet) add(key string) bool {
	if s.has(key) {
		return false
	}
	if s.many != nil {
		s.many[key] = struct{}{}
		return true
	}
	s.few = append(s.few, key)
	if len(s.few) > fewKeys {
		s.many = make(map[string]struct{}, 4*fewKeys)
		for _, k := range s.few {
			s.many[k] = struct{}{}
		}
	}
	return true
}

// rename returns name, or name~2, name~3, …, the first that the object does not have.
func (s *keySet) rename(name string, limit int) string {
	renamed := name
	for n := 2; s.has(renamed) || s.renamed[renamed]; n++ {
		renamed = numbered(name, n, limit)
	}
	if s.renamed == nil {
		s.renamed = map[string]bool{}
	}
	s.renamed[renamed] = true
	return renamed
}

// unused returns a key for the marker of what was dropped.
func (s *keySet) unused(name string) string { return s.rename(name, leastString) }

// numbered makes room for the number where the name fills its limit.
func numbered(name string, n, limit int) string {
	suffix := fmt.Sprintf("~%d", n)
	end := min(len(name), limit-len(suffix))
	for end > 0 && end < len(name) && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + suffix
}
