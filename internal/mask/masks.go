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

// privateText masks a text. The first attempts give values that people recognize as masked
// (user-…@masked.test); later ones resemble the original ever more closely, for columns
// whose CHECK refuses the first.
func (m masker) privateText(kind Kind, length int, v string) string {
	masks := recognizableMasks(kind, v)
	if m.attempt < len(masks) {
		if mask := masks[m.attempt]; length == 0 || utf8.RuneCountInString(mask) <= length {
			return mask
		}
		if m.attempt == 0 { // the preferred mask always fits the column
			return shortMask(length, v)
		}
	}
	return ScrambleLike(v, max(0, m.attempt-len(masks)))
}

// recognizableMasks returns the masks that people recognize for the kind, best first. A
// value that is such a mask is returned unchanged, so that masking twice gives the same.
func recognizableMasks(kind Kind, v string) []string {
	switch kind {
	case Email:
		return []string{emailMask(v)}
	case Phone:
		return []string{phoneMask(v)}
	case Person:
		return nameMasks(v)
	case Address:
		return []string{taggedMask("place", v)}
	case Network:
		if strings.Count(v, ":") < 2 && strings.Count(v, ".") != 3 {
			return []string{secretMask(v)}
		}
		return []string{networkMask(v)}
	case Birth:
		if len(v) >= 10 && v[4] == '-' {
			return []string{v[:4] + "-01-01" + v[10:]}
		}
	}
	return []string{secretMask(v)}
}

// digest hashes v; masks are derived from it.
func digest(v string) uint64 {
	sum := sha256.Sum256([]byte("seedbed mask\x00" + v))
	return binary.BigEndian.Uint64(sum[:])
}

// Patterns of the masks that this package makes.
var (
	emailMaskPattern      = regexp.MustCompile(`^user-[0-9a-f]{1,10}@masked\.test$`)
	taggedMaskPattern     = regexp.MustCompile(`^(masked|place)-[0-9a-f]{1,12}$`)
	phoneMaskPattern      = regexp.MustCompile(`^\+1555[0-9]{7}$`)
	nameMaskPattern       = regexp.MustCompile(`^([A-Z][a-z]+) ([A-Z][a-z]+)( [0-9a-f]{1,6}( (Ltd|Inc|GmbH|AG|LLC|SA|BV|Oy|AB|SARL))?)?$`)
	handleMaskPattern     = regexp.MustCompile(`^([a-z]+)_[0-9a-f]{6}$`)
	singleNameMaskPattern = regexp.MustCompile(`^Masked[a-p]{6}$`)
	networkMaskPattern    = regexp.MustCompile(`^203\.0\.113\.[0-9]{1,3}(/32)?$`)
	shortMaskPattern      = regexp.MustCompile(`^x[0-9a-f]*$`)
)

func emailMask(v string) string {
	if emailMaskPattern.MatchString(v) {
		return v
	}
	return fmt.Sprintf("user-%010x@masked.test", digest(strings.ToLower(v))>>24)
}

func phoneMask(v string) string {
	if phoneMaskPattern.MatchString(v) {
		return v
	}
	return fmt.Sprintf("+1555%07d", digest(v)%10_000_000)
}

// nameMasks returns invented names, different for different values, in the shapes that
// CHECK constraints on names accept: full name with a suffix, handle, two words, one
// word. A company keeps its legal form (Ltd, GmbH).
func nameMasks(v string) []string {
	if isNameMask(v) {
		return []string{v}
	}
	n := digest(v)
	first, last := firstNames[n%uint64(len(firstNames))], lastNames[n>>8%uint64(len(lastNames))]
	name := fmt.Sprintf("%s %s %06x", first, last, n>>40)
	if legalForm := legalFormPattern.FindString(v); legalForm != "" {
		name += " " + strings.Trim(legalForm, " .,")
	}
	suffix := []byte(fmt.Sprintf("%06x", n>>40))
	for i, c := range suffix { // hexadecimal digits as letters, a to p
		if c <= '9' {
			suffix[i] = 'g' + c - '0'
		}
	}
	return []string{name, fmt.Sprintf("%s_%06x", strings.ToLower(first), n>>40), first + " " + last, "Masked" + string(suffix)}
}

// isNameMask reports whether v is a mask made by namesFor.
func isNameMask(v string) bool {
	if m := handleMaskPattern.FindStringSubmatch(v); m != nil {
		return slices.ContainsFunc(firstNames, func(name string) bool { return strings.EqualFold(name, m[1]) })
	}
	m := nameMaskPattern.FindStringSubmatch(v)
	return singleNameMaskPattern.MatchString(v) || m != nil && slices.Contains(firstNames, m[1]) && slices.Contains(lastNames, m[2])
}

var legalFormPattern = regexp.MustCompile(`[ ,](Ltd|Inc|GmbH|AG|LLC|SA|BV|Oy|AB|SARL)\.?$`)

var (
	firstNames = []string{"Alex", "Billie", "Charlie", "Dana", "Eden", "Frankie", "Gray", "Harper", "Indigo", "Jules", "Kim", "Lee", "Morgan", "Noel", "Parker", "Quinn"}
	lastNames  = []string{"Ash", "Birch", "Cedar", "Elder", "Fern", "Gorse", "Hazel", "Ivy", "Juniper", "Larch", "Maple", "Oak", "Pine", "Rowan", "Spruce", "Willow"}
)

