package mask

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// form is the mask of a text of a kind. The first tries are what a reader knows for a
// mask; then come texts of the value's own form, with more and more of its beginning.
func (m masker) form(kind Kind, length int, v string) string {
	masks := known(kind, v)
	if m.try < len(masks) {
		if mask := masks[m.try]; length == 0 || utf8.RuneCountInString(mask) <= length {
			return mask
		}
		if m.try == 0 {
			return short(length, v)
		}
	}
	return Likeness(v, max(0, m.try-len(masks)))
}

// known are the masks that a reader knows for such, the best first. One that is a mask
// already stays as it is, so that a masked database is masked as it was.
func known(kind Kind, v string) []string {
	switch kind {
	case Email:
		return []string{mailFor(v)}
	case Phone:
		return []string{phoneFor(v)}
	case Person:
		return namesFor(v)
	case Address:
		return []string{marked("place", v)}
	case Network:
		if strings.Count(v, ":") < 2 && strings.Count(v, ".") != 3 {
			return []string{secretWord(v)}
		}
		return []string{hostFor(v)}
	case Birth:
		if len(v) >= 10 && v[4] == '-' {
			return []string{v[:4] + "-01-01" + v[10:]}
		}
	}
	return []string{secretWord(v)}
}

// digest is what a value's mask is made from.
func digest(v string) uint64 {
	sum := sha256.Sum256([]byte("seedbed mask\x00" + v))
	return binary.BigEndian.Uint64(sum[:])
}

var (
	mailMask   = regexp.MustCompile(`^user-[0-9a-f]{1,10}@masked\.test$`)
	markMask   = regexp.MustCompile(`^(masked|place)-[0-9a-f]{1,12}$`)
	phoneMask  = regexp.MustCompile(`^\+1555[0-9]{7}$`)
	nameMask   = regexp.MustCompile(`^([A-Z][a-z]+) ([A-Z][a-z]+)( [0-9a-f]{1,6}( (Ltd|Inc|GmbH|AG|LLC|SA|BV|Oy|AB|SARL))?)?$`)
	handleMask = regexp.MustCompile(`^([a-z]+)_[0-9a-f]{6}$`)
	wordMask   = regexp.MustCompile(`^Masked[a-p]{6}$`)
	hostMask   = regexp.MustCompile(`^203\.0\.113\.[0-9]{1,3}(/32)?$`)
	shortMask  = regexp.MustCompile(`^x[0-9a-f]*$`)
)

func mailFor(v string) string {
	if mailMask.MatchString(v) {
		return v
	}
	return fmt.Sprintf("user-%010x@masked.test", digest(strings.ToLower(v))>>24)
}

func phoneFor(v string) string {
	if phoneMask.MatchString(v) {
		return v
	}
	return fmt.Sprintf("+1555%07d", digest(v)%10_000_000)
}

// namesFor makes a name that no person has, and different ones for different people,
// in forms that CHECKs of names ask for: a whole one, a handle, two words, one word. A
// company's name stays one.
func namesFor(v string) []string {
	if isNameMask(v) {
		return []string{v}
	}
	n := digest(v)
	first, last := firstNames[n%uint64(len(firstNames))], lastNames[n>>8%uint64(len(lastNames))]
	name := fmt.Sprintf("%s %s %06x", first, last, n>>40)
	if form := company.FindString(v); form != "" {
		name += " " + strings.Trim(form, " .,")
	}
	letters := []byte(fmt.Sprintf("%06x", n>>40))
	for i, c := range letters {
		if c <= '9' {
			letters[i] = 'g' + c - '0'
		}
	}
	return []string{name, fmt.Sprintf("%s_%06x", strings.ToLower(first), n>>40), first + " " + last, "Masked" + string(letters)}
}

// isNameMask knows the masks that namesFor makes.
func isNameMask(v string) bool {
	if m := handleMask.FindStringSubmatch(v); m != nil {
		return slices.ContainsFunc(firstNames, func(name string) bool { return strings.EqualFold(name, m[1]) })
	}
	m := nameMask.FindStringSubmatch(v)
	return wordMask.MatchString(v) || m != nil && slices.Contains(firstNames, m[1]) && slices.Contains(lastNames, m[2])
}

var company = regexp.MustCompile(`[ ,](Ltd|Inc|GmbH|AG|LLC|SA|BV|Oy|AB|SARL)\.?$`)

var (
	firstNames = []string{"Alex", "Billie", "Charlie", "Dana", "Eden", "Frankie", "Gray", "Harper", "Indigo", "Jules", "Kim", "Lee", "Morgan", "Noel", "Parker", "Quinn"}
	lastNames  = []string{"Ash", "Birch", "Cedar", "Elder", "Fern", "Gorse", "Hazel", "Ivy", "Juniper", "Larch", "Maple", "Oak", "Pine", "Rowan", "Spruce", "Willow"}
)

