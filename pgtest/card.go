package pgtest

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/internal/generation"
	"github.com/qarion/seedbed/internal/template"
	"github.com/qarion/seedbed/internal/trace"
)

// A failure is what is known of the database of a test that has failed.
type failure struct {
	Test     string
	Database string
	URL      string   // "" where nothing is kept
	Security []string // what row-level security has to do with it
	Notes    []string
	LogFile  string
	Log      []string    // the server's lines for this database
	Changed  []tableRows // with -artifacts: rows that the test has written
	Unread   error       // why Changed is not complete
}

// failure describes the database while it is still the test's.
func (db *DB) failure(ctx context.Context, test string) *failure {
	db.database.Expose()
	cluster := db.server.cluster
	f := &failure{
		Test:     test,
		Database: db.database.Name,
		URL:      cluster.LogURL(db.database.Name, db.role),
		LogFile:  cluster.Log(),
		Log:      logSlice(cluster.Log(), "] "+db.database.Name+" ", db.since),
	}
	var made []string
	for _, session := range append(db.sessions(), db) {
		tried, ofFactories := activityOf(session.Pool).failed(nil)
		f.Log, made = withoutErrors(f.Log, tried), append(made, ofFactories...)
	}
	if stat := db.Stat(); stat.AcquiredConns() == stat.MaxConns() {
		f.Notes = append(f.Notes, fmt.Sprintf("all %d connections of the test's pool are in use: what asks for another waits; Server.MaxConns allows more", stat.MaxConns()))
	}
	if at, frozen := generation.Frozen(generation.Address(db.Config().ConnConfig)); frozen {
		f.Notes = append(f.Notes, "its clock stands at "+at.UTC().Format(time.RFC3339Nano)+" for now(); CURRENT_DATE, CURRENT_TIMESTAMP and the like do not follow it")
	}
	admin, err := pgx.ConnectConfig(ctx, db.database.Config(cluster.Roles().Admin))
	if err != nil {
		f.Notes = append(f.Notes, fmt.Sprintf("look into the database: %v", err))
		return f
	}
	defer admin.Close(ctx)
	f.Notes = append(f.Notes, db.server.absent(ctx, admin, f.Log)...)
	f.Security = db.observe(admin, withoutErrors(f.Log, made)).explain(ctx)
	if artifacts() {
		f.Changed, f.Unread = changedRows(ctx, admin, db.server.template.Tables())
	}
	return f
}

// cardEntries is how many entries of the server's log a card has; the artifacts have all.
const cardEntries = 20

// card is what a failed test's log says about its database.
func (f *failure) card() string {
	var b strings.Builder
	if f.URL == "" {
		b.WriteString("pgtest: the test failed; its transaction is rolled back\n")
	} else {
		fmt.Fprintf(&b, "pgtest: the test failed; its database is kept\n  url   %s\n  open  psql '%s'\n", f.URL, f.URL)
	}
	for _, line := range f.notes() {
		fmt.Fprintf(&b, "  %s\n", line)
	}
	if len(f.Log) > 0 {
		fmt.Fprintf(&b, "  the server said (%s):\n", f.LogFile)
		entries := f.distinctLog()
		for _, entry := range entries[max(0, len(entries)-cardEntries):] {
			fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(entry, "\n", "\n    "))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// notes are what there is to say beside the server's log.
func (f *failure) notes() (lines []string) {
	lines = append(lines, f.Security...)
	return append(lines, f.Notes...)
}

// distinctLog is the log without entries that come again later: a factory tries a row several
// times before it gives up.
func (f *failure) distinctLog() (entries []string) {
	seen := map[string]bool{}
	for _, entry := range slices.Backward(f.Log) {
		_, text, _ := strings.Cut(entry, "] "+f.Database+" ") // without time and process
		if text == "" || !seen[text] {
			entries = append(entries, entry)
		}
		seen[text] = true
	}
	slices.Reverse(entries)
	return entries
}

// withoutPassword is a URL that may be stored with a test's results.
func withoutPassword(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.User == nil {
		return s
	}
	u.User = url.User(u.User.Username())
	return u.String()
}

// logSlice is what the server logged for a database, or for a session on it, since the
// test has it: another test's lines may stand before those. A statement over several lines
// is one entry.
func logSlice(path, mine string, began time.Time) (entries []string) {
	const look = 4 << 20
	file, err := os.Open(path)
	if err != nil {
		return nil // an external server's is not ours to read
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
	since := began.UTC().Format(logTime)
	within := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "\t") { // goes on with the entry before it
			if within {
				entries[len(entries)-1] += "\n" + line
			}
			continue
		}
		within = strings.Contains(line, mine) && line >= since
		if within {
			entries = append(entries, line)
		}
	}
	return entries
}

// severity is where a message in the server's log begins, after the time, the process and
// the database.
var severity = regexp.MustCompile(`\] \S+ ([A-Z]+):  (.*)$`)

// withoutErrors leaves some errors out of a log, each as often as it is given, with the lines
// that belong to it.
func withoutErrors(log, errors []string) (rest []string) {
	left := map[string]int{}
	for _, message := range errors {
		first, _, _ := strings.Cut(message, "\n")
		left[first]++
	}
	out := false
	for _, line := range log {
		m := severity.FindStringSubmatch(line)
		switch {
		case m == nil: // goes on
		case m[1] == "ERROR":
			if out = left[m[2]] > 0; out {
				left[m[2]]--
			}
		default:
			out = out && slices.Contains([]string{"DETAIL", "HINT", "CONTEXT", "QUERY", "STATEMENT"}, m[1])
		}
		if !out {
			rest = append(rest, line)
		}
	}
	return rest
}

// logTime is how a line of the server's log begins.
const logTime = "2006-01-02 15:04:05.000"

// leaks describes the connections that the test has not given back.
func (db *DB) leaks(ctx context.Context) []string {
	// A connection that came back in the middle of a transaction counts until it is
	// closed, which the pool does in the background, and what ran with t.Context is on its
	// way back: only a test that will fail waits for all of these two seconds.
	for wait := time.Millisecond; db.Stat().AcquiredConns() > 0; wait *= 2 {
		if wait > 2*time.Second {
			return db.leaked(ctx)
		}
		time.Sleep(wait)
	}
	return nil
}

// leaked says of each connection that was not given back where it was acquired and what
// it does.
func (db *DB) leaked(ctx context.Context) []string {
	tracer, ok := db.Config().ConnConfig.Tracer.(*trace.Tracer)
	if !ok {
		return nil // the pool of a test's own making
	}
	does := map[uint32]string{}
	rows, err := db.server.store.Sessions(ctx, db.database.Name)
	for _, s := range rows {
		last := "last query: " + s.Query
		if template.WarmsUp(s.Query) {
			last = "not used since"
		}
		does[uint32(s.PID)] = fmt.Sprintf(": %s for %s, %s", s.State, s.For.Round(time.Millisecond), last)
	}
	var leaks []string
	for pid, site := range tracer.Acquired() {
		if err != nil {
			does[pid] = fmt.Sprintf(" (what it does is not known: %v)", err)
		}
		leaks = append(leaks, "acquired at "+site+does[pid])
	}
	slices.Sort(leaks)
	return leaks
}
