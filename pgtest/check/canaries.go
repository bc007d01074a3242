package check

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
)

// CanarySet is what Canaries planted.
type CanarySet struct {
	planted *audit.Canaries
}

// Canaries plants a token in every text, jsonb and bytea cell of the tenants that
// are named, and notes the keys of their rows: whatever the code under test does
// for anybody else, none of it may show.
//
//	c := check.Canaries(t, db, other)
//	page, err := api.Thread(ctx, db, mine.ID)
//	c.Absent(t, page, err, logs.String())
//
// A tenant is its key (a string, a uuid as [16]byte, a number, a fmt.Stringer), or a
// struct with a field ID; where several columns tell tenants apart, a slice of their
// values in the Model's order, as in []any{"eu", 17}. Canaries changes these tenants' rows and commits: it is
// for a test's own database. Where a constraint takes no token, the value that is
// there is looked for; columns without either are logged. It needs no row-level
// security.
func Canaries(t testing.TB, db seedbed.DB, tenants ...any) *CanarySet {
	t.Helper()
	var opt Options
	var keys [][]string
	var shown []string
	for _, tenant := range tenants {
		if o, ok := tenant.(Options); ok {
			opt = o
			continue
		}
		key, err := tenantKeys(tenant)
		if err != nil {
			t.Fatalf("check.Canaries: %v", err)
		}
		keys, shown = append(keys, key), append(shown, strings.Join(key, "/"))
	}
	planted, err := audit.Plant(t.Context(), db, opt, keys)
	if err != nil {
		t.Fatalf("check.Canaries: %v", err)
		return nil
	}
	if len(planted.Planted) == 0 {
		t.Fatalf("check.Canaries: tenants %s have no text, jsonb or bytea cells: create rows first, or their absence proves nothing", strings.Join(shown, ", "))
	}
	for _, note := range planted.Unchecked {
		t.Log("check.Canaries: " + note)
	}
	return &CanarySet{planted}
}

// tenantKeys are the parts of a tenant's key: those of a slice, or one.
func tenantKeys(v any) ([]string, error) {
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Slice || r.Type().Elem().Kind() == reflect.Uint8 {
		key, err := tenantKey(v)
		return []string{key}, err
	}
	var out []string
	for i := range r.Len() {
		key, err := tenantKey(r.Index(i).Interface())
		if err != nil {
			return nil, err
		}
		out = append(out, key)
	}
	return out, nil
}

func tenantKey(v any) (string, error) {
	switch k := v.(type) {
	case string:
		return k, nil
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", k[:4], k[4:6], k[6:8], k[8:10], k[10:]), nil
	case fmt.Stringer:
		return k.String(), nil
	}
	r := reflect.Indirect(reflect.ValueOf(v))
	switch r.Kind() {
	case reflect.Struct:
		if id := r.FieldByName("ID"); id.IsValid() && id.CanInterface() {
			return tenantKey(id.Interface())
		}
	case reflect.Array:
		if r.Len() == 16 && r.Type().Elem().Kind() == reflect.Uint8 {
			return tenantKey(r.Convert(reflect.TypeFor[[16]byte]()).Interface())
		}
	case reflect.String, reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint32, reflect.Uint64:
		return fmt.Sprint(r.Interface()), nil
	}
	return "", fmt.Errorf("%T is no tenant: want a key, or a struct with a field ID", v)
}

// Absent fails the test where a canary, or a key of the tenants' rows, shows in any
// of the values: structs, maps, bytes, JSON, errors, logs, an *http.Response (whose
// body can be read again afterwards), an io.Reader (which is read to its end). Hex,
// base64 and escapes of JSON and URLs are seen through.
func (c *CanarySet) Absent(t testing.TB, values ...any) {
	t.Helper()
	var findings []Finding
	for _, v := range values {
		v, err := readable(v)
		if err != nil {
			t.Fatalf("check.Canaries: read %T: %v", v, err)
		}
		for _, s := range c.planted.Search(v) {
			what := "a token planted in"
			if s.ID {
				what = "the key of another tenant's row,"
			}
			findings = append(findings, Finding{Rule: "canary", Object: s.Path,
				Message: fmt.Sprintf("%s %s.%s shows at %s (%s)", what, s.Table, s.Column, s.Path, s.Form), Evidence: []string{s.Text},
				Fix: "find the query that fills this place, and scope it to the tenant"})
		}
	}
	if len(findings) == 0 {
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "check.Canaries: %s\n", count(len(findings), "finding"))
	for _, f := range findings {
		b.WriteString("\n")
		writeFinding(&b, f)
	}
	t.Error(b.String())
}

// readable turns what has to be read into what can be looked at.
func readable(v any) (any, error) {
	switch r := v.(type) {
	case *http.Response:
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		_ = r.Body.Close() // it has been read to its end
		r.Body = io.NopCloser(bytes.NewReader(body))
		return map[string]any{"Status": r.Status, "Header": r.Header, "Trailer": r.Trailer, "Body": body}, nil
	case *bytes.Buffer:
		return r.Bytes(), nil
	case io.Reader:
		return io.ReadAll(r)
	}
	return v, nil
}