// networkMask returns an address of the network that RFC 5737 keeps for documentation.
func networkMask(v string) string {
	if networkMaskPattern.MatchString(v) {
		return strings.TrimSuffix(v, "/32")
	}
	if strings.Count(v, ":") == 5 && len(v) == 17 { // a MAC address, of RFC 7042's range
		n := digest(v)
		return fmt.Sprintf("00:00:5e:00:53:%02x", byte(n))
	}
	return fmt.Sprintf("203.0.113.%d", digest(v)%256)
}

func secretMask(v string) string { return taggedMask("masked", v) }

func taggedMask(tag, v string) string {
	if taggedMaskPattern.MatchString(v) {
		return v
	}
	return fmt.Sprintf("%s-%012x", tag, digest(v)>>16)
}

// shortMask returns the mask for a column too short for any other: x and hexadecimal digits.
func shortMask(length int, v string) string {
	switch {
	case len(v) == length && shortMaskPattern.MatchString(v):
		return v
	case length < 4:
		return strings.Repeat("x", length)
	}
	return fmt.Sprintf("x%016x", digest(v))[:min(length, 17)]
}

// ScrambleLike replaces each digit by a digit and each letter by a letter (hexadecimal
// stays hexadecimal); the scheme of a URL and all other characters stay. step varies the
// result: each even step keeps one more leading character, up to half of them, for a
// CHECK that wants a prefix; an odd step only draws anew.
func ScrambleLike(v string, step int) string {
	if raw, err := hex.DecodeString(strings.TrimPrefix(v, `\x`)); err == nil && strings.HasPrefix(v, `\x`) {
		return scrambleBytes(raw, step)
	}
	runes := []rune(v)
	keep := max(len(urlScheme.FindString(v)), min(step/2, len(runes)/2))
	lower, upper := alphabets(v)
	bits := newRandomStream(v, step)
	for i, r := range runes {
		switch {
		case i < keep:
		case '1' <= r && r <= '9': // never 0: no leading zero appears
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

// scrambleDigits replaces each digit but 0 by one of 1 to 9.
func scrambleDigits(v string, step int) string {
	bits := newRandomStream(v, step)
	return anyDigit.ReplaceAllStringFunc(v, func(d string) string {
		if d == "0" {
			return d
		}
		return strconv.FormatUint(1+bits.next()%9, 10)
	})
}

var anyDigit = regexp.MustCompile(`[0-9]`)

// urlScheme matches ASCII only, so its length in bytes is that in characters.
var urlScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://`)

// scrambleBytes returns bytes of the same length; it keeps the first ones.
func scrambleBytes(raw []byte, step int) string {
	bits := newRandomStream(string(raw), step)
	keep := min(step/2+1, len(raw)/2) // the first byte often is a version
	for i := range raw {
		if b := byte(bits.next()); i >= keep {
			raw[i] = b
		}
	}
	return `\x` + hex.EncodeToString(raw)
}

// alphabets returns the alphabets that ScrambleLike draws from: a to f for text that looks
// like hexadecimal.
func alphabets(v string) (lower, upper string) {
	const hexadecimal = "abcdef"
	if strings.Trim(strings.ToLower(v), "0123456789abcdef-:") == "" && len(v) >= 8 {
		return hexadecimal, strings.ToUpper(hexadecimal)
	}
	return "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
}

// randomStream is an endless sequence of pseudo-random numbers derived from a text.
type randomStream struct {
	text string
	n    int
}

func newRandomStream(v string, step int) *randomStream {
	return &randomStream{text: strconv.Itoa(step) + "\x00" + v}
}

func (s *randomStream) next() uint64 {
	s.n++
	return digest(strconv.Itoa(s.n) + "\x00" + s.text)
}

// bytes masks a secret that is not a text. Equal values get equal masks; nothing else
// survives in the first one.
func (m masker) bytes(typ, v string) string {
	if typ == "uuid" {
		if strings.HasPrefix(v, maskedUUIDPrefix) {
			return v
		}
		sum := sha256.Sum256([]byte("seedbed mask\x00" + v))
		copy(sum[:6], "masked")
		sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
		h := hex.EncodeToString(sum[:16])
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(v, `\x`))
	if err == nil && taggedMaskPattern.Match(raw) {
		return v
	}
	if m.attempt > 0 && err == nil {
		return scrambleBytes(raw, m.attempt)
	}
	return `\x` + hex.EncodeToString([]byte(secretMask(v)))
}

// maskedUUIDPrefix is "masked" in hexadecimal, and the version digit 8.
const maskedUUIDPrefix = "6d61736b-6564-8"

// number replaces the digits of a number; the result stays in the type's range.
func (m masker) number(typ, v string) string {
	masked := scrambleDigits(v, m.attempt)
	limits := map[string]int64{"int2": 1<<15 - 1, "int4": 1<<31 - 1, "int8": 1<<63 - 1}
	if limit, bounded := limits[typ]; bounded {
		if n, err := strconv.ParseInt(masked, 10, 64); err != nil || n > limit || n < -limit {
			digits, negative := strings.CutPrefix(masked, "-")
			digits = "1" + digits[1:]
			if negative {
				return "-" + digits
			}
			return digits
		}
	}
	return masked
}
