package pgtest_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/fixtures"
	"github.com/qarion/seedbed/internal/testkit"
	"github.com/qarion/seedbed/internal/testpg"
	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/pgtest/check"
)

// invoices has policies that read a setting, one of them through a function.
var invoices = &pgtest.Server{Migrations: goose(`
CREATE TABLE invoices (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account text NOT NULL, total int NOT NULL DEFAULT 1);
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY account ON invoices USING (account = current_setting('app.account', true));
CREATE FUNCTION current_account() RETURNS text STABLE LANGUAGE sql RETURN current_setting('app.account');
CREATE TABLE payments (account text NOT NULL);
ALTER TABLE payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE payments FORCE ROW LEVEL SECURITY;
CREATE POLICY account ON payments USING (account = current_account());
CREATE TABLE currencies (code text);
`)}

// cardOf is the card, all that is logged, of a test that did f and failed on purpose.
func cardOf(t *testing.T, server *pgtest.Server, f func(t testing.TB, db *pgtest.DB)) string {
	t.Helper()
	return logOfFailure(t, func(t testing.TB) { f(t, server.DB(t)) })
}

// txCardOf is the same of a test that did f in a transaction.
func txCardOf(t *testing.T, f func(t testing.TB, tx pgtest.Tx)) string {
	t.Helper()
	return logOfFailure(t, func(t testing.TB) { f(t, invoices.Tx(t)) })
}

// logOfFailure is the log of a test that did f and then failed on purpose: for no other reason.
func logOfFailure(t *testing.T, f func(t testing.TB)) string {
	t.Helper()
	const onPurpose = "this test fails on purpose"
	r := testkit.Record(t, func(t testing.TB) {
		f(t)
		t.Error(onPurpose)
	})
	if got := strings.TrimSpace(r.Text()); got != onPurpose {
		t.Errorf("the test failed by itself: %s", got)
	}
	return r.Logged()
}

func TestCardOfARefusedInsert(t *testing.T) {
	card := cardOf(t, invoices, func(t testing.TB, db *pgtest.DB) {
		for range 2 {
			if _, err := db.Exec(t.Context(), "INSERT INTO invoices (account) VALUES ('a')"); err == nil {
				t.Error("the insert passed")
			}
		}
	})
	if n := strings.Count(card, "STATEMENT:  INSERT INTO invoices"); n != 1 {
		t.Errorf("the card has the statement %d times", n)
	}
	testkit.Mention(t, card, "invoices: its policies refused a row", "role seedbed_owner without app.account",
		`db.As(t, "seedbed_owner", map[string]string{"app.account": "…"})`, "SELECT set_config('app.account', $1, true)", `factory.Auto("invoices").Create(t, db)`)
}

func TestCardOfHiddenRows(t *testing.T) {
	card := cardOf(t, invoices, func(t testing.TB, db *pgtest.DB) {
		factory.Auto("invoices").CreateN(t, db, 3, acme)
		seesNone(t, db, "invoices")
	})
	testkit.Mention(t, card, "invoices: 3 rows, of which a new session of role seedbed_owner without app.account sees 0",
		// With a value that has been tried.
		`db.As(t, "seedbed_owner", map[string]string{"app.account": "acme"}) connects as the application does: it sees 3 of invoices`)
	if strings.Contains(card, "currencies") || strings.Contains(card, "payments") {
		t.Errorf("tables that hide nothing are mentioned:\n%s", card)
	}
}

func TestCardOfAPolicyThatFailsWithoutItsSetting(t *testing.T) {
	card := cardOf(t, invoices, func(t testing.TB, db *pgtest.DB) {
		factory.Auto("payments").Create(t, db, acme)
		// An error, or no row where the connection has had the setting in a transaction: it is '' then.
		if tag, err := db.Exec(t.Context(), "SELECT FROM payments"); err == nil && tag.RowsAffected() > 0 {
			t.Error("the policy passed")
		}
	})
	testkit.Mention(t, card, "payments: 1 row", "sees none, but gets", `unrecognized configuration parameter "app.account"`, `map[string]string{"app.account": "acme"}`)
}

