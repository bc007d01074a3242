package migrations

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/sqltext"
)

// refusal is how a guard ends the script: by an error, and for clients that would go
// on after one, by the end of the session.
func (w *scriptWriter) refusal(format, args string) string {
	raise := fmt.Sprintf("raise exception '%s'%s using hint = 'nothing of this migration was changed';", format, args)
	if w.options.Plain {
		return fmt.Sprintf("raise warning '%s'%s; perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); %s", format, args, raise)
	}
	return raise
}

// preflight refuses what can be refused before anything is changed, and makes
// goose's version table where there is none.
func (w *scriptWriter) preflight(applied []int64, create []event) {
	w.line("\ndo $seedbed$ begin")
	w.line("    if current_setting('server_version_num')::int < %d0000 then", w.options.Major)
	w.line("        %s", w.refusal(fmt.Sprintf("this script wants Postgres %d or newer, not %%", w.options.Major), ", current_setting('server_version')"))
	w.line("    end if;")
	w.line("    if not pg_try_advisory_lock(%d) then", gooseLock)
	w.line("        %s", w.refusal("another process is migrating this database", ""))
	w.line("    end if;")
	w.line("end $seedbed$;")
	w.guard(applied, source{})
	w.line("do $seedbed$ begin")
	w.line("    if to_regclass('%s') is null then", literal(w.table))
	for _, e := range create {
		w.WriteString("        " + terminated(e.sql))
	}
	w.line("        insert into %s (version_id, is_applied) values (0, true);", w.table)
	w.line("    end if;")
	w.line("end $seedbed$;")
}

// guard refuses every state but the one that the migration was written for. For no
// migration in particular it also compares the files applied before with those
// that the script knows.
func (w *scriptWriter) guard(applied []int64, src source) {
	want := strings.ReplaceAll(strings.Trim(fmt.Sprint(applied), "[]"), " ", ",")
	w.line("do $seedbed$")
	w.line("declare found bigint[] := '{}'; wanted constant bigint[] := '{%s}'; wrong text;", want)
	w.line("begin")
	w.line("    if to_regclass('%s') is not null then", literal(w.table))
	w.line("        select coalesce(array_agg(v order by v), '{}') into found from (select distinct on (version_id) version_id as v, is_applied")
	w.line("            from %s order by version_id, id desc) s where is_applied and v > 0;", w.table)
	w.line("    end if;")
	what := "the script"
	if src.Version > 0 {
		what = literal(strings.ReplaceAll(src.Name(), "%", "%%"))
	}
	w.line("    if found is distinct from wanted then")
	w.line("        select concat_ws('; ', 'applied here and not expected: ' || (select string_agg(v::text, ', ') from unnest(found) v where v <> all (wanted)),")
	w.line("            'expected and not applied: ' || (select string_agg(v::text, ', ') from unnest(wanted) v where v <> all (found))) into wrong;")
	w.line("        %s", w.refusal(what+" does not fit this database: %", ", wrong"))
	w.line("    end if;")
	if src.Version == 0 && len(applied) > 0 {
		w.changedFiles(applied)
	}
	w.line("end $seedbed$;")
}

// changedFiles compares the checksums that earlier scripts left in the comment of
// the version table.
func (w *scriptWriter) changedFiles(applied []int64) {
	var known []string
	for _, v := range applied {
		if src, ok := w.set.source(v); ok {
			known = append(known, fmt.Sprintf("%d=%s", v, checksum(src)[:16]))
		}
	}
	w.line("    select string_agg(split_part(entry, '=', 1), ', ') into wrong")
	w.line("    from regexp_split_to_table(coalesce(substring(obj_description(to_regclass('%s'), 'pg_class') from 'seedbed: (.*)'), ''), ' ') entry", literal(w.table))
	w.line("    where entry <> '' and split_part(entry, '=', 1)::bigint = any (found) and entry <> all ('{%s}');", strings.Join(known, ","))
	w.line("    if wrong is not null then")
	w.line("        %s", w.refusal("these versions were applied from files that have changed since: %", ", wrong"))
	w.line("    end if;")
}

// remember leaves the file's checksum in the comment of the version table, where it
// is in no session's way.
func (w *scriptWriter) remember(src source) {
	entry := fmt.Sprintf("%d=%s", src.Version, checksum(src)[:16])
	w.line("do $seedbed$ declare kept text; begin")
	w.line("    select coalesce(string_agg(entry || ' ', '' order by split_part(entry, '=', 1)::bigint), '') into kept")
	w.line("    from regexp_split_to_table(coalesce(substring(obj_description(to_regclass('%s'), 'pg_class') from 'seedbed: (.*)'), ''), ' ') entry", literal(w.table))
	w.line("    where entry <> '' and split_part(entry, '=', 1) <> '%d';", src.Version)
	if w.options.Down {
		w.line("    execute format('comment on table %s is %%L', 'seedbed: ' || rtrim(kept));", w.table)
	} else {
		w.line("    execute format('comment on table %s is %%L', 'seedbed: ' || kept || '%s');", w.table, entry)
	}
	w.line("end $seedbed$;")
}

