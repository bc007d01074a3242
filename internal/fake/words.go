package fake

import (
	"strings"
	"sync"

	"github.com/brianvoe/gofakeit/v6/data"
)

// Word lists for unique names: lower-case, letters and digits only and without
// doubles, so that words joined by a separator can be told apart again.
var (
	firstNames = sync.OnceValue(func() []string { return words("person", "first") })
	lastNames  = sync.OnceValue(func() []string { return words("person", "last") })
)

// Words that a company, a domain or a project is called by.
var (
	adjectives = strings.Fields(`amber azure bold brave bright brisk calm civic clear cobalt copper coral crisp daring
		eager early eastern emerald fair fleet fresh gentle gilded global golden grand green honest humble ivory jade
		keen kind lively lucid lunar merry mighty modern neat noble northern novel olive open polar prime proud quick
		quiet rapid royal ruby rustic sable sage scarlet silent silver simple smart snowy solar solid southern stellar
		steady summer sunny swift tidal true upper urban velvet vivid warm western white wild winter wise witty young`)
	nouns = strings.Fields(`acorn anchor anvil arbor arch arrow aspen atlas barn basin bay beacon birch bloom bluff brook
		bridge canyon cape castle cedar cliff cloud clover comet compass coral cove crane creek crest crown dale dawn
		delta dune eagle echo elm ember fern field fjord flint forest forge fox garden gate glacier glen grove gull
		harbor haven hawk hazel heath heron hill hollow island jetty juniper kite lagoon lake lantern larch laurel ledge
		linden lodge lotus maple marsh meadow mesa mill mint moon moss oak oasis orchard otter owl palm peak pebble pier
		pine plaza pond prairie quarry quartz raven reef ridge river rook sail sierra spring spruce star stone stream
		summit swan temple terrace thistle tide timber tower trail tulip valley vista walnut wave willow wren yard`)
)

// words returns a list of gofakeit in lower case, without doubles and without names that
// have other characters than letters and digits.
func words(category, list string) []string {
	seen := map[string]bool{}
	var out []string
	for _, w := range data.Data[category][list] {
		w = strings.ToLower(w)
		if !seen[w] && isLettersAndDigits(w) {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// isLettersAndDigits reports whether a word has lower-case ASCII letters and digits only.
func isLettersAndDigits(w string) bool {
	for i := 0; i < len(w); i++ {
		if (w[i] < 'a' || w[i] > 'z') && (w[i] < '0' || w[i] > '9') {
			return false
		}
	}
	return w != ""
}

// putTitle writes a word with its first letter in upper case; the words are ASCII.
func (v *Value) putTitle(w string) {
	v.buf = append(v.buf, w[0]&^0x20)
	v.buf = append(v.buf, w[1:]...)
}

// put appends to the text being built.
func (v *Value) put(parts ...string) {
	for _, p := range parts {
		v.buf = append(v.buf, p...)
	}
}

// putRound appends the number of the round, from the second one on: it makes repeated texts
// unique.
func (v *Value) putRound(sep string, round int64) {
	if round > 0 {
		v.put(sep)
		v.putNumber(round + 1)
	}
}

// putNumber appends a number without allocating.
func (v *Value) putNumber(n int64) {
	if n < 0 {
		v.buf = append(v.buf, '-')
		n = -n
	}
	var digits [20]byte
	i := len(digits)
	for {
		i--
		digits[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			break
		}
	}
	v.buf = append(v.buf, digits[i:]...)
}

// flush returns the text that was built, and empties the buffer.
func (v *Value) flush() string {
	s := string(v.buf)
	v.buf = v.buf[:0]
	return s
}
