package sanitize

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"reflect"
)

// Binary stands where binary was. It encodes as
//
//	{"type":"binary","length":4096,"sha256":"9f86d081…"}
//
// so that readers see that there is something, whether it changed, and whether
// what they download is it.
type Binary struct {
	Length int // in bytes
	SHA256 [sha256.Size]byte
}

// NewBinary returns the placeholder for b.
func NewBinary(b []byte) Binary {
	return Binary{Length: len(b), SHA256: sha256.Sum256(b)}
}

// MarshalJSON never fails.
func (b Binary) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"type":"binary","length":%d,"sha256":"%x"}`, b.Length, b.SHA256), nil
}

// encodedLen is the length of what MarshalJSON returns.
func (b Binary) encodedLen() int {
	return len(`{"type":"binary","length":,"sha256":""}`) + intLen(int64(b.Length)) + 2*sha256.Size
}

// binaryText returns what Value puts in place of the bytes b, found in a Go
// value of type t: text where the type has one, a Binary otherwise.
func (p *Policy) binaryText(b []byte, t reflect.Type) any {
	switch {
	case t == hardwareAddrType:
		return net.HardwareAddr(b).String()
	case t.Kind() == reflect.Array && len(b) == 16 && !p.OpaqueUUIDs:
		return uuidText(b)
	}
	return NewBinary(b)
}

func uuidText(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// bytesOf returns the bytes of a slice or array of them, addressable or not.
func bytesOf(v reflect.Value) []byte {
	if v.Kind() == reflect.Slice || v.CanAddr() {
		return v.Bytes()
	}
	b := make([]byte, v.Len())
	reflect.Copy(reflect.ValueOf(b), v)
	return b
}
