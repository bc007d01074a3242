package template

import "encoding/binary"

// A framer cuts one direction of a connection into messages, as the bytes come by.
type framer struct {
	wanted func(kind byte) bool // whose bodies are kept
	got    func(kind byte, body []byte, whole bool)

	head []byte // of the message that has begun
	left int    // of its body
	body []byte
	keep bool
}

// longest is the length up to which a message's body is kept, in bytes.
const longest = 64 << 10

func (f *framer) feed(b []byte) {
	for len(b) > 0 {
		if len(f.head) < 5 {
			b = f.header(b)
			continue
		}
		n := min(f.left, len(b))
		if f.keep {
			f.body = append(f.body, b[:n]...)
		}
		b = b[n:]
		f.left -= n
		f.finish()
	}
}

func (f *framer) header(b []byte) []byte {
	n := min(5-len(f.head), len(b))
	f.head = append(f.head, b[:n]...)
	if len(f.head) == 5 {
		f.left = max(0, int(int32(binary.BigEndian.Uint32(f.head[1:])))-4)
		f.keep = f.left <= longest && f.wanted(f.head[0])
		f.finish()
	}
	return b[n:]
}

func (f *framer) finish() {
	if f.left > 0 {
		return
	}
	f.got(f.head[0], f.body, f.keep)
	f.head, f.body = f.head[:0], f.body[:0]
}
