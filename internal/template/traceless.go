package template

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/sqltext"
)

// traceless tells whether all that sql does to its session is undone by DISCARD
// ALL, by what it says: its statements are of known kinds, and no function is
// mentioned that changes settings or runs a text. What the functions of the schema
// do is looked at once, by docile; a test cannot add any without a change to the
// catalog.
//
// A false no costs a new session, a false yes a test's isolation: what is not known
// is a no.
func traceless(sql string) bool {
	lower := strings.ToLower(sql)
	if slices.ContainsFunc(tracing, func(word string) bool { return strings.Contains(lower, word) }) {
		return false
	}
	calls := strings.Count(lower, setConfig)
	for _, s := range sqltext.Split(sql).Statements {
		if !knownKind(s.Tokens) {
			return false
		}
		calls -= plainCalls(s.Tokens)
	}
	return calls == 0 && (!strings.Contains(lower, setConfig) || !strings.Contains(sql, `\`)) // E'\x2e' is a dot
}

const setConfig = "set_config"

// plainCalls counts the calls of set_config on one of the server's own settings, by
// a name that stands there, or on one of ours.
func plainCalls(tokens []sqltext.Token) (n int) {
	for i := range tokens {
		if !sqltext.At(tokens, i, setConfig, "(") || !sqltext.At(tokens, i+3, ",") || tokens[i+2].Kind != sqltext.String {
			continue
		}
		name := tokens[i+2].Text
		if !strings.Contains(name, ".") && !strings.EqualFold(name, "seed") || strings.HasPrefix(name, "seedbed.") {
			n++
		}
	}
	return n
}

// tracing are what sets a setting that cannot be unset, or the seed of random();
// what runs a text; and what makes a text mean something else.
var tracing = []string{"setseed", "to_xml", "ts_stat", "ts_rewrite", "dblink", "u&", "standard_conforming"}

var kinds = []string{
	"select", "insert", "update", "delete", "merge", "with", "values", "table", "copy", "(",
	"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release",
	"declare", "fetch", "move", "close", "explain", "show", "lock", "truncate", "call",
	"listen", "unlisten", "notify", "discard", "deallocate",
}

func knownKind(tokens []sqltext.Token) bool {
	if tokens[0].Is("set") || tokens[0].Is("reset") {
		return plainSetting(tokens[1:])
	}
	return slices.ContainsFunc(kinds, tokens[0].Is)
}

// plainSetting tells whether what SET sets is one of the server's own settings,
// which RESET ALL puts back.
func plainSetting(tokens []sqltext.Token) bool {
	for len(tokens) > 0 && (tokens[0].Is("session") || tokens[0].Is("local")) {
		tokens = tokens[1:]
	}
	if len(tokens) == 0 || tokens[0].Kind != sqltext.Word || tokens[0].Is("seed") {
		return false
	}
	return len(tokens) == 1 || !tokens[1].Is(".")
}

// docileSQL asks whether anything in the schema does, when statements of known
// kinds run it, what traceless refuses: functions, and expressions in defaults,
// constraints, indexes, policies, rules and triggers. Extensions are trusted by
// name.
const docileSQL = `
WITH tracing AS MATERIALIZED (
	SELECT ':funcid (' || string_agg(oid::text, '|') || ') ' AS pattern FROM pg_proc
	WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(set_config|setseed|.*_to_xml.*|ts_stat|ts_rewrite)$'
), expressions(tree) AS (
	SELECT adbin::text FROM pg_attrdef UNION ALL
	SELECT conbin::text FROM pg_constraint UNION ALL
	SELECT concat(indexprs::text, indpred::text) FROM pg_index UNION ALL
	SELECT concat(polqual::text, polwithcheck::text) FROM pg_policy UNION ALL
	SELECT concat(ev_qual::text, ev_action::text) FROM pg_rewrite WHERE ev_class >= 16384 UNION ALL
	SELECT tgqual::text FROM pg_trigger UNION ALL
	SELECT concat(prosqlbody::text, proargdefaults::text) FROM pg_proc WHERE oid >= 16384
)
SELECT NOT EXISTS (SELECT FROM expressions, tracing WHERE tree ~ pattern)
	AND NOT EXISTS (SELECT FROM pg_extension WHERE extname <> ALL ('{plpgsql,pgcrypto,citext,uuid-ossp,pg_trgm,hstore,btree_gin,btree_gist,ltree,unaccent,fuzzystrmatch,intarray,cube,isn,vector}'))
	AND NOT EXISTS (
		SELECT FROM pg_proc p JOIN pg_language l ON l.oid = prolang
		WHERE p.oid >= 16384 AND (
			lanname NOT IN ('sql', 'plpgsql', 'c', 'internal')
			OR lanname IN ('c', 'internal') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
			OR lanname IN ('sql', 'plpgsql') AND prosrc ~* $1
			OR EXISTS (SELECT FROM unnest(proconfig) c WHERE c ~ '^[^=]*\.')))`

// In the text of a function, statements that traceless would refuse have to be
// found among others.
const tracingText = `set_config|setseed|to_xml|ts_stat|ts_rewrite|dblink|u&|standard_conforming|\mexecute\M|\mload\M|\m(re)?set\s+((session|local)\s+)*("|seed\M|[\w$]+\s*\.)`

func docile(ctx context.Context, keeper *pgx.Conn) (yes bool, err error) {
	err = keeper.QueryRow(ctx, docileSQL, tracingText).Scan(&yes)
	return yes, err
}
