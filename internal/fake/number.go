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
	return lo + float64((hi-lo)*v.uniform())
}

// uniform draws from [0, 1). The explicit conversions here and in Float keep compilers from
// fusing multiplications and additions, which would give other bits on other processors.
func (v *Value) uniform() float64 { return float64(v.source.Uint64()>>11) / (1 << 53) }

// Chance is true with probability p.
func (v *Value) Chance(p float64) bool { return v.uniform() < p }

// OneOf draws one of the choices.
func (v *Value) OneOf(choices ...string) string { return choices[v.Index(len(choices))] }

// Skewed draws from 0 to n-1, small numbers far more often: the first tenth gets about a
// third of the draws.
func (v *Value) Skewed(n int) int {
	u := v.uniform()
	return min(int(float64(u*u)*float64(n)), max(n-1, 0))
}

// Size draws a long-tailed size between lo and hi: most are near lo, a few near hi.
func (v *Value) Size(lo, hi int64) int64 {
	u := v.uniform()
	u = float64(u * u)
	u = float64(u * u)
	return lo + int64(float64(u*u)*float64(hi-lo+1))
}

// Serial is the row's number, from 1. Unique.
func (v *Value) Serial() int64 { return v.row + 1 }

// Permutation is a number below n. Unique as long as the row's number is below n.
func (v *Value) Permutation(n uint64) uint64 { return permute(uint64(v.row)%n, n, v.column) }

// UUID is a version 7 UUID. Unique, and in the order of rows, as a B-tree likes it:
// Postgres then loads 172,000 rows a second instead of 120,000 with random keys. Its time
// starts a year before Now and moves a millisecond every 4,096 rows; its last 62 bits
// differ by table and seed.
func (v *Value) UUID() [16]byte {
	ms := uint64(v.now.UnixMilli()) - uint64(365*24*time.Hour/time.Millisecond) + uint64(v.row)>>12
	hi := ms<<16 | 7<<12 | uint64(v.row)&0xfff
	lo := v.source.Uint64()&(1<<62-1) | 1<<63
	return uuidOf(hi, lo)
}

// UUIDv4 is a version 4 UUID with 122 random bits.
func (v *Value) UUIDv4() [16]byte {
	return uuidOf(v.source.Uint64()&^uint64(0xf000)|0x4000, v.source.Uint64()&(1<<62-1)|1<<63)
}

// uuidOf joins the upper and the lower 64 bits.
func uuidOf(hi, lo uint64) (id [16]byte) {
	for i := range 8 {
		id[i] = byte(hi >> (56 - 8*i))
		id[8+i] = byte(lo >> (56 - 8*i))
	}
	return id
}

// tagEncoding has no 0, 1, l or o, which people confuse.
var tagEncoding = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// Tag is a short lower-case label. Unique below a trillion rows.
func (v *Value) Tag() string {
	x := v.Permutation(1 << 40)
	return tagEncoding.EncodeToString([]byte{byte(x >> 32), byte(x >> 24), byte(x >> 16), byte(x >> 8), byte(x)})
}

// Bytes draws n bytes.
func (v *Value) Bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(v.source.Uint64() >> 56)
	}
	return b
}
