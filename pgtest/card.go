package pgtest

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// card is what a failed test's log says about its database.
func (db *DB) card(leaks, notes []string) string {
	var b strings.Builder
	db.database.Expose()
	url := db.server.cluster.LogURL(db.database.Name, db.role)
	fmt.Fprintf(&b, "pgtest: the test failed; its database is kept\n  url   %s\n  open  psql '%s'\n", url, url)
	for _, leak := range leaks {
		fmt.Fprintf(&b, "  leaked connection: %s\n", leak)
	}
	for _, note := range notes {
		fmt.Fprintf(&b, "  %s\n", note)
	}
	if lines := db.logSlice(); len(lines) > 0 {
		fmt.Fprintf(&b, "  the server said (%s):\n", db.server.cluster.Log())
		for _, line := range lines {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// logSlice is the last lines that the server logged for this database since the test
// has it: another test's may stand before them.
func (db *DB) logSlice() []string {
	const most, look = 20, 4 << 20
	file, err := os.Open(db.server.cluster.Log())
	if err != nil {
		return nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.NewSectionReader(file, max(0, info.Size()-look), look))
	if err != nil {
		return nil
	}
	var lines []string
	mine := "] " + db.database.Name + " "
	since := db.since.UTC().Format(logTime)
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, mine) && line >= since {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return lines[max(0, len(lines)-most):]
}

// logTime is how a line of the server's log begins.
const logTime = "2006-01-02 15:04:05.000"

// leaks describes the connections that the test has not given back.
func (db *DB) leaks(ctx context.Context) []string {
	// A connection that came back in the middle of a transaction counts until it is
	// closed, which the pool does in the background.
	for wait := time.Millisecond; db.Stat().AcquiredConns() > 0; wait *= 2 {
		if wait > 128*time.Millisecond {
			return db.leaked(ctx)
		}
		time.Sleep(wait)
	}
	return nil
}

func (db *DB) leaked(ctx context.Context) []string {
	rows, err := db.server.store.Sessions(ctx, db.database.Name)
	if err != nil {
		return []string{err.Error()}
	}
	var leaks []string
	for _, s := range rows {
		if s.Role == db.server.cluster.Roles().Admin {
			continue
		}
		leaks = append(leaks, fmt.Sprintf("pid %d, %s for %s, last query: %s", s.PID, s.State, s.For.Round(time.Millisecond), s.Query))
	}
	return leaks
}
