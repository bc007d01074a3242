package check_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

func plain(s string) string { return strings.Trim(s, "'") }

// cell reads one text as the role that sees all.
func cell(t *testing.T, db *pgtest.DB, sql string) string {
	t.Helper()
	conn, err := db.Superuser(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var out string
	if err := conn.QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

var anyToken = regexp.MustCompile(`canary[0-9a-f]{18}`)

func TestCanariesAreSeenInAnyForm(t *testing.T) {
	t.Parallel()
	db := reference(t)
	c := check.Canaries(t, db, plain(spaceB))
	body := cell(t, db, "select body from comments where id = "+commB)
	token := anyToken.FindString(body)
	if token == "" {
		t.Fatalf("nothing was planted in %q", body)
	}
	type inner struct{ secret []byte }
	doc, _ := json.Marshal(map[string]any{"items": []any{1, map[string]string{"body": "x" + token}}})
	for name, v := range map[string]any{
		"text": "a comment: " + body, "struct": struct{ In *inner }{&inner{[]byte(token)}}, "map key": map[string]int{token: 1}, "JSON": doc,
		"raw JSON": json.RawMessage(doc), "JSON in JSON": fmt.Sprintf(`{"payload": %q}`, doc), "hex": hex.EncodeToString([]byte("..." + token)),
		"base64": "data:;base64," + base64.StdEncoding.EncodeToString([]byte("ab"+token+"c")), "URL": "https://x/?q=" + url.QueryEscape(base64.URLEncoding.EncodeToString([]byte(token))),
		"error": fmt.Errorf("save: %w", errors.New(body)), "reader": strings.NewReader(body), "upper": strings.ToUpper(token),
		"response": &http.Response{Status: "200 OK", Header: http.Header{"X-Name": {token}}, Body: io.NopCloser(strings.NewReader("{}"))},
		"key":      "see /datasets/" + plain(datB), "bare key": strings.ReplaceAll(plain(datB), "-", ""), "key bytes": mustHex(strings.ReplaceAll(plain(datB), "-", "")),
	} {
		fake := testkit.NewRecorder(t)
		c.Absent(fake, v)
		if len(fake.Errors()) != 1 {
			t.Errorf("%s: not seen", name)
		}
	}
	fake := testkit.NewRecorder(t)
	c.Absent(fake, "nothing of theirs", plain(datA), nil, map[string]any{"a": []int{1, 2}}, errors.New("x"), cell(t, db, "select body from comments where id = "+noteA))
	if len(fake.Errors()) > 0 {
		t.Errorf("seen where there is none: %s", fake.Text())
	}
	c.Absent(fake, map[string]any{"items": []any{map[string]any{"body": body, "dataset": plain(datB)}}})
	golden(t, "canary", anyToken.ReplaceAllString(fake.Text(), "canary000000000000000000"))
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestCanariesLeaveOthersAloneAndTheSchemaWhole(t *testing.T) {
	t.Parallel()
	db := reference(t)
	before := cell(t, db, "select string_agg(body, '|' order by id) from comments where space_id = "+spaceA)
	check.Canaries(t, db, plain(spaceB))
	if after := cell(t, db, "select string_agg(body, '|' order by id) from comments where space_id = "+spaceA); after != before {
		t.Errorf("another tenant's comments changed: %s", after)
	}
	for table, column := range map[string]string{"comments": "body", "attachments": "filename", "alerts": "details::text", "datasets": "name", "annotations": "value::text", "audit_logs": "details::text"} {
		got := cell(t, db, fmt.Sprintf("select coalesce(string_agg(%s, '|'), '') from %s where space_id = %s", column, table, spaceB))
		if !anyToken.MatchString(got) {
			t.Errorf("no token in %s.%s: %s", table, column, got)
		}
	}
	if n := cell(t, db, "select count(*)::text from attachments where space_id = "+spaceB+" and position(convert_to('canary', 'UTF8') in content) = 0"); n != "0" {
		t.Errorf("%s attachments without a token in their content", n)
	}
	check.Integrity(t, db)
	check.Isolation(t, db)
	fake := testkit.Record(t, func(t testing.TB) {
		check.Canaries(t, db, struct{ ID string }{"no-such-tenant"})
	})
	if !strings.Contains(fake.Text(), "create rows first") {
		t.Errorf("of a tenant without rows: %s", fake.Text())
	}
}
