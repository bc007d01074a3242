package fake

// source is splitmix64 as a rand.Source64. Its whole state is one word, so setting that
// word moves it to a cell.
type source struct{ state uint64 }

func (s *source) Uint64() uint64 {
	s.state += 0x9e3779b97f4a7c15
	return finish(s.state)
}

func (s *source) Int63() int64    { return int64(s.Uint64() >> 1) }
func (s *source) Seed(seed int64) { s.state = uint64(seed) }

// finish is the output function of splitmix64 (Stafford's variant 13).
func finish(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// mix spreads the bits of z over all bits of the result.
func mix(z uint64) uint64 { return finish(z + 0x9e3779b97f4a7c15) }

// hash is FNV-1a, mixed. It must never change: every value depends on it.
func hash(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}

// Derive returns a seed that follows from a seed and a name.
func Derive(seed uint64, name string) uint64 { return mix(seed ^ hash(name)) }

// permute is a bijection of [0, n) chosen by key: a four-round Feistel network over the
// smallest square of a power of two that holds n, repeated until the result is below n. The
// square is less than four times n, so it repeats less than four times on average.
func permute(x, n, key uint64) uint64 {
	half := uint(1)
	for half < 32 && uint64(1)<<(2*half) < n {
		half++
	}
	mask := uint64(1)<<half - 1
	for {
		l, r := x>>half, x&mask
		for round := range uint64(4) {
			l, r = r, l^(finish(r^key^round*0xd6e8feb86659fd93)&mask)
		}
		x = l<<half | r
		if x < n {
			return x
		}
	}
}

// mixedRadix permutes the row's number and writes it in a mixed radix of the given sizes, a
// digit each. round is how many times earlier rows have used up all digits: two rows differ
// in a digit or in the round.
func (v *Value) mixedRadix(digits []int, sizes ...int) (round int64) {
	n := uint64(1)
	for _, size := range sizes {
		n *= uint64(size)
	}
	x := permute(uint64(v.row)%n, n, v.column)
	for i, size := range sizes {
		digits[i] = int(x % uint64(size))
		x /= uint64(size)
	}
	return int64(uint64(v.row) / n)
}
