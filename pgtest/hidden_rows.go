package pgtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A hiding is a table of which the test's sessions do not see all rows, or that has
// refused one.
type hiding struct {
	table   securedTable
	role    string // the test's
	inTx    bool   // the test has a transaction of Server.Tx and no database
	value   string // of the setting that the policies read, in that transaction
	all     int    // rows, up to countLimit
	seen    int    // by a new session of role, or by the transaction
	why     string // the error that a query of role gets instead of rows; "" none
	refused bool
	by      *DB      // the session of DB.As that it refused; nil: the test's own
	unset   string   // a setting that the policies read and whose absence failed a statement
	bytes   int64    // of rows, where policies hide them from the administrator too; 0 elsewhere
	sat     bool     // the test has set a setting that the policies read
	blind   []string // DB.As sessions that see no row

	reader string            // a role that policies let through
	set    map[string]string // with these settings, as far as values are known
	sees   int               // it sees so many rows
}

// rank orders hidings by how much their example tells, the best first.
func (h hiding) rank() int {
	switch {
	case h.sees > h.seen && len(h.set) > 0:
		return 0
	case len(h.set) > 0:
		return 1
	}
	return 2
}

func (h hiding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", h.table.Name)
	if h.by != nil {
		fmt.Fprintf(&b, "its policies refused a row of %s; where the row is another tenant's, that is right", session(h.by.asRole, h.by.asSettings))
		return b.String()
	}
	rows := fmt.Sprintf("%d rows", h.all)
	switch {
	case h.all >= countLimit:
		rows = fmt.Sprintf("%d rows or more", countLimit)
	case h.all == 1:
		rows = "1 row"
	}
	viewer := "a new session of role " + h.role
	if h.inTx {
		viewer = "the test's transaction in role " + h.role
	}
	without := ""
	if h.value != "" {
		without = fmt.Sprintf(" with %s = '%s'", h.table.Settings[0], h.value)
	} else if len(h.table.Settings) > 0 {
		without = " without " + strings.Join(h.table.Settings, " and ")
	}
	if h.refused {
		fmt.Fprintf(&b, "its policies refused a row of role %s%s", h.role, without)
		without = ""
		if h.all > 0 || h.bytes > 0 {
			b.WriteString("; ")
		}
	}
	if h.unset != "" && !h.refused {
		fmt.Fprintf(&b, "its policies read %s, and fail where a session has not set it", h.unset)
		without = ""
		if h.all > 0 || h.bytes > 0 {
			b.WriteString("; ")
		}
	}
	if h.all > 0 {
		fmt.Fprintf(&b, "%s, of which %s%s ", rows, viewer, without)
	}
	if h.bytes > 0 {
		fmt.Fprintf(&b, "%d bytes of rows, of which %s%s sees none", h.bytes, viewer, without)
	} else if h.all == 0 {
		// There is none to hide.
	} else if h.why != "" {
		fmt.Fprintf(&b, "sees none, but gets %s", h.why)
		if strings.Contains(h.why, `""`) && len(h.table.Settings) > 0 {
			fmt.Fprintf(&b, ": once a transaction has set it, a session has '' for it, so let policies read nullif(current_setting('%s', true), '')", h.table.Settings[0])
		}
	} else {
		fmt.Fprintf(&b, "sees %d", h.seen)
	}
	for _, as := range h.blind {
		fmt.Fprintf(&b, ", and one of %s none", as)
	}
	switch {
	case len(h.table.Policies) == 0:
		b.WriteString("; it has no policy, so no session sees or writes a row: CREATE POLICY in a migration")
	case len(h.table.Roles) > 0 && !slices.Contains(h.table.Roles, "public") && !slices.Contains(h.table.Roles, h.role):
		fmt.Fprintf(&b, "; its policies are for %s", strings.Join(h.table.Roles, ", "))
	}
	if h.sat && !h.inTx {
		fmt.Fprintf(&b, ";\n    the test has set %s: that holds for one connection of the pool and, with set_config(…, true) or SET LOCAL, to the end of its transaction", h.table.Settings[0])
	}
	return b.String()
}

// ways are the three ways on, with the table as the example.
func (h hiding) ways() []string {
	settings := "nil"
	if len(h.set) > 0 {
		settings = fmt.Sprintf("map[string]string{%s}", pairs(h.set, "%q: %q"))
	}
	table := strings.ReplaceAll(h.table.Name, `"`, "")
	if h.inTx {
		return h.waysInTx(settings, table)
	}
	as := fmt.Sprintf("db.As(t, %q, %s)", h.reader, settings)
	sees := ""
	if h.sees > 0 {
		sees = fmt.Sprintf(": it sees %d of %s", h.sees, h.table.Name)
	}
	lines := []string{"ways on:", "  " + as + " connects as the application does" + sees}
	if len(h.table.Settings) > 0 {
		lines = append(lines, fmt.Sprintf("  SELECT set_config('%s', $1, true) at the beginning of each transaction of the code under test", h.table.Settings[0]))
	}
	return append(lines, fmt.Sprintf("  factory.Auto(%q).Create(t, db) writes a test's rows past the policies", table))
}

// waysInTx are those of a test that has a transaction and no database.
func (h hiding) waysInTx(settings, table string) []string {
	lines := []string{"ways on:"}
	if len(h.set) > 0 {
		setting := h.table.Settings[0]
		sees := ""
		if h.sees > 0 {
			sees = fmt.Sprintf(": it then sees %d of %s", h.sees, h.table.Name)
		}
		lines = append(lines, fmt.Sprintf("  SELECT set_config('%s', '%s', true) in the transaction%s", setting, h.set[setting], sees))
	}
	return append(lines,
		fmt.Sprintf("  factory.Auto(%q).Create(t, tx) writes a test's rows past the policies", table),
		fmt.Sprintf("  a database instead, Server.DB, has sessions as the application's: db.As(t, %q, %s)", h.reader, settings))
}

// session describes a session of DB.As.
func session(role string, settings map[string]string) string {
	if len(settings) == 0 {
		return role
	}
	return role + " with " + pairs(settings, "%s = '%s'")
}

func pairs(settings map[string]string, format string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		all = append(all, fmt.Sprintf(format, name, settings[name]))
	}
	return strings.Join(all, ", ")
}
