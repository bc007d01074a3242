package migrations

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/sqltext"
)

// raiseSQL returns the PL/pgSQL that ends the script: an error, and the end of the session
// for clients that would continue after an error.
func (w *scriptWriter) raiseSQL(format, args string) string {
	raise := fmt.Sprintf("raise exception '%s'%s using hint = 'nothing of this migration was changed';", format, args)
	if w.options.Plain {
		return fmt.Sprintf("raise warning '%s'%s; perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); %s", format, args, raise)
	}
	return raise
}

// writePreflight writes the checks before the first change, and creates goose's version
// table if there is none.
func (w *scriptWriter) writePreflight(applied []int64, create []event) {
	w.line("\ndo $seedbed$ begin")
	w.line("    if current_setting('server_version_num')::int < %d0000 then", w.options.Major)
	w.line("        %s", w.raiseSQL(fmt.Sprintf("this script wants Postgres %d or newer, not %%", w.options.Major), ", current_setting('server_version')"))
	w.line("    end if;")
	w.line("    if not pg_try_advisory_lock(%d) then", gooseLockKey)
	w.line("        %s", w.raiseSQL("another process is migrating this database", ""))
	w.line("    end if;")
	w.line("end $seedbed$;")
	w.writeGuard(applied, source{})
	w.line("do $seedbed$ begin")
	w.line("    if to_regclass('%s') is null then", escapeLiteral(w.table))
	for _, e := range create {
		w.WriteString("        " + withSemicolon(e.sql))
	}
	w.line("        insert into %s (version_id, is_applied) values (0, true);", w.table)
	w.line("    end if;")
	w.line("end $seedbed$;")
}

// writeGuard writes a block that raises an error unless exactly the applied versions are
// applied. Without a migration it also compares the checksums of the files applied by
// earlier scripts.
func (w *scriptWriter) writeGuard(applied []int64, src source) {
	want := strings.ReplaceAll(strings.Trim(fmt.Sprint(applied), "[]"), " ", ",")
	w.line("do $seedbed$")
	w.line("declare found bigint[] := '{}'; wanted constant bigint[] := '{%s}'; wrong text;", want)
	w.line("begin")
	w.line("    if to_regclass('%s') is not null then", escapeLiteral(w.table))
	w.line("        select coalesce(array_agg(v order by v), '{}') into found from (select distinct on (version_id) version_id as v, is_applied")
	w.line("            from %s order by version_id, id desc) s where is_applied and v > 0;", w.table)
	w.line("    end if;")
	subject := "the script"
	if src.Version > 0 {
		subject = escapeLiteral(strings.ReplaceAll(src.Name(), "%", "%%"))
	}
	w.line("    if found is distinct from wanted then")
	w.line("        select concat_ws('; ', 'applied here and not expected: ' || (select string_agg(v::text, ', ') from unnest(found) v where v <> all (wanted)),")
	w.line("            'expected and not applied: ' || (select string_agg(v::text, ', ') from unnest(wanted) v where v <> all (found))) into wrong;")
	w.line("        %s", w.raiseSQL(subject+" does not fit this database: %", ", wrong"))
	w.line("    end if;")
	if src.Version == 0 && len(applied) > 0 {
		w.writeChecksumGuard(applied)
	}
	w.line("end $seedbed$;")
}

// writeChecksumGuard compares the checksums that earlier scripts have left in the comment
// of the version table.
func (w *scriptWriter) writeChecksumGuard(applied []int64) {
	var known []string
	for _, v := range applied {
		if src, ok := w.set.source(v); ok {
			known = append(known, fmt.Sprintf("%d=%s", v, checksum(src)[:16]))
		}
	}
	w.line("    select string_agg(split_part(entry, '=', 1), ', ') into wrong")
	w.line("    from regexp_split_to_table(coalesce(substring(obj_description(to_regclass('%s'), 'pg_class') from 'seedbed: (.*)'), ''), ' ') entry", escapeLiteral(w.table))
	w.line("    where entry <> '' and split_part(entry, '=', 1)::bigint = any (found) and entry <> all ('{%s}');", strings.Join(known, ","))
	w.line("    if wrong is not null then")
	w.line("        %s", w.raiseSQL("these versions were applied from files that have changed since: %", ", wrong"))
	w.line("    end if;")
}

// writeChecksum adds the file's checksum to the comment of the version table.
func (w *scriptWriter) writeChecksum(src source) {
	entry := fmt.Sprintf("%d=%s", src.Version, checksum(src)[:16])
	w.line("do $seedbed$ declare kept text; begin")
	w.line("    select coalesce(string_agg(entry || ' ', '' order by split_part(entry, '=', 1)::bigint), '') into kept")
	w.line("    from regexp_split_to_table(coalesce(substring(obj_description(to_regclass('%s'), 'pg_class') from 'seedbed: (.*)'), ''), ' ') entry", escapeLiteral(w.table))
	w.line("    where entry <> '' and split_part(entry, '=', 1) <> '%d';", src.Version)
	if w.options.Down {
		w.line("    execute format('comment on table %s is %%L', 'seedbed: ' || rtrim(kept));", w.table)
	} else {
		w.line("    execute format('comment on table %s is %%L', 'seedbed: ' || kept || '%s');", w.table, entry)
	}
	w.line("end $seedbed$;")
}

