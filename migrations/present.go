package migrations

import (
	"fmt"
	"regexp"
	"strings"
)

// gooseMark is what goose would take for an annotation inside of a statement.
var gooseMark = regexp.MustCompile(`(?m)^(\s*--.*)\+goose`)

// render is a section as a goose file, each statement between StatementBegin and
// StatementEnd, so that none needs an annotation in the file itself.
func (s section) render(down bool) []byte {
	var b strings.Builder
	if s.noTransaction {
		b.WriteString("-- +goose NO TRANSACTION\n")
	}
	b.WriteString("-- +goose Up\n")
	if down {
		b.WriteString("-- +goose Down\n")
	}
	write := func(sql string) {
		for gooseMark.MatchString(sql) {
			sql = gooseMark.ReplaceAllString(sql, "${1}+ goose")
		}
		fmt.Fprintf(&b, "-- +goose StatementBegin\n%s\n-- +goose StatementEnd\n", sql)
	}
	for _, st := range s.statements {
		write(st.sql)
	}
	for _, sql := range s.after {
		write(sql)
	}
	return []byte(b.String())
}

// gooseName is what goose knows the migration's file by.
func (src source) gooseName() string {
	if src.presented {
		return fmt.Sprintf("%d_presented.sql", src.Version)
	}
	return src.File
}

// gooseText is what goose reads for one direction.
func (src source) gooseText(down bool) []byte {
	switch {
	case !src.presented:
		return src.content
	case down && !src.sql.hasDown:
		return src.noWayBack().render(true)
	}
	return src.sql.section(down).render(down)
}

// noWayBack fails on the server, where goose would else take the version out of its
// table and leave the schema as it is.
func (src source) noWayBack() section {
	return section{statements: []statement{{sql: "do $seedbed$ begin raise exception '" +
		literal(strings.ReplaceAll(src.Name(), "%", "%%")) + " has no way back'; end $seedbed$"}}}
}
