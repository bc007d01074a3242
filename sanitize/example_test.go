package sanitize_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/qarion/seedbed/sanitize"
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

// An Encoder stands in for a json.Encoder. What encoding/json would fail on is encoded.
func ExampleEncoder() {
	e := sanitize.NewEncoder(os.Stdout, sanitize.Policy{MaxString: 64})
	for _, v := range []any{map[string]any{"ok": true}, map[string]any{"name": "a\x00b", "done": make(chan int)}} {
		if err := e.Encode(v); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// {"ok":true}
	// {"done":"[omitted: chan cannot be encoded]","name":"a�b"}
}

// One line around a service's handler.
func ExampleHandler() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /comments", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"body":"invoice\u202egpj.exe"}`)
	})
	rec := httptest.NewRecorder()
	sanitize.Handler(mux, sanitize.Policy{}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/comments", nil))
	fmt.Println(rec.Body)
	// Output:
	// {"body":"invoice�gpj.exe"}
}

// Every finding names one of the rules.
func ExampleRules() {
	for _, r := range sanitize.Rules() {
		if r.Name == "raw-binary" {
			fmt.Println(r.Why)
			fmt.Println(r.Fix)
		}
	}
	// Output:
	// Bytes go out unlabelled, as base64, as a list of numbers or as they are, whatever they hold.
	// link to a download, give the type a MarshalText, or set Policy.AllowBinary
}