// writeWithoutTransaction writes a migration that runs without a transaction. It drops an
// invalid index that an earlier attempt has left before it creates the index again.
func (w *scriptWriter) writeWithoutTransaction(applied []int64, src source, events []event, versionSQL string) error {
	w.line("-- no transaction: each statement commits by itself")
	w.line("set lock_timeout = '%s';", w.options.LockTimeout)
	w.writeGuard(applied, src)
	n := 0
	for _, e := range events {
		if e.verb != "exec" {
			continue
		}
		text, err := e.withArguments()
		if err != nil {
			return &SourceError{File: src.Name(), Err: err}
		}
		split := sqltext.Split(text)
		name := ""
		if len(split.Statements) == 1 {
			name = concurrentIndex(split.Statements[0])
		}
		if name != "" {
			w.writeDropInvalid(name)
		}
		if len(split.Statements) > 1 && !slices.ContainsFunc(split.Statements, controlsBlock) { // goose sends it as one message, and so in one transaction
			w.line("begin;")
			w.writeStatement(src, n, text)
			w.line("commit;")
		} else {
			w.writeStatement(src, n, text)
		}
		if name != "" {
			w.writeAssertValid(name)
		}
		n++
	}
	w.line("begin;")
	w.WriteString(versionSQL)
	w.writeChecksum(src)
	w.line("commit;")
	w.line("reset lock_timeout;")
	return nil
}

// checkScript refuses a migration that ends its transaction itself, after which the guards
// would not hold, and one with a statement that fails in a transaction.
func (s *Set) checkScript(src source, down bool) error {
	if src.sql == nil {
		return nil
	}
	section, remedy := src.sql.section(down), s.dialectOf(src).outsideTransaction()
	for _, st := range section.statements {
		for _, one := range sqltext.Split(st.sql).Statements {
			var why string
			switch {
			case controlsBlock(one):
				why = "begins or ends a transaction inside the one that the script holds around each migration: leave it out, or put what must commit by itself " + remedy
			case refusesTransaction(one):
				why = "does not run in a transaction: put it " + remedy
			default:
				continue
			}
			word := strings.ToUpper(strings.Join(strings.Fields(one.Text)[:1], " "))
			return &SourceError{File: section.file, Line: st.line + strings.Count(st.sql[:one.Pos], "\n"), Err: fmt.Errorf("%s %s", word, why)}
		}
	}
	return nil
}

// concurrentIndex returns the name, quoted, of the index that a CREATE INDEX CONCURRENTLY
// creates, or "" for any other statement. An index is in the schema of its table.
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
	if i >= len(t) || !t[i].IsIdentifier() || t[i].Is("on") {
		return ""
	}
	name := `"` + strings.ReplaceAll(t[i].Text, `"`, `""`) + `"`
	i++
	if sqltext.At(t, i, "on", "only") {
		i++
	}
	if i+3 < len(t) && t[i].Is("on") && t[i+1].IsIdentifier() && t[i+2].Is(".") {
		return `"` + strings.ReplaceAll(t[i+1].Text, `"`, `""`) + `".` + name
	}
	return name
}

// writeDropInvalid drops the index that a failed build has left. Without psql's \gexec the
// script can only refuse: DROP INDEX CONCURRENTLY does not run in a DO block.
func (w *scriptWriter) writeDropInvalid(name string) {
	if w.options.Plain {
		w.line("do $seedbed$ begin")
		w.line("    if exists (select from pg_index where indexrelid = to_regclass('%s') and not indisvalid) then", escapeLiteral(name))
		w.line("        %s", w.raiseSQL(escapeLiteral(strings.ReplaceAll(name, "%", "%%"))+" is left over from a failed build: DROP INDEX CONCURRENTLY it first", ""))
		w.line("    end if;")
		w.line("end $seedbed$;")
		return
	}
	w.line("select 'drop index concurrently ' || indexrelid::regclass from pg_index where indexrelid = to_regclass('%s') and not indisvalid \\gexec", escapeLiteral(name))
}

// writeAssertValid refuses to continue if the index is not valid.
func (w *scriptWriter) writeAssertValid(name string) {
	w.line("do $seedbed$ begin")
	w.line("    if not exists (select from pg_index where indexrelid = to_regclass('%s') and indisvalid) then", escapeLiteral(name))
	w.line("        %s", w.raiseSQL(escapeLiteral(strings.ReplaceAll(name, "%", "%%"))+" is not valid", ""))
	w.line("    end if;")
	w.line("end $seedbed$;")
}

// escapeLiteral escapes a text for use between the quotes of an SQL literal.
func escapeLiteral(s string) string { return strings.ReplaceAll(s, "'", "''") }