// The policy of payments calls current_setting without missing_ok: it raises an error instead
// of refusing the row.
func TestCardOfAnInsertWithoutTheSettingThatAPolicyReads(t *testing.T) {
	card := cardOf(t, invoices, func(t testing.TB, db *pgtest.DB) {
		if _, err := db.Exec(t.Context(), "INSERT INTO payments (account) VALUES ('a')"); err == nil {
			t.Error("the insert passed")
		}
	})
	testkit.Mention(t, card, "payments: its policies read app.account, and fail where a session has not set it",
		`db.As(t, "seedbed_owner", map[string]string{"app.account": "…"})`, `factory.Auto("payments").Create(t, db)`)
	if strings.Contains(card, "  invoices: ") {
		t.Errorf("a table that the statement does not name is mentioned:\n%s", card)
	}
	card = cardOf(t, invoices, func(t testing.TB, db *pgtest.DB) {
		if _, err := db.Exec(t.Context(), "SELECT current_setting('app.other')"); err == nil {
			t.Error("the setting is there")
		}
	})
	if strings.Contains(card, "row-level security") {
		t.Errorf("a setting that no policy reads has nothing to do with policies:\n%s", card)
	}
}

// The usual mistake: a setting holds for one connection of the pool.
func TestCardOfASettingOnAnotherConnection(t *testing.T) {
	card := cardOf(t, invoices, func(t testing.TB, db *pgtest.DB) {
		factory.Auto("invoices").Create(t, db, acme)
		testpg.Exec(t, db, "SELECT set_config('app.account', $1, true)", "acme")
	})
	testkit.Mention(t, card, "the test has set app.account: that holds for one connection of the pool")
}

func TestCardOfAnotherTenantsSession(t *testing.T) {
	card := cardOf(t, invoices, func(t testing.TB, db *pgtest.DB) {
		factory.Auto("invoices").Create(t, db, acme)
		seesNone(t, db.As(t, "seedbed_owner", map[string]string{"app.account": "Acme"}), "invoices")
	})
	testkit.Mention(t, card, "and one of seedbed_owner with app.account = 'Acme' none")
}

func TestCardWithoutRowSecuritySaysNothingOfIt(t *testing.T) {
	card := cardOf(t, invoices, func(t testing.TB, db *pgtest.DB) {
		testpg.Exec(t, db, "INSERT INTO currencies VALUES ('EUR')")
	})
	if strings.Contains(card, "row-level") {
		t.Errorf("the card blames row-level security:\n%s", card)
	}
}

// The policy is for another role than the test's: the card proposes that one.
func TestCardWherePoliciesAreForAnotherRole(t *testing.T) {
	server := &pgtest.Server{Migrations: goose(`
CREATE TABLE letters (account text NOT NULL);
ALTER TABLE letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE letters FORCE ROW LEVEL SECURITY;
-- +goose StatementBegin
DO $$ BEGIN CREATE ROLE letter_reader NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
-- +goose StatementEnd
GRANT SELECT, INSERT ON letters TO letter_reader;
CREATE POLICY account ON letters TO letter_reader USING (account = current_setting('app.account', true));`)}
	card := cardOf(t, server, func(t testing.TB, db *pgtest.DB) {
		testpg.Exec(t, testpg.Superuser(t, db), "INSERT INTO letters VALUES ('b')")
	})
	testkit.Mention(t, card, "its policies are for letter_reader", `db.As(t, "letter_reader", map[string]string{"app.account": "b"})`)
}

// Policies of the reference schema read their setting through functions with a SQL body.
func TestCardOfTheReferenceSchema(t *testing.T) {
	card := cardOf(t, testpg.Reference, func(t testing.TB, db *pgtest.DB) {
		factory.Datasets.Create(t, db)
		seesNone(t, db, "datasets")
	})
	testkit.Mention(t, card, "datasets: 1 row, of which a new session of role seedbed_owner without seedbed.space_id", `db.As(t, "seedbed_app", map[string]string{"seedbed.space_id": "`)
	if strings.Contains(card, "its policies are for public") {
		t.Errorf("policies for everyone are for this role, too:\n%s", card)
	}
	testkit.Mention(t, card, `map[string]string{"seedbed.space_id": "`)
}

// bills has policies for everyone, and the application has a role of its own.
var bills = &pgtest.Server{Migrations: goose(`
-- +goose StatementBegin
DO $$ BEGIN CREATE ROLE billing_app NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
-- +goose StatementEnd
CREATE TABLE tenants (id text PRIMARY KEY);
CREATE TABLE branches (id int PRIMARY KEY, above int REFERENCES branches);
CREATE TABLE bills (account text NOT NULL);
CREATE INDEX ON bills (account);
ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
ALTER TABLE bills FORCE ROW LEVEL SECURITY;
CREATE POLICY account ON bills USING (account = current_setting('app.account', true));
GRANT SELECT ON tenants TO billing_app;
GRANT SELECT, INSERT, UPDATE ON bills TO billing_app;
`)}

