package sanitize

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
)

// placeholder stands for bytes: a reader sees that there is something, whether it
// changed, and whether a download is it.
func (c *cleaner) placeholder(b []byte) {
	if c.depth() >= c.p.MaxDepth { // it is an object, one level more
		c.marker(documentMarker("binary", b))
		return
	}
	c.write(fmt.Sprintf(`{"type":"binary","length":%d,"sha256":"%x"}`, len(b), sha256.Sum256(b)))
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
