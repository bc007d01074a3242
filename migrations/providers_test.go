package migrations_test

import (
	"fmt"
	"strings"
	"testing"
)

const simple = "insert into source_systems (space_id, name, type, config, secret_ref) values ($1, 'new', $2, $3, $4)"

// secretOf returns a secret's reference for types that need one, and nil for the other
// ones.
func secretOf(kind string) any {
	if kind == "email" || kind == "webhook" {
		return nil
	}
	return "vault://x"
}

func TestSimpleConfigs(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	good := map[string][]string{
		"slack":     {`{"channel": "#data-alerts"}`, `{"channel": "#a", "username": "seedbed"}`},
		"pagerduty": {`{"service_id": "PABC123", "severity": "critical"}`},
		"email":     {`{"recipients": ["a@example.org"]}`, `{"recipients": ["a@example.org", "b@example.org"], "subject_prefix": "[dq]"}`},
		"webhook":   {`{"url": "https://example.org"}`, `{"url": "https://example.org:8443/a/b", "method": "PUT", "timeout_seconds": 2.5}`},
	}
	bad := map[string][]string{
		"slack": {`{"channel": "data"}`, `{"channel": "#A"}`, `{"channel": ["#a"]}`, `{"channel": 1}`, `{"channel": null}`, `{"username": "x"}`,
			`{"channel": "#a", "username": 1}`, `{"channel": "#a", "username": null}`, `{"channel": "#a", "token": "xoxb-1"}`, `{"Channel": "#a"}`},
		"pagerduty": {`{"service_id": "PABC123"}`, `{"severity": "info"}`, `{"service_id": "abc", "severity": "info"}`, `{"service_id": "PABC123", "severity": "fatal"}`,
			`{"service_id": "PABC123", "severity": ["info"]}`, `{"service_id": "PABC123", "severity": null}`, `{"service_id": "PABC123", "severity": "info", "routing_key": "r"}`},
		"email": {`{"recipients": []}`, `{"recipients": "a@example.org"}`, `{"recipients": ["a"]}`, `{"recipients": ["a@example.org", 1]}`, `{"recipients": ["a@example.org", null]}`,
			`{"recipients": [["a@example.org"]]}`, `{"recipients": {"0": "a@example.org"}}`, `{"recipients": null}`, `{"recipients": ["a@example.org"], "subject_prefix": 1}`,
			`{"recipients": ["a@example.org"], "password": "p"}`, `{"recipients": ["a @example.org"]}`, `{"recipients": [` + strings.Repeat(`"a@b",`, 50) + `"a@b"]}`},
		"webhook": {`{"url": "http://example.org"}`, `{"url": "https://user:password@example.org"}`, `{"url": "https://example.org/?token=1"}`, `{"url": "https://"}`, `{"url": null}`, `{"url": {}}`,
			`{"method": "POST"}`, `{"url": "https://example.org", "method": "GET"}`, `{"url": "https://example.org", "timeout_seconds": "2"}`,
			`{"url": "https://example.org", "timeout_seconds": 0}`, `{"url": "https://example.org", "timeout_seconds": null}`, `{"url": "https://example.org", "headers": {"authorization": "x"}}`},
	}
	for kind := range good {
		for _, config := range good[kind] {
			mustAccept(t, app, simple, id(red), kind, config, secretOf(kind))
		}
		for _, config := range append(bad[kind], `{}`, `[]`, `"x"`, `1`, `true`, `null`, `[{"channel": "#a", "url": "https://x", "recipients": ["a@b"]}]`) {
			mustRefuseWith(t, app, check, "source_systems_"+kind, simple, id(red), kind, config, secretOf(kind))
		}
		// Another type's config, and none at all.
		for other := range good {
			if other != kind {
				mustRefuseWith(t, app, check, "source_systems_"+kind, simple, id(red), kind, good[other][0], secretOf(kind))
			}
		}
		mustRefuseWith(t, app, check, "", simple, id(red), kind, nil, secretOf(kind))
	}
	mustRefuseWith(t, app, check, "", simple, id(red), "teams", `{"channel": "#a"}`, "vault://x")
	mustRefuseWith(t, app, check, "", simple, id(red), "Slack", `{"channel": "#a"}`, "vault://x")
	mustRefuseWith(t, app, notNull, "", simple, id(red), nil, `{"channel": "#a"}`, "vault://x")
}