// The session that was refused is named, not the test's.
func TestCardOfAnInsertRefusedToTheApplication(t *testing.T) {
	card := cardOf(t, bills, func(t testing.TB, db *pgtest.DB) {
		app := db.As(t, "billing_app", map[string]string{"app.account": "acme"})
		if _, err := app.Exec(t.Context(), "INSERT INTO bills VALUES ('other')"); err == nil {
			t.Error("the insert passed")
		}
	})
	testkit.Mention(t, card, "bills: its policies refused a row of billing_app with app.account = 'acme'", `db.As(t, "billing_app", map[string]string{"app.account": "…"})`)
	if strings.Contains(card, "seedbed_owner without") {
		t.Errorf("the card names a session that was refused nothing:\n%s", card)
	}
}

// The example is a session of the application's, where grants tell its role.
func TestCardProposesTheApplicationsRole(t *testing.T) {
	card := cardOf(t, bills, func(t testing.TB, db *pgtest.DB) {
		factory.Auto("bills").Create(t, db, acme)
		seesNone(t, db, "bills")
	})
	testkit.Mention(t, card, `db.As(t, "billing_app", map[string]string{"app.account": "acme"}) connects as the application does: it sees 1 of bills`)
}

func TestCardOfAMissingGrant(t *testing.T) {
	card := cardOf(t, bills, func(t testing.TB, db *pgtest.DB) {
		factory.Auto("bills").Create(t, db, acme)
		app := db.As(t, "billing_app", map[string]string{"app.account": "acme"})
		if _, err := app.Exec(t.Context(), "UPDATE tenants SET id = 'b' WHERE id = 'a'"); err == nil {
			t.Error("the update passed")
		}
		for _, sql := range []string{"ALTER TABLE branches DISABLE TRIGGER ALL", "SET ROLE billing_app"} {
			if _, err := db.Exec(t.Context(), sql); err == nil {
				t.Errorf("passed: %s", sql)
			}
		}
	})
	testkit.Mention(t, card, `billing_app has no right to this: GRANT UPDATE ON tenants TO "billing_app" in a migration`,
		"the triggers of foreign keys are a superuser's: disable them over db.Superuser(ctx)", `db.As(t, "billing_app", …) connects as billing_app`)
	if strings.Contains(card, "row-level security") {
		t.Errorf("policies have nothing to do with it:\n%s", card)
	}
}

// A test that reads no table itself has not failed for the rows that are hidden from it.
func TestCardOfATestThatAsksForNoRows(t *testing.T) {
	card := cardOf(t, bills, func(t testing.TB, db *pgtest.DB) {
		factory.Auto("bills").Create(t, db, acme)
		check.Isolation(t, db)
	})
	if strings.Contains(card, "row-level security applies to this test's sessions") {
		t.Errorf("the card blames row-level security:\n%s", card)
	}
}

func TestCardNamesTheTableThatIsNotForced(t *testing.T) {
	server := &pgtest.Server{Migrations: goose("CREATE TABLE open (id int); CREATE TABLE secrets (id int); ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;")}
	card := cardOf(t, server, func(t testing.TB, db *pgtest.DB) {
		if _, err := db.Exec(t.Context(), "TRUNCATE open"); err == nil {
			t.Error("the tester truncated")
		}
	})
	testkit.Mention(t, card, "row-level security that the owner would pass: secrets (ENABLE without FORCE)", "TRUNCATE and DDL are denied")
}

// seesNone has the test look for rows itself.
func seesNone(t testing.TB, db *pgtest.DB, table string) {
	t.Helper()
	if tag, err := db.Exec(t.Context(), "SELECT FROM "+table); err != nil || tag.RowsAffected() != 0 {
		t.Errorf("%s: %s, %v", table, tag, err)
	}
}

// acme makes a row one account's.
var acme = factory.Set(func(r *factory.Record) { r.Set("account", "acme") })

