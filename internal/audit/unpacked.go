package audit

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"io"
	"iter"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// mostUnpacked bounds what is unpacked from one text: a few bytes may unfold to any number.
const mostUnpacked = 32 << 20

// unpackers open a text that starts in their way.
var unpackers = []struct {
	form  string
	start string // Empty: any, where the text is not UTF-8
	open  func(io.Reader) (io.Reader, error)
}{
	{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"zstd", "\x28\xb5\x2f\xfd", func(r io.Reader) (io.Reader, error) {
		return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*mostUnpacked))
	}},
	{"deflate", "\x78", func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }},
	{"deflate", "", func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil }},
}

// unpacked yields what text is in a compressed form or in UTF-16, with the form's name.
// Compressed data is found in the middle of a text, too, where it has a signature.
func unpacked(text string) iter.Seq2[string, string] {
	return func(yield func(form, plain string) bool) {
		if utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 && strings.IndexByte(text, '\x1f') < 0 {
			return // compressed data and UTF-16 are neither
		}
		for _, u := range unpackers {
			at := 0
			if len(u.start) > 1 {
				at = strings.Index(text, u.start)
			}
			if at < 0 || !strings.HasPrefix(text[at:], u.start) {
				continue
			}
			if plain := unpack(text[at:], u.open); plain != "" && !yield(u.form, plain) {
				return
			}
		}
		if strings.Count(text, "\x00") < len(text)/4 {
			return // of UTF-16 that is ASCII, every other byte is 0
		}
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			for start := range 2 {
				if !yield("UTF-16", fromUTF16(text[min(start, len(text)):], order)) {
					return
				}
			}
		}
	}
}

// unpack returns what can be read, also of data that breaks off.
func unpack(text string, open func(io.Reader) (io.Reader, error)) string {
	r, err := open(strings.NewReader(text))
	if err != nil {
		return ""
	}
	if z, ok := r.(*zstd.Decoder); ok {
		defer z.Close()
	}
	var plain bytes.Buffer
	_, _ = io.Copy(&plain, io.LimitReader(r, mostUnpacked)) // what came before an error counts
	return plain.String()
}

func fromUTF16(text string, order binary.ByteOrder) string {
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = order.Uint16([]byte(text[2*i : 2*i+2]))
	}
	return string(utf16.Decode(units))
}
