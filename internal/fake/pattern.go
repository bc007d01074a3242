package fake

import (
	"fmt"
	"math/bits"
	"regexp/syntax"
)

// Pattern makes strings that match a regular expression. It counts through the
// strings rather than drawing them: rows differ as long as there are fewer of them
// than strings.
type Pattern struct {
	root *syntax.Regexp
	size uint64 // how many strings, at most 1<<62
	// Long is how often an unbounded repetition repeats beyond its least.
	long int
}

const manyStrings = uint64(1) << 62

// NewPattern reads an expression as Go does, which is how Postgres does for what
// CHECK constraints usually say. long is how often + and * repeat; zero is 5 times.
func NewPattern(expr string, long int) (*Pattern, error) {
	root, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("read pattern: %w", err)
	}
	if long == 0 {
		long = 5
	}
	p := &Pattern{root: root.Simplify(), long: long}
	p.size = p.count(p.root)
	return p, nil
}

// Strings is how many different ones the pattern makes.
func (p *Pattern) Strings() uint64 { return p.size }

func times(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi > 0 || lo > manyStrings {
		return manyStrings
	}
	return lo
}

func (p *Pattern) count(re *syntax.Regexp) uint64 {
	switch re.Op {
	case syntax.OpCharClass:
		return uint64(len(printable(re.Rune)))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 26
	case syntax.OpConcat, syntax.OpCapture:
		n := uint64(1)
		for _, sub := range re.Sub {
			n = times(n, p.count(sub))
		}
		return n
	case syntax.OpAlternate:
		n := uint64(0)
		for _, sub := range re.Sub {
			n = min(n+p.count(sub), manyStrings)
		}
		return n
	case syntax.OpPlus, syntax.OpStar, syntax.OpRepeat, syntax.OpQuest:
		n := uint64(1)
		for range p.repeats(re) {
			n = times(n, p.count(re.Sub[0]))
		}
		return n
	}
	return 1
}

// repeats is how often a repetition repeats: always as often, so that every
// position counts.
func (p *Pattern) repeats(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpStar:
		if re.Sub[0].Op == syntax.OpConcat || re.Sub[0].Op == syntax.OpCapture {
			return 0
		}
		return p.long
	case syntax.OpPlus:
		return p.long + 1
	case syntax.OpQuest:
		return 0
	}
	if re.Max < 0 {
		return re.Min + p.long
	}
	return min(re.Max, max(re.Min, p.long))
}

// printable lists the characters of a class that people type, or its first one.
func printable(ranges []rune) []rune {
	var out []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], '!'); r <= min(ranges[i+1], '~'); r++ {
			if r != '\\' && r != '"' && r != '\'' {
				out = append(out, r)
			}
		}
	}
	if letters := keepAlnum(out); len(letters) > 1 {
		return letters
	}
	if len(out) == 0 && len(ranges) > 0 {
		return ranges[:1]
	}
	return out
}

func keepAlnum(in []rune) []rune {
	var out []rune
	for _, r := range in {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			out = append(out, r)
		}
	}
	return out
}

// Match makes the row's string. Unique below Strings.
func (v *Value) Match(p *Pattern) string {
	x := uint64(v.row)
	if p.size > 1 {
		x = permute(x%p.size, p.size, v.column)
	}
	v.walk(p, p.root, &x)
	return v.take()
}

func (v *Value) walk(p *Pattern, re *syntax.Regexp, x *uint64) {
	digit := func(n uint64) uint64 {
		d := *x % n
		*x /= n
		return d
	}
	switch re.Op {
	case syntax.OpLiteral:
		v.put(string(re.Rune))
	case syntax.OpCharClass:
		if class := printable(re.Rune); len(class) > 0 {
			v.put(string(class[digit(uint64(len(class)))]))
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		v.put(string(rune('a' + digit(26))))
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			v.walk(p, sub, x)
		}
	case syntax.OpAlternate:
		v.alternate(p, re, x)
	case syntax.OpPlus, syntax.OpStar, syntax.OpRepeat, syntax.OpQuest:
		for range p.repeats(re) {
			v.walk(p, re.Sub[0], x)
		}
	}
}

// alternate spends the number on the branch that it falls into.
func (v *Value) alternate(p *Pattern, re *syntax.Regexp, x *uint64) {
	var total uint64
	for _, sub := range re.Sub {
		total = min(total+p.count(sub), manyStrings)
	}
	d := *x % total
	rest := *x / total
	for _, sub := range re.Sub {
		n := p.count(sub)
		if d < n {
			v.walk(p, sub, &d)
			break
		}
		d -= n
	}
	*x = rest
}
