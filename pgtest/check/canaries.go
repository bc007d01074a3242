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
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/internal/rows"
)

// CanarySet is what Canaries planted.
type CanarySet struct {
	planted *audit.Canaries
	tenants string
}

// Canaries plants a token in every text, jsonb and bytea cell of the tenants that
// are named, and notes the keys of their rows: whatever the code under test does
// for other tenants, none of it may show.
//
//	c := check.Canaries(t, db, check.Options{}, other.ID)
//	page, err := api.Thread(ctx, db, mine.ID)
//	c.Absent(t, page, err, logs.String())
//
// A tenant is its key: a string, a number, a uuid (as [16]byte or text), a fmt.Stringer.
// Where several columns tell tenants apart it is a slice of their values in the Model's
// order, as in []any{"eu", 17}. A key that no row has is an error that says which keys
// there are. Of Options only Model counts.
//
// Canaries changes these tenants' rows and commits: it is for a test's own database.
// Where a constraint takes no token, the value that is there is looked for. It logs which
// columns have neither, and which keys are too small to look for: a 17 is everywhere. It
// needs no row-level security.
func Canaries(t testing.TB, db seedbed.DB, opt Options, tenants ...any) *CanarySet {
	t.Helper()
	var keys [][]string
	var shown []string
	for _, tenant := range tenants {
		key, err := tenantKeys(tenant)
		if err != nil {
			t.Fatalf("check.Canaries: %v%s", err, tenantsThere(t, db, opt))
			return nil
		}
		keys, shown = append(keys, key), append(shown, strings.Join(key, "/"))
	}
	planted, err := audit.Plant(t.Context(), db, opt.engine(), keys)
	if err != nil {
		t.Fatalf("check.Canaries: %v", rows.ExplainRights(db, err))
		return nil
	}
	c := &CanarySet{planted, strings.Join(shown, ", ")}
	if len(planted.Planted) == 0 {
		t.Fatalf("check.Canaries: tenants %s have no text, jsonb or bytea cells: create rows first, or their absence proves nothing", c.tenants)
	}
	for _, note := range planted.Unchecked {
		t.Log("check.Canaries: " + note)
	}
	return c
}

// tenantsThere is the end of an error: which keys a caller could have passed.
func tenantsThere(t testing.TB, db seedbed.DB, opt Options) string {
	there, err := audit.TenantKeys(t.Context(), db, opt.engine())
	if err != nil || there == "" {
		return ""
	}
	return "; there are " + there
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
	switch {
	case r.Kind() == reflect.Array && r.Len() == 16 && r.Type().Elem().Kind() == reflect.Uint8:
		return tenantKey(r.Convert(reflect.TypeFor[[16]byte]()).Interface())
	case r.Kind() == reflect.String || r.CanInt() || r.CanUint():
		return fmt.Sprint(r.Interface()), nil
	}
	return "", fmt.Errorf("%T is no tenant's key: pass the key itself, such as row.ID: a string, a number, a uuid, a fmt.Stringer, or a slice of those where several columns make the key", v)
}

// Absent fails the test where a canary, or a key of the tenants' rows, shows in any
// of the values: structs, maps, bytes, JSON, errors, logs, an *http.Response (whose
// body can be read again afterwards), an io.Reader (which is read to its end). Hex,
// base64, escapes of JSON and URLs, gzip, deflate, zstd and UTF-16 are seen through.
// Where nothing shows it logs what was looked for.
func (c *CanarySet) Absent(t testing.TB, values ...any) {
	t.Helper()
	if len(values) == 0 {
		t.Fatal("check.Canaries: Absent was given nothing to look at: pass what the code under test returned")
		return
	}
	var findings []report.Finding
	for _, v := range values {
		if kind := reflect.ValueOf(v).Kind(); kind == reflect.Func || kind == reflect.Chan {
			t.Fatalf("check.Canaries: Absent cannot look into a %T: pass what it returns", v)
			return
		}
		v, err := readable(v)
		if err != nil {
			t.Fatalf("check.Canaries: read %T: %v", v, err)
			return
		}
		for _, m := range c.planted.Search(v) {
			findings = append(findings, canaryFinding(m))
		}
	}
	if len(findings) > 0 {
		t.Error("check.Canaries: " + report.Count(len(findings), "finding") + "\n" + formatFindings(findings))
		return
	}
	t.Logf("check.Canaries: none of %s and %s of tenant %s shows in %s", report.Count(len(c.planted.Planted), "token"),
		report.Count(len(c.planted.IDs), "key"), c.tenants, report.Count(len(values), "value"))
}

func canaryFinding(m audit.Match) report.Finding {
	what := "a token planted in"
	if m.ID {
		what = "the key of another tenant's row,"
	}
	return report.Finding{Rule: "canary", Object: m.Path, Evidence: []string{m.Text},
		Message: fmt.Sprintf("%s %s.%s shows at %s (%s)", what, m.Table, m.Column, m.Path, m.Form),
		Fix:     "find the query that fills this place, and scope it to the tenant"}
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
