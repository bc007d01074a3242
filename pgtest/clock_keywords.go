package pgtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/sqltext"
)

// clockUsersSQL lists the expressions and bodies of a schema in which a keyword may stand.
const clockUsersSQL = `
WITH mine AS (
	SELECT 'pg_class'::regclass AS class, c.oid FROM pg_class c
	WHERE c.oid >= 16384 AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'seedbed_clock'::regnamespace)
		AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
)
SELECT 'default', adrelid::regclass::text, quote_ident(attname), pg_get_expr(adbin, adrelid)
FROM pg_attrdef d JOIN mine ON mine.oid = adrelid JOIN pg_attribute a ON attrelid = adrelid AND a.attnum = d.adnum WHERE attgenerated = ''
UNION ALL SELECT 'domain', t.oid::regtype::text, '', typdefault FROM pg_type t WHERE typtype = 'd' AND typdefault IS NOT NULL AND t.oid >= 16384
UNION ALL SELECT 'check', conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN mine ON mine.oid = conrelid WHERE contype = 'c'
UNION ALL SELECT 'policy', polrelid::regclass::text, quote_ident(polname), concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
	FROM pg_policy JOIN mine ON mine.oid = polrelid
UNION ALL SELECT 'view', c.oid::regclass::text, '', pg_get_viewdef(c.oid) FROM pg_class c JOIN mine USING (oid) WHERE relkind IN ('v', 'm')
UNION ALL SELECT 'trigger', tgrelid::regclass::text, quote_ident(tgname), pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN mine ON mine.oid = tgrelid WHERE tgqual IS NOT NULL
UNION ALL SELECT 'function', p.oid::regprocedure::text, '', coalesce(pg_get_function_sqlbody(p.oid), prosrc) FROM pg_proc p JOIN pg_language l ON l.oid = prolang
	WHERE p.oid >= 16384 AND pronamespace <> 'seedbed_clock'::regnamespace AND lanname IN ('sql', 'plpgsql')
		AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
ORDER BY 1, 2, 3`

// keywordsOf lists what of a schema has the present as a keyword or a literal, with the
// change that makes it follow a clock.
func keywordsOf(ctx context.Context, admin *pgx.Conn) (lines []string, err error) {
	rows, err := admin.Query(ctx, clockUsersSQL)
	if err != nil {
		return nil, err
	}
	var kind, object, part, text string
	_, err = pgx.ForEachRow(rows, []any{&kind, &object, &part, &text}, func() error {
		found, instead := presentIn(text)
		if len(found) == 0 {
			return nil
		}
		has := strings.Join(found, ", ")
		switch kind {
		case "default":
			lines = append(lines, fmt.Sprintf("%s.%s has %s: ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", object, part, has, object, part, instead))
		case "domain":
			lines = append(lines, fmt.Sprintf("domain %s has %s: ALTER DOMAIN %s SET DEFAULT %s", object, has, object, instead))
		case "function", "view":
			lines = append(lines, fmt.Sprintf("%s %s has %s: write %s", kind, object, has, replacements(found)))
		default:
			lines = append(lines, fmt.Sprintf("%s %s of %s has %s: write %s", kind, part, object, has, replacements(found)))
		}
		return nil
	})
	return lines, err
}

// present is each keyword for the present, with a call that says the same.
var present = []struct{ keyword, call, typ string }{
	{"current_timestamp", "now()", "timestamptz"},
	{"current_date", "now()::date", "date"},
	{"current_time", "now()::timetz", "timetz"},
	{"localtimestamp", "now()::timestamp", "timestamp"},
	{"localtime", "now()::time", "time"},
}

// presentIn finds keywords for the present in an expression or a body, and literals such as
// 'now'. instead is the expression without them.
func presentIn(text string) (found []string, instead string) {
	tokens := sqltext.Tokens(text)
	var out strings.Builder
	at := 0
	for i, t := range tokens {
		call, end := "", t.End
		for _, p := range present {
			if t.Kind != sqltext.Word || !t.Is(p.keyword) {
				continue
			}
			call = p.call
			if i+3 < len(tokens) && tokens[i+1].Is("(") && tokens[i+3].Is(")") { // CURRENT_TIMESTAMP(3)
				call, end = fmt.Sprintf("now()::%s(%s)", p.typ, tokens[i+2].Text), tokens[i+3].End
			}
		}
		if t.Kind == sqltext.String && strings.EqualFold(t.Text, "now") && (i > 0 && isTimeType(tokens[i-1]) || i+2 < len(tokens) && tokens[i+1].Is("::")) {
			call = "now()"
		}
		if call == "" {
			continue
		}
		if name := strings.ToUpper(text[t.Pos:t.End]); !slices.Contains(found, name) {
			found = append(found, name)
		}
		out.WriteString(text[at:t.Pos] + call)
		at = end
	}
	return found, out.String() + text[at:]
}

func isTimeType(t sqltext.Token) bool {
	return t.Is("timestamptz") || t.Is("timestamp") || t.Is("date") || t.Is("time") || t.Is("timetz")
}

// replacements says what to write for each of the keywords.
func replacements(found []string) string {
	var all []string
	for _, name := range found {
		call := "now()"
		for _, p := range present {
			if strings.EqualFold(name, p.keyword) {
				call = p.call
			}
		}
		if !slices.Contains(all, call) {
			all = append(all, call)
		}
	}
	return strings.Join(all, ", ")
}
