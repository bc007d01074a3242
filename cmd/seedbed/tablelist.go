package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/dev"
)

// linesBeside is how many lines of a screen the report of seedbed dev needs beside the
// tables: four steps, the database and its URL, which wrap, and how to get at it.
const linesBeside = 19

// tableList are tables with the numbers of their rows, in columns.
type tableList struct {
	tables []dev.Table
	width  int // of a line
	lines  int // most lines; zero: as many as it takes, in two columns
}

// tableLines is how many lines the tables may take, beside notes: zero, which is any
// number, where stdout is no terminal.
func (a *app) tableLines(notes int) int {
	height := a.height(a.out)
	if height == 0 {
		return 0
	}
	return max(4, height-linesBeside-notes)
}

// write leaves out the tables with the fewest rows where not all fit.
func (l tableList) write(w io.Writer, p palette) {
	if len(l.tables) == 0 {
		fmt.Fprintln(w, "No tables.")
		return
	}
	names, digits := 0, 0
	for _, t := range l.tables {
		names, digits = max(names, len(t.Name)), max(digits, len(rowCount(t)))
	}
	columns := l.columns(names + digits + 4)
	shown := l.shown(columns)
	rows := (len(shown) + columns - 1) / columns
	for r := range rows {
		var line strings.Builder
		for i := r; i < len(shown); i += rows {
			fmt.Fprintf(&line, "  %-*s  %*s", names, shown[i].Name, digits, rowCount(shown[i]))
		}
		fmt.Fprintln(w, line.String())
	}
	fmt.Fprintln(w, p.faint("  "+l.total(len(shown))))
}

// columns is how many fit, each of a width.
func (l tableList) columns(width int) int {
	most, alone := 4, l.lines
	if l.lines == 0 {
		most, alone = 2, 8
	}
	if len(l.tables) <= alone {
		return 1
	}
	return max(1, min(most, l.width/width))
}

// shown are the tables that fit into so many columns, in their order.
func (l tableList) shown(columns int) []dev.Table {
	room := columns * l.lines
	if l.lines == 0 || len(l.tables) <= room {
		return l.tables
	}
	most := make([]int, len(l.tables))
	for i := range most {
		most[i] = i
	}
	slices.SortStableFunc(most, func(a, b int) int { return cmp.Compare(l.tables[b].Rows, l.tables[a].Rows) })
	most = most[:room]
	slices.Sort(most)
	shown := make([]dev.Table, room)
	for i, at := range most {
		shown[i] = l.tables[at]
	}
	return shown
}

func (l tableList) total(shown int) string {
	var rows int64
	about := ""
	for _, t := range l.tables {
		rows += t.Rows
		if t.About {
			about = "about "
		}
	}
	text := fmt.Sprintf("%s, %s%s rows", plural(len(l.tables), "table"), about, thousands(rows))
	if n := len(l.tables) - shown; n > 0 {
		text = fmt.Sprintf("and %d more: %s in all; seedbed status --tables lists them", n, text)
	}
	return text
}

func rowCount(t dev.Table) string {
	if t.About {
		return "~" + thousands(t.Rows)
	}
	return thousands(t.Rows)
}
