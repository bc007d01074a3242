package fake

import (
	"encoding/base32"
	"math/bits"
	"time"
)

// Uint64 draws 64 bits.
func (v *Value) Uint64() uint64 { return v.source.Uint64() }

// Index draws from 0 to n-1; 0 where n is less than 2.
func (v *Value) Index(n int) int {
	if n < 2 {
		return 0
	}
	hi, _ := bits.Mul64(v.source.Uint64(), uint64(n))
	return int(hi)
}

// Int draws from lo to hi, both included.
func (v *Value) Int(lo, hi int64) int64 {
	if hi <= lo {
		return lo
	}
	width := uint64(hi) - uint64(lo) + 1
	if width == 0 {
		return int64(v.source.Uint64())
	}
	up, _ := bits.Mul64(v.source.Uint64(), width)
	return int64(uint64(lo) + up)
}

// Float draws from lo up to, not including, hi.
func (v *Value) Float(lo, hi float64) float64 {
	return lo + float64((hi-lo)*v.unit())
}

// unit draws from [0, 1). The explicit conversions here and in Float keep
// compilers from fusing multiplications and additions, which would give other
// bits on other processors.
func (v *Value) unit() float64 { return float64(v.source.Uint64()>>11) / (1 << 53) }

// Chance is true with probability p.
func (v *Value) Chance(p float64) bool { return v.unit() < p }

// OneOf draws one of the choices.
func (v *Value) OneOf(choices ...string) string { return choices[v.Index(len(choices))] }

// Skewed draws from 0 to n-1, small numbers far more often: density falls with
// the square root, so that a tenth of the choices gets about a third of the draws.
func (v *Value) Skewed(n int) int {
	u := v.unit()
	return min(int(float64(u*u)*float64(n)), max(n-1, 0))
}

// Size draws a long-tailed size between lo and hi: most are near lo, a few near hi.
func (v *Value) Size(lo, hi int64) int64 {
	u := v.unit()
	u = float64(u * u)
	u = float64(u * u)
	return lo + int64(float64(u*u)*float64(hi-lo+1))
}

// Serial is the row's number, from 1. Unique.
func (v *Value) Serial() int64 { return v.row + 1 }

// Permutation is unique among rows and below n, as long as the row is below n.
func (v *Value) Permutation(n uint64) uint64 { return permute(uint64(v.row)%n, n, v.column) }

// UUID is a version 7 UUID: unique, and in the order of rows, which is what a
// B-tree likes (facts: 172k rows/s against 120k with random keys). The time in
// it starts a year before Now and moves a millisecond every 4096 rows; the last
// 62 bits tell tables and seeds apart.
func (v *Value) UUID() [16]byte {
	ms := uint64(v.now.UnixMilli()) - uint64(365*24*time.Hour/time.Millisecond) + uint64(v.row)>>12
	hi := ms<<16 | 7<<12 | uint64(v.row)&0xfff
	lo := v.source.Uint64()&(1<<62-1) | 1<<63
	return pack(hi, lo)
}

// UUIDv4 is a version 4 UUID: 122 random-looking bits.
func (v *Value) UUIDv4() [16]byte {
	return pack(v.source.Uint64()&^uint64(0xf000)|0x4000, v.source.Uint64()&(1<<62-1)|1<<63)
}

func pack(hi, lo uint64) (id [16]byte) {
	for i := range 8 {
		id[i] = byte(hi >> (56 - 8*i))
		id[8+i] = byte(lo >> (56 - 8*i))
	}
	return id
}

var lower = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// Tag is a short lower-case label. Unique below a trillion rows.
func (v *Value) Tag() string {
	x := v.Permutation(1 << 40)
	return lower.EncodeToString([]byte{byte(x >> 32), byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)})
}

// Bytes draws n bytes.
func (v *Value) Bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(v.source.Uint64() >> 56)
	}
	return b
}
