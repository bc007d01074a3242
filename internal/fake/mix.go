package fake

// source is splitmix64 behind rand.Source64: its whole state is one word, so that
// a cell is reached by setting it.
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

func mix(z uint64) uint64 { return finish(z + 0x9e3779b97f4a7c15) }

// hash is FNV-1a: names are short, and it must be the same for ever.
func hash(s string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 0x100000001b3
	}
	return mix(h)
}

// Derive makes a seed of a seed and a name.
func Derive(seed uint64, name string) uint64 { return mix(seed ^ hash(name)) }

// permute is a bijection of [0, n) chosen by key: a four-round Feistel network
// over the smallest square of a power of two that holds n, walked until it
// lands inside again. The square is less than four times n, so it walks less
// than four times on average.
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

// split writes the row in a mixed radix of the given sizes, after permuting it,
// and says how often the whole domain was used up before: two rows differ in a
// digit or in that count.
func (v *Value) split(digits []int, sizes ...int) (round int64) {
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