func TestCardOfATransaction(t *testing.T) {
	for name, c := range map[string]struct {
		does func(t testing.TB, tx pgtest.Tx)
		says []string
	}{
		"an insert that is refused": {func(t testing.TB, tx pgtest.Tx) {
			if _, err := tx.Exec(t.Context(), "INSERT INTO invoices (account) VALUES ('a')"); err == nil {
				t.Error("the insert passed")
			}
		}, []string{"its transaction is rolled back", "invoices: its policies refused a row of role seedbed_owner without app.account",
			"SELECT set_config('app.account', '…', true) in the transaction", `db.As(t, "seedbed_owner", map[string]string{"app.account": "…"})`,
			"STATEMENT:  INSERT INTO invoices"}},
		"rows that are hidden": {func(t testing.TB, tx pgtest.Tx) {
			factory.Auto("invoices").CreateN(t, tx, 3, acme)
		}, []string{"invoices: 3 rows, of which the test's transaction in role seedbed_owner without app.account sees 0",
			"SELECT set_config('app.account', 'acme', true) in the transaction: it then sees 3 of invoices"}},
		"another tenant's setting": {func(t testing.TB, tx pgtest.Tx) {
			factory.Auto("invoices").CreateN(t, tx, 2, acme)
			testpg.Exec(t, tx, "SELECT set_config('app.account', 'Acme', true)")
		}, []string{"invoices: 2 rows, of which the test's transaction in role seedbed_owner with app.account = 'Acme' sees 0"}},
	} {
		t.Run(name, func(t *testing.T) { testkit.Mention(t, txCardOf(t, c.does), c.says...) })
	}
}

// What policies refused another test's transaction, on the same connection, is not told again.
func TestCardOfATransactionIsOfThatAlone(t *testing.T) {
	refused := func(t testing.TB, tx pgtest.Tx) {
		if _, err := tx.Exec(t.Context(), "INSERT INTO invoices (account) VALUES ('a')"); err == nil {
			t.Error("the insert passed")
		}
	}
	txCardOf(t, refused)
	if card := txCardOf(t, func(testing.TB, pgtest.Tx) {}); card != "" {
		t.Errorf("a test that did nothing has a card:\n%s", card)
	}
}

// A handle of As is for the code under test. What factories, fixtures and checks then lack says
// which handle has it, and the card does not take their statements for the test's.
func TestHandleOfAsForWhatIsNoCodeUnderTest(t *testing.T) {
	files := fstest.MapFS{"a.yaml": {Data: []byte("organizations:\n  acme: {name: Acme}\n")}}
	const other = "pass what pg.DB return"
	for name, c := range map[string]struct {
		f    func(t testing.TB, db, app *pgtest.DB)
		says []string
	}{
		"factory": {func(t testing.TB, _, app *pgtest.DB) { factory.Organizations.Create(t, app) },
			[]string{"create organizations", "the sessions of this handle are those of role seedbed_app: " + other}},
		"fill": {func(t testing.TB, _, app *pgtest.DB) { factory.Organizations.Fill(t, app, 3) },
			[]string{"fill: ", "the sessions of this handle are those of role seedbed_app: " + other}},
		"fixtures": {func(t testing.TB, _, app *pgtest.DB) { fixtures.Load(t, app, files) },
			[]string{"a.yaml:2:3: organizations.acme: ", "the sessions of this handle are those of role seedbed_app: " + other}},
		"dump": {func(t testing.TB, db, app *pgtest.DB) {
			factory.Datasets.Create(t, db)
			if _, err := fixtures.Dump(t.Context(), app, fixtures.DumpOptions{}); err != nil {
				t.Error(err)
			}
		}, []string{"dump fixtures: ", "the sessions of this handle are those of role seedbed_app: " + other}},
		"integrity": {func(t testing.TB, _, app *pgtest.DB) { check.Integrity(t, app) }, []string{"rows-hidden: seedbed_app", other}},
		"what probes try": {func(t testing.TB, db, _ *pgtest.DB) {
			factory.Datasets.CreateN(t, db, 2)
			check.Isolation(t, db)
			t.Error("failed for another reason")
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := testkit.Record(t, func(t testing.TB) {
				db := testpg.Reference.DB(t)
				c.f(t, db, db.As(t, "seedbed_app", nil))
			})
			testkit.Mention(t, r.Text(), c.says...)
			for _, hint := range []string{"ways on:", "GRANT", "row-level security applies"} {
				if strings.Contains(r.Logged(), hint) {
					t.Errorf("the card has %q:\n%s", hint, r.Logged())
				}
			}
		})
	}
}
