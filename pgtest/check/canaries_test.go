package check_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
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
	"unicode/utf16"

	"github.com/klauspost/compress/zstd"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

func plain(s string) string { return strings.Trim(s, "'") }

// cell reads one text as the role that sees all.
func cell(t *testing.T, db *pgtest.DB, sql string) string {
	t.Helper()
	su := testpg.Superuser(t, db)
	if _, err := su.Exec(t.Context(), "SET search_path = public"); err != nil {
		t.Fatal(err)
	}
	return testpg.One[string](t, su, sql)
}

var anyToken = regexp.MustCompile(`canary[0-9a-f]{18}`)

func TestCanariesAreSeenInAnyForm(t *testing.T) {
	t.Parallel()
	db := reference(t)
	c := check.Canaries(t, db, check.Options{}, plain(spaceB))
	body := cell(t, db, "select body from comments where id = "+commB)
	token := anyToken.FindString(body)
	if token == "" {
		t.Fatalf("nothing was planted in %q", body)
	}
	type inner struct{ secret []byte }
	doc, _ := json.Marshal(map[string]any{"items": []any{1, map[string]string{"body": "x" + token}}})
	gz := packed(t, "a comment: "+body, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil })
	for name, v := range map[string]any{
		"gzip": gz, "gzip in base64": base64.StdEncoding.EncodeToString(gz), "gzip in a response": &http.Response{Body: io.NopCloser(bytes.NewReader(gz))},
		"zlib":      packed(t, body, func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil }),
		"deflate":   packed(t, body, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 9) }),
		"zstd":      packed(t, body, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }),
		"UTF-16 LE": utf16Bytes("\ufeffx"+body, binary.LittleEndian), "UTF-16 BE": utf16Bytes(body, binary.BigEndian),
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
	check.Canaries(t, db, check.Options{}, plain(spaceB))
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
}

// What is no tenant's key is an error that says which keys there are.
func TestCanariesOfNoTenant(t *testing.T) {
	t.Parallel()
	db := reference(t)
	for name, tenant := range map[string]any{
		"an unknown key": "no-such-tenant",
		"a struct":       struct{ ID string }{plain(spaceB)},
		"a float":        1.5,
	} {
		fake := testkit.Record(t, func(t testing.TB) { check.Canaries(t, db, check.Options{}, tenant) })
		if !strings.Contains(fake.FatalMessage(), plain(spaceB)) {
			t.Errorf("%s: %s", name, fake.Text())
		}
	}
	empty := pg.DB(t)
	fake := testkit.Record(t, func(t testing.TB) { check.Canaries(t, empty, check.Options{}, plain(spaceB)) })
	if !strings.Contains(fake.Text(), "create rows first") {
		t.Errorf("of a database without rows: %s", fake.Text())
	}
}

// Small keys are met by chance: they are not looked for, and that is said.
func TestCanariesNameKeysThatAreTooSmall(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	for _, sql := range []string{
		"CREATE TABLE shops (shop_no int PRIMARY KEY, title text NOT NULL)",
		"CREATE TABLE orders (shop_no int NOT NULL REFERENCES shops, order_no int, note text, PRIMARY KEY (shop_no, order_no))",
		"INSERT INTO shops VALUES (1, 'mine'), (2, 'theirs')",
		"INSERT INTO orders VALUES (1, 7, 'a'), (2, 8, 'b')",
	} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	model := seedbed.Model{
		Tenants: []seedbed.Tenant{{Name: "shop", Table: "shops", Key: []string{"shop_no"}}},
		Scoped:  []seedbed.Scoped{{Table: "orders", Tenant: "shop", Columns: []string{"shop_no"}}},
	}
	fake := testkit.NewRecorder(t)
	c := check.Canaries(fake, db, check.Options{Model: &model}, int8(2))
	if logs := fake.Logged(); !strings.Contains(logs, "orders.order_no (8), shops.shop_no (2) are too common to look for") {
		t.Errorf("logged %s", logs)
	}
	c.Absent(fake, "order 8", cell(t, db, "select note from orders where shop_no = 1"))
	if fake.Failed() || !strings.Contains(fake.Logged(), "none of 2 tokens and 0 keys of tenant 2 shows in 2 values") {
		t.Errorf("a passing run: %s %s", fake.Text(), fake.Logged())
	}
	c.Absent(fake, cell(t, db, "select note from orders where shop_no = 2"))
	if len(fake.Errors()) != 1 {
		t.Errorf("their note: %s", fake.Text())
	}
}

// packed returns text as a writer packs it.
func packed(t *testing.T, text string, open func(io.Writer) (io.WriteCloser, error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func utf16Bytes(text string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}