// hostFor is an address of the network that RFC 5737 keeps for documentation.
func hostFor(v string) string {
	if hostMask.MatchString(v) {
		return strings.TrimSuffix(v, "/32")
	}
	if strings.Count(v, ":") == 5 && len(v) == 17 { // a MAC address, of RFC 7042's range
		n := digest(v)
		return fmt.Sprintf("00:00:5e:00:53:%02x", byte(n))
	}
	return fmt.Sprintf("203.0.113.%d", digest(v)%256)
}

func secretWord(v string) string { return marked("masked", v) }

func marked(word, v string) string {
	if markMask.MatchString(v) {
		return v
	}
	return fmt.Sprintf("%s-%012x", word, digest(v)>>16)
}

// short is a mask for columns that have no room for another one: x and digits.
func short(length int, v string) string {
	switch {
	case len(v) == length && shortMask.MatchString(v):
		return v
	case length < 4:
		return strings.Repeat("x", length)
	}
	return fmt.Sprintf("x%016x", digest(v))[:min(length, 17)]
}

// Likeness is a text of v's form: digits for digits, letters for letters, hexadecimal
// for hexadecimal, the scheme of a URL and the rest as they are. Every second step keeps
// one character more of its beginning, up to a half, which a CHECK may ask for; every
// other one is another likeness.
func Likeness(v string, step int) string {
	if raw, err := hex.DecodeString(strings.TrimPrefix(v, `\x`)); err == nil && strings.HasPrefix(v, `\x`) {
		return likenessOfBytes(raw, step)
	}
	runes := []rune(v)
	keep := max(len(scheme.FindString(v)), min(step/2, len(runes)/2))
	lower, upper := letters(v)
	bits := newStream(v, step)
	for i, r := range runes {
		switch {
		case i < keep:
		case '1' <= r && r <= '9':
			runes[i] = rune('1' + bits.next()%9)
		case r == '0':
			runes[i] = rune('0' + bits.next()%10)
		case unicode.IsUpper(r):
			runes[i] = rune(upper[bits.next()%uint64(len(upper))])
		case unicode.IsLetter(r):
			runes[i] = rune(lower[bits.next()%uint64(len(lower))])
		}
	}
	return string(runes)
}

// digits is a number of as many digits.
func digits(v string, step int) string {
	bits := newStream(v, step)
	return anyDigit.ReplaceAllStringFunc(v, func(d string) string {
		if d == "0" {
			return d
		}
		return strconv.FormatUint(1+bits.next()%9, 10)
	})
}

var anyDigit = regexp.MustCompile(`[0-9]`)

// scheme is ASCII: as many bytes as characters.
var scheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://`)

// likenessOfBytes is as many bytes.
func likenessOfBytes(raw []byte, step int) string {
	bits := newStream(string(raw), step)
	keep := min(step/2+1, len(raw)/2) // the first byte often is a version
	for i := range raw {
		if b := byte(bits.next()); i >= keep {
			raw[i] = b
		}
	}
	return `\x` + hex.EncodeToString(raw)
}

// letters are those that a likeness of v is made of.
func letters(v string) (lower, upper string) {
	const hexadecimal = "abcdef"
	if strings.Trim(strings.ToLower(v), "0123456789abcdef-:") == "" && len(v) >= 8 {
		return hexadecimal, strings.ToUpper(hexadecimal)
	}
	return "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
}

// stream is digests without end.
type stream struct {
	text string
	n    int
}

func newStream(v string, step int) *stream { return &stream{text: strconv.Itoa(step) + "\x00" + v} }

func (s *stream) next() uint64 {
	s.n++
	return digest(strconv.Itoa(s.n) + "\x00" + s.text)
}

// bytes masks a secret that is no text; what is left tells only whether two are equal.
func (m masker) bytes(typ, v string) string {
	if typ == "uuid" {
		if strings.HasPrefix(v, maskedUUID) {
			return v
		}
		sum := sha256.Sum256([]byte("seedbed mask\x00" + v))
		copy(sum[:6], "masked")
		sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
		h := hex.EncodeToString(sum[:16])
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(v, `\x`))
	if err == nil && markMask.Match(raw) {
		return v
	}
	if m.try > 0 && err == nil {
		return likenessOfBytes(raw, m.try)
	}
	return `\x` + hex.EncodeToString([]byte(secretWord(v)))
}

// maskedUUID begins with "masked", in hex.
const maskedUUID = "6d61736b-6564-8"

// number masks a number by one of as many digits, which fits where the value did.
func (m masker) number(typ, v string) string {
	masked := digits(v, m.try)
	limits := map[string]int64{"int2": 1<<15 - 1, "int4": 1<<31 - 1, "int8": 1<<63 - 1}
	if limit, bounded := limits[typ]; bounded {
		if n, err := strconv.ParseInt(masked, 10, 64); err != nil || n > limit || n < -limit {
			return "1" + masked[1:]
		}
	}
	return masked
}
