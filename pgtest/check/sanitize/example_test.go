package sanitize_test

import (
	"encoding/json"
	"fmt"

	"github.com/qarion/seedbed/pgtest/check/sanitize"
)

func ExampleInspect() {
	page := map[string]any{
		"items": []map[string]string{{"bio": "fine"}, {"bio": "user\u202etxt.exe"}},
		"logo":  []byte("\x89PNG"),
	}
	for _, f := range sanitize.Inspect(page, sanitize.Policy{}) {
		fmt.Println(f)
	}
	// Output:
	// bidi-control at $.items[1].bio: U+202E RIGHT-TO-LEFT OVERRIDE, at byte 4 of the string (e2 80 ae)
	// raw-binary at $.logo: []byte of 4 bytes goes out as base64, at byte 0 of the binary (89 50 4e 47)
}

func ExampleValue() {
	type row struct {
		Name string `json:"name"`
		Logo []byte `json:"logo,omitempty"`
	}
	rows := []row{{Name: "clean"}, {Name: "caf\xe9"}, {"png", []byte("\x89PNG")}}
	out, err := json.MarshalIndent(sanitize.Value(rows, sanitize.Policy{}), "", " ")
	fmt.Println(string(out), err)
	// Output:
	// [
	//  {
	//   "name": "clean"
	//  },
	//  {
	//   "name": "caf�"
	//  },
	//  {
	//   "name": "png",
	//   "logo": {
	//    "type": "binary",
	//    "length": 4,
	//    "sha256": "0f4636c78f65d3639ece5a064b5ae753e3408614a14fb18ab4d7540d2c248543"
	//   }
	//  }
	// ] <nil>
}
