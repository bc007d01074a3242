package fake

import (
	"fmt"
	"math/bits"
	"regexp/syntax"
)

// Pattern makes texts that match a regular expression. It numbers the texts instead of
// drawing them, so rows differ as long as there are fewer rows than texts.
type Pattern struct {
	root *syntax.Regexp
	size uint64 // how many texts, at most mostStrings
	long int    // how many times an unbounded repetition repeats beyond its minimum
}

const mostStrings = uint64(1) << 62

// NewPattern reads an expression in Go's syntax, which is Postgres's for what CHECK
// constraints usually say. long is how many times + and * repeat; 0 means 5.
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

// Strings returns how many different texts the pattern makes.
func (p *Pattern) Strings() uint64 { return p.size }

// cappedProduct is a*b, at most mostStrings.
func cappedProduct(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi > 0 || lo > mostStrings {
		return mostStrings
	}
	return lo
}

// count returns how many different texts a part of the expression makes.
func (p *Pattern) count(re *syntax.Regexp) uint64 {
	switch re.Op {
	case syntax.OpCharClass:
		return uint64(len(printable(re.Rune)))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 26
	case syntax.OpConcat, syntax.OpCapture:
		n := uint64(1)
		for _, sub := range re.Sub {
			n = cappedProduct(n, p.count(sub))
		}
		return n
	case syntax.OpAlternate:
		n := uint64(0)
		for _, sub := range re.Sub {
			n = min(n+p.count(sub), mostStrings)
		}
		return n
	case syntax.OpPlus, syntax.OpStar, syntax.OpRepeat, syntax.OpQuest:
		n := uint64(1)
		for range p.repeats(re) {
			n = cappedProduct(n, p.count(re.Sub[0]))
		}
		return n
	}
	return 1
}

// repeats returns how many times a repetition repeats. It is always the same number, so
// that every position of the text counts.
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

// printable returns the characters of a class that people type: letters and digits, or else
// other ASCII, or else the first one of the class.
func printable(ranges []rune) []rune {
	var out []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], '!'); r <= min(ranges[i+1], '~'); r++ {
			if r != '\\' && r != '"' && r != '\'' {
				out = append(out, r)
			}
		}
	}
	if letters := lettersAndDigits(out); len(letters) > 1 {
		return letters
	}
	if len(out) == 0 && len(ranges) > 0 {
		return ranges[:1]
	}
	return out
}

func lettersAndDigits(in []rune) []rune {
	var out []rune
	for _, r := range in {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			out = append(out, r)
		}
	}
	return out
}

// Match makes the row's text of the pattern. Unique below Strings.
func (v *Value) Match(p *Pattern) string {
	x := uint64(v.row)
	if p.size > 1 {
		x = permute(x%p.size, p.size, v.column)
	}
	v.walk(p, p.root, &x)
	return v.flush()
}

// walk writes a part of the expression. It takes the digits for its choices from x.
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

// alternate writes the branch of an alternative that number x falls into.
func (v *Value) alternate(p *Pattern, re *syntax.Regexp, x *uint64) {
	var total uint64
	for _, sub := range re.Sub {
		total = min(total+p.count(sub), mostStrings)
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
