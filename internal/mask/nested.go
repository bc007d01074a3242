package mask

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
)

// array masks the elements of an array: {a,"b c",NULL}.
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
	return bounds + maskItems(v, "{}", delimiter, func(_ int, item string) string { return m.value(elem, kind, length, item) })
}

// composite masks the attributes of a row, (a,"b c",), by their names.
func (m masker) composite(t *catalog.Type, kind Kind, v string) string {
	return maskItems(v, "()", ',', func(i int, item string) string {
		if i >= len(t.Attributes) {
			return item
		}
		a := t.Attributes[i]
		own := partKind(kind, KindOf("", a.Name))
		return m.value(a.Type, own, a.Length, item)
	})
}

// partKind returns the kind of a part of a value: a secret's parts are secret; other parts
// have the kind of their own name, or else the whole's.
func partKind(whole, part Kind) Kind {
	if whole == Secret || whole == Identifier || part == Plain {
		return whole
	}
	return part
}

// maskItems masks the items of Postgres's array or row syntax, nested arrays included.
// NULL and empty items stay.
func maskItems(v, brackets string, delimiter byte, mask func(i int, item string) string) string {
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

// hstore masks the values of "key"=>"value" by their keys.
func (m masker) hstore(kind Kind, v string) string {
	unescape := strings.NewReplacer(`\\`, `\`, `\"`, `"`)
	return hstorePair.ReplaceAllStringFunc(v, func(pair string) string {
		p := hstorePair.FindStringSubmatchIndex(pair)
		if p[4] < 0 {
			return pair
		}
		key, value := unescape.Replace(pair[p[2]:p[3]]), unescape.Replace(pair[p[4]:p[5]])
		return pair[:p[4]-1] + quote(m.text(partKind(kind, KindOf("", key)), 0, value))
	})
}

var (
	xmlElement   = regexp.MustCompile(`<([A-Za-z_][\w.:-]*)((?:\s[^<>]*)?)>([^<>]*)</`)
	xmlAttribute = regexp.MustCompile(`([A-Za-z_][\w.:-]*)\s*=\s*("[^"<]*"|'[^'<]*')`)
)

// xml masks elements and attributes by their names, and other text by its form.
func (m masker) xml(kind Kind, v string) string {
	if kind == Secret || kind == Identifier {
		return "<" + secretMask(v) + "/>"
	}
	v = xmlElement.ReplaceAllStringFunc(v, func(e string) string {
		p := xmlElement.FindStringSubmatch(e)
		own := partKind(kind, KindOf("", localName(p[1])))
		return "<" + p[1] + p[2] + ">" + m.text(own, 0, p[3]) + "</"
	})
	v = xmlAttribute.ReplaceAllStringFunc(v, func(a string) string {
		p := xmlAttribute.FindStringSubmatch(a)
		if own := KindOf("", localName(p[1])); own != Plain {
			return p[1] + "=" + p[2][:1] + m.text(own, 0, p[2][1:len(p[2])-1]) + p[2][:1]
		}
		return a
	})
	return FreeText(v)
}

func localName(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

// json masks members by their keys, and other texts by their form. A document without
// private values stays unchanged, white space included.
func (m masker) json(kind Kind, v string) string {
	d := jsonMasker{masker: m}
	if err := d.value(kind, json.RawMessage(v)); err != nil || !d.changed {
		return v
	}
	return d.out.String()
}

// jsonMasker writes a masked copy of a document.
type jsonMasker struct {
	masker
	out     strings.Builder
	changed bool
}

func (d *jsonMasker) value(kind Kind, raw json.RawMessage) error {
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
		d.writeString(s)
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

func (d *jsonMasker) array(kind Kind, in *json.Decoder) error {
	d.out.WriteByte('[')
	for i := 0; in.More(); i++ {
		var item json.RawMessage
		if err := in.Decode(&item); err != nil {
			return err
		}
		d.writeComma(i)
		if err := d.value(kind, item); err != nil {
			return err
		}
	}
	d.out.WriteByte(']')
	return nil
}

// object masks the members of an object. "name" is a person's name if another member, such
// as an e-mail address, belongs to a person.
func (d *jsonMasker) object(kind Kind, in *json.Decoder) error {
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
			m.kind = Plain // {"tokens": 512} is a count
		}
		person = person || m.kind == Email || m.kind == Phone || m.kind == Birth || m.kind == Person
		members = append(members, m)
	}
	d.out.WriteByte('{')
	for i, m := range members {
		if person && snakeCase(m.key) == "name" {
			m.kind = Person
		}
		d.writeComma(i)
		d.writeString(m.key)
		d.out.WriteString(": ")
		if err := d.value(partKind(kind, m.kind), m.value); err != nil {
			return err
		}
	}
	d.out.WriteByte('}')
	return nil
}

func isNumber(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9')
}

func (d *jsonMasker) writeComma(i int) {
	if i > 0 {
		d.out.WriteString(", ")
	}
}

func (d *jsonMasker) writeString(s string) {
	text, _ := json.Marshal(s) // a string always can be
	d.out.Write(text)
}
