package mask

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// array masks the elements of an array, {a,"b c",NULL}.
func (m masker) array(elem *catalog.Type, kind Kind, length int, v string) string {
	delimiter := byte(',')
	if elem.Underlying().Name == "box" {
		delimiter = ';'
	}
	bounds := ""
	if strings.HasPrefix(v, "[") { // [0:1]={…}
		if i := strings.IndexByte(v, '{'); i > 0 {
			bounds, v = v[:i], v[i:]
		}
	}
	return bounds + fields(v, "{}", delimiter, func(_ int, item string) string { return m.value(elem, kind, length, item) })
}

// composite masks the attributes of a row, (a,"b c",), each as its name says; what a
// secret column holds is one.
func (m masker) composite(t *catalog.Type, kind Kind, v string) string {
	return fields(v, "()", ',', func(i int, item string) string {
		if i >= len(t.Attributes) {
			return item
		}
		a := t.Attributes[i]
		own := inside(kind, KindOf("", a.Name))
		return m.value(a.Type, own, a.Length, item)
	})
}

// inside is the kind of a part: what the whole is wins where it is secret, else the
// part's own name.
func inside(whole, part Kind) Kind {
	if whole == Secret || whole == Identifier || part == Plain {
		return whole
	}
	return part
}

// fields rewrites the items of Postgres's array or row syntax. A nested array is walked
// as well; NULL and nothing stay.
func fields(v, brackets string, delimiter byte, mask func(i int, item string) string) string {
	var out, item strings.Builder
	index, quoted, inQuotes := 0, false, false
	flush := func() {
		text := item.String()
		switch {
		case !quoted && (text == "" || brackets == "{}" && strings.EqualFold(text, "null")):
			out.WriteString(text)
		default:
			out.WriteString(quote(mask(index, text)))
		}
		item.Reset()
		quoted = false
	}
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case inQuotes && c == '\\' && i+1 < len(v):
			i++
			item.WriteByte(v[i])
		case inQuotes && c == '"' && i+1 < len(v) && v[i+1] == '"' && brackets == "()":
			i++
			item.WriteByte('"')
		case c == '"':
			inQuotes = !inQuotes
			quoted = true
		case inQuotes:
			item.WriteByte(c)
		case c == '\\' && i+1 < len(v):
			i++
			item.WriteByte(v[i])
			quoted = true
		case c == brackets[0] && (i == 0 || brackets == "{}"):
			out.WriteByte(c)
		case c == brackets[1] && (i == len(v)-1 || brackets == "{}"):
			if item.Len() > 0 || quoted || v[i-1] != brackets[1] {
				flush()
			}
			out.WriteByte(c)
		case c == delimiter:
			if item.Len() > 0 || quoted || v[i-1] != brackets[1] {
				flush()
			}
			out.WriteByte(c)
			index++
		default:
			item.WriteByte(c)
		}
	}
	return out.String()
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

var hstorePair = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"=>(?:NULL|"((?:[^"\\]|\\.)*)")`)

// hstore masks the values of "key"=>"value", as the keys say.
func (m masker) hstore(kind Kind, v string) string {
	unescape := strings.NewReplacer(`\\`, `\`, `\"`, `"`)
	return hstorePair.ReplaceAllStringFunc(v, func(pair string) string {
		p := hstorePair.FindStringSubmatchIndex(pair)
		if p[4] < 0 {
			return pair
		}
		key, value := unescape.Replace(pair[p[2]:p[3]]), unescape.Replace(pair[p[4]:p[5]])
		return pair[:p[4]-1] + quote(m.text(inside(kind, KindOf("", key)), 0, value))
	})
}

var (
	element   = regexp.MustCompile(`<([A-Za-z_][\w.:-]*)((?:\s[^<>]*)?)>([^<>]*)</`)
	attribute = regexp.MustCompile(`([A-Za-z_][\w.:-]*)\s*=\s*("[^"<]*"|'[^'<]*')`)
)

// xml masks elements and attributes as their names say, and shapes everywhere.
func (m masker) xml(kind Kind, v string) string {
	if kind == Secret || kind == Identifier {
		return "<" + secretWord(v) + "/>"
	}
	v = element.ReplaceAllStringFunc(v, func(e string) string {
		p := element.FindStringSubmatch(e)
		own := inside(kind, KindOf("", local(p[1])))
		return "<" + p[1] + p[2] + ">" + m.text(own, 0, p[3]) + "</"
	})
	v = attribute.ReplaceAllStringFunc(v, func(a string) string {
		p := attribute.FindStringSubmatch(a)
		if own := KindOf("", local(p[1])); own != Plain {
			return p[1] + "=" + p[2][:1] + m.text(own, 0, p[2][1:len(p[2])-1]) + p[2][:1]
		}
		return a
	})
	return Shapes(v)
}

func local(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

// json masks what keys say is private, and shapes in texts. What has none of that stays
// as it is, white space and all.
func (m masker) json(kind Kind, v string) string {
	d := jsonDocument{masker: m}
	if err := d.value(kind, json.RawMessage(v)); err != nil || !d.changed {
		return v
	}
	return d.out.String()
}

type jsonDocument struct {
	masker
	out     strings.Builder
	changed bool
}

func (d *jsonDocument) value(kind Kind, raw json.RawMessage) error {
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber()
	token, err := in.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '[' {
			return d.array(kind, in)
		}
		return d.object(kind, in)
	case string:
		s := d.text(kind, 0, token)
		d.changed = d.changed || s != token
		d.quoted(s)
	case json.Number:
		s := token.String()
		if kind == Secret || kind == Identifier || kind == Phone {
			s = scrambleDigits(s, d.attempt)
		}
		d.changed = d.changed || s != token.String()
		d.out.WriteString(s)
	default: // true, false, null
		d.out.Write(bytes.TrimSpace(raw))
	}
	return nil
}

func (d *jsonDocument) array(kind Kind, in *json.Decoder) error {
	d.out.WriteByte('[')
	for i := 0; in.More(); i++ {
		var item json.RawMessage
		if err := in.Decode(&item); err != nil {
			return err
		}
		d.comma(i)
		if err := d.value(kind, item); err != nil {
			return err
		}
	}
	d.out.WriteByte(']')
	return nil
}

// object masks the members of an object. A bare "name" is a person's where another
// member says that the object is about one.
func (d *jsonDocument) object(kind Kind, in *json.Decoder) error {
	type member struct {
		key   string
		kind  Kind
		value json.RawMessage
	}
	var members []member
	person := false
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return err
		}
		m := member{key: key.(string), kind: KindOf("", key.(string))}
		if err := in.Decode(&m.value); err != nil {
			return err
		}
		if m.kind == Secret && isNumber(m.value) {
			m.kind = Plain // {"tokens": 512} counts them
		}
		person = person || m.kind == Email || m.kind == Phone || m.kind == Birth || m.kind == Person
		members = append(members, m)
	}
	d.out.WriteByte('{')
	for i, m := range members {
		if person && snake(m.key) == "name" {
			m.kind = Person
		}
		d.comma(i)
		d.quoted(m.key)
		d.out.WriteString(": ")
		if err := d.value(inside(kind, m.kind), m.value); err != nil {
			return err
		}
	}
	d.out.WriteByte('}')
	return nil
}

func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9')
}

func (d *jsonDocument) comma(i int) {
	if i > 0 {
		d.out.WriteString(", ")
	}
}

func (d *jsonDocument) quoted(s string) {
	text, _ := json.Marshal(s) // a string always can be
	d.out.Write(text)
}