// outside is a migration without a transaction: it must not run twice, and a broken
// index that an earlier try has left is dropped first.
func (w *scriptWriter) outside(applied []int64, src source, events []event, mark string) error {
	w.line("-- no transaction: each statement commits by itself")
	w.line("set lock_timeout = '%s';", w.options.LockTimeout)
	w.guard(applied, src)
	n := 0
	for _, e := range events {
		if e.verb != "exec" {
			continue
		}
		text, err := e.text()
		if err != nil {
			return &SourceError{File: src.Name(), Err: err}
		}
		cut := sqltext.Split(text)
		name := ""
		if len(cut.Statements) == 1 {
			name = concurrentIndex(cut.Statements[0])
		}
		if name != "" {
			w.dropInvalid(name)
		}
		if len(cut.Statements) > 1 && !controlsTransaction(cut) { // goose sends it as one message: one transaction
			w.line("begin;")
			w.statement(src, n, text)
			w.line("commit;")
		} else {
			w.statement(src, n, text)
		}
		if name != "" {
			w.assertValid(name)
		}
		n++
	}
	w.line("begin;")
	w.WriteString(mark)
	w.remember(src)
	w.line("commit;")
	w.line("reset lock_timeout;")
	return nil
}

func controlsTransaction(cut sqltext.Result) bool {
	return slices.ContainsFunc(cut.Statements, controlsBlock)
}

// refuseScript refuses a migration whose transaction would end before its end, because
// then the guards would vouch for what is not so, and one that would fail half-way.
func (s *Set) refuseScript(src source, down bool) error {
	if src.sql == nil {
		return nil
	}
	section, alone := src.sql.section(down), s.dialectOf(src).alone()
	for _, st := range section.statements {
		for _, one := range sqltext.Split(st.sql).Statements {
			var why string
			switch {
			case controlsBlock(one):
				why = "begins or ends a transaction inside the one that the script holds around each migration: leave it out, or put what must commit by itself " + alone
			case refusesTransaction(one):
				why = "does not run in a transaction: put it " + alone
			default:
				continue
			}
			word := strings.ToUpper(strings.Join(strings.Fields(one.Text)[:1], " "))
			return &SourceError{File: section.file, Line: st.line + strings.Count(st.sql[:one.Pos], "\n"), Err: fmt.Errorf("%s %s", word, why)}
		}
	}
	return nil
}

// concurrentIndex is the name, as SQL, of the index that a CREATE INDEX CONCURRENTLY
// makes; empty for anything else. An index lies in its table's schema.
func concurrentIndex(st sqltext.Statement) string {
	t := st.Tokens
	i := sqltext.Index(t, "index", "concurrently")
	if !st.Starts("create") || i < 0 || i > 2 {
		return ""
	}
	i += 2
	if sqltext.At(t, i, "if", "not", "exists") {
		i += 3
	}
	if i >= len(t) || !t[i].Name() || t[i].Is("on") {
		return ""
	}
	name := `"` + strings.ReplaceAll(t[i].Text, `"`, `""`) + `"`
	i++
	if sqltext.At(t, i, "on", "only") {
		i++
	}
	if i+3 < len(t) && t[i].Is("on") && t[i+1].Name() && t[i+2].Is(".") {
		return `"` + strings.ReplaceAll(t[i+1].Text, `"`, `""`) + `".` + name
	}
	return name
}

// dropInvalid drops what a failed build has left. Without psql it can only be
// refused: DROP INDEX CONCURRENTLY runs in no block.
func (w *scriptWriter) dropInvalid(name string) {
	if w.options.Plain {
		w.line("do $seedbed$ begin")
		w.line("    if exists (select from pg_index where indexrelid = to_regclass('%s') and not indisvalid) then", literal(name))
		w.line("        %s", w.refusal(literal(strings.ReplaceAll(name, "%", "%%"))+" is left over from a failed build: DROP INDEX CONCURRENTLY it first", ""))
		w.line("    end if;")
		w.line("end $seedbed$;")
		return
	}
	w.line("select 'drop index concurrently ' || indexrelid::regclass from pg_index where indexrelid = to_regclass('%s') and not indisvalid \\gexec", literal(name))
}

func (w *scriptWriter) assertValid(name string) {
	w.line("do $seedbed$ begin")
	w.line("    if not exists (select from pg_index where indexrelid = to_regclass('%s') and indisvalid) then", literal(name))
	w.line("        %s", w.refusal(literal(strings.ReplaceAll(name, "%", "%%"))+" is not valid", ""))
	w.line("    end if;")
	w.line("end $seedbed$;")
}

// literal is what stands between the quotes of a SQL literal.
func literal(s string) string { return strings.ReplaceAll(s, "'", "''") }