// A complex system and its subtype's row: each without the other one, of another type, in
// another space, and twice.
func TestSubtypeRows(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	base := "insert into source_systems (space_id, id, name, type, secret_ref) values ('" + id(red) + "', '" + id("new") + "', 'new', '%s', 'vault://x'); "
	sub := map[string]string{
		"snowflake":  "insert into snowflake_systems (space_id, id, account, warehouse, database_name, username) values ('%s', '%s', 'a', 'w', 'd', 'u'); ",
		"bigquery":   "insert into bigquery_systems (space_id, id, project, dataset_name) values ('%s', '%s', 'my-project', 'd'); ",
		"databricks": "insert into databricks_systems (space_id, id, workspace_url, http_path) values ('%s', '%s', 'https://x', '/y'); ",
		"postgres":   "insert into postgres_systems (space_id, id, host, database_name, username) values ('%s', '%s', 'h', 'd', 'u'); ",
	}
	for kind := range sub {
		row := func(space, name string) string { return fmt.Sprintf(sub[kind], id(space), id(name)) }
		parent := fmt.Sprintf(base, kind)
		mustAccept(t, app, parent+row(red, "new"))
		mustRefuseWith(t, app, foreignKey, "source_systems_has_"+kind, parent)
		mustRefuseWith(t, app, foreignKey, "", row(red, "nowhere"))
		mustRefuseWith(t, app, foreignKey, "", row(red, "webhook")) // of a simple type
		for other := range sub {
			if other != kind {
				mustRefuseWith(t, app, foreignKey, "", row(red, other))
				mustRefuseWith(t, app, foreignKey, "", fmt.Sprintf("update source_systems set type = '%s' where id = '%s'", other, id(kind)))
			}
		}
		mustRefuseWith(t, w.seeder, foreignKey, "", parent+row(blue, "new"))
		mustRefuseWith(t, app, unique, kind+"_systems_pkey", row(red, kind))
		mustRefuseWith(t, app, foreignKey, "source_systems_has_"+kind, "delete from "+kind+"_systems")
		mustRefuseWith(t, app, generated, "", "update "+kind+"_systems set type = 'webhook'")
		mustRefuseWith(t, app, check, "source_systems_config_or_subtype", fmt.Sprintf("update source_systems set config = '{}' where id = '%s'", id(kind)))
	}
	mustRefuseWith(t, app, foreignKey, "", `update source_systems set type = 'webhook', config = '{"url": "https://x"}', secret_ref = null where id = '`+id("snowflake")+"'")
	mustRefuseWith(t, app, foreignKey, "source_systems_has_snowflake", `update source_systems set type = 'snowflake', config = null, secret_ref = 'vault://x' where id = '`+id("webhook")+"'")
	mustExec(t, app, "delete from source_systems where id = $1", id("snowflake"))
	if n := queryValue[int64](t, app, "select count(*) from snowflake_systems"); n != 0 {
		t.Errorf("%d subtype rows outlive their base", n)
	}
	mustRefuseWith(t, app, foreignKey, "datasets_source_system_fkey", "delete from source_systems where id = $1", id("postgres"))
}

// A secret is a reference or an envelope; no column takes it in plain text.
func TestSecrets(t *testing.T) {
	t.Parallel()
	w := newTenantFixture(t)
	app := w.asApplication(t, red)
	insert := `insert into source_systems (space_id, name, type, config, secret_ref, secret_ciphertext, secret_key_id)
		values ($1, 'new', 'slack', '{"channel": "#a"}', $2, $3, $4)`
	envelope := append([]byte{1}, make([]byte, 40)...)
	mustAccept(t, app, insert, id(red), "vault://team/slack#token", nil, nil)
	mustAccept(t, app, insert, id(red), nil, envelope, "key-1")
	for _, plain := range []string{"hunter2", "xoxb-1234", "https://hooks.slack.com/services/T0/B0/x", "", "vault://", "vault://a b", "file:///etc/passwd"} {
		mustRefuseWith(t, app, check, "source_systems_secret_ref_form", insert, id(red), plain, nil, nil)
	}
	for name, c := range map[string]struct {
		ref        any
		ciphertext []byte
		key        any
	}{
		"none": {}, "both": {"vault://x", envelope, "key-1"}, "plain text as bytes": {nil, []byte("hunter2"), "key-1"},
		"long plain text": {nil, []byte(strings.Repeat("hunter2", 10)), "key-1"}, "no key": {nil, envelope, nil}, "empty": {nil, []byte{}, "key-1"},
		"a key without": {"vault://x", nil, "key-1"}, "another version": {nil, append([]byte{2}, envelope...), "key-1"},
	} {
		code, _, err := refusalOf(t, app, insert, id(red), c.ref, c.ciphertext, c.key)
		if code != check {
			t.Errorf("%s: %v", name, err)
		}
	}
	mustRefuseWith(t, app, check, "source_systems_secret", "update source_systems set secret_ref = null where type = 'snowflake'")
	// No other column of a provider is named for a secret.
	text := queryColumn[string](t, w.DB, `select a.attrelid::regclass || '.' || attname from pg_attribute a
		where a.attrelid::regclass::text like '%\_systems' and attname ~ 'pass|secret|token|key' and attnum > 0 order by 1`)
	if got := strings.Join(text, " "); got != "source_systems.secret_ciphertext source_systems.secret_key_id source_systems.secret_ref" {
		t.Errorf("columns that could hold a secret: %s", got)
	}
}
