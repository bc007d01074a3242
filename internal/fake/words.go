package fake

import (
	"strings"
	"sync"

	"github.com/brianvoe/gofakeit/v6/data"
)

// Word lists for unique names: lower-case, letters and digits only and without
// doubles, so that words joined by a separator can be told apart again.
var (
	firsts = sync.OnceValue(func() []string { return words("person", "first") })
	lasts  = sync.OnceValue(func() []string { return words("person", "last") })
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

func words(category, list string) []string {
	seen := map[string]bool{}
	var out []string
	for _, w := range data.Data[category][list] {
		w = strings.ToLower(w)
		if !seen[w] && plain(w) {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

func plain(w string) bool {
	for i := 0; i < len(w); i++ {
		if (w[i] < 'a' || w[i] > 'z') && (w[i] < '0' || w[i] > '9') {
			return false
		}
	}
	return w != ""
}

// title puts the first letter in upper case; the words are ASCII.
func (v *Value) title(w string) {
	v.buf = append(v.buf, w[0]&^0x20)
	v.buf = append(v.buf, w[1:]...)
}

func (v *Value) put(parts ...string) {
	for _, p := range parts {
		v.buf = append(v.buf, p...)
	}
}

// again numbers what was said in an earlier round of the whole domain.
func (v *Value) again(sep string, round int64) {
	if round > 0 {
		v.put(sep)
		v.number(round + 1)
	}
}

func (v *Value) number(n int64) {
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

// take hands the buffer over as a string and empties it.
func (v *Value) take() string {
	s := string(v.buf)
	v.buf = v.buf[:0]
	return s
}
