package server

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/qarion/seedbed/internal/postgres"
)

// Test servers are disposable: a crash of the machine may lose them, because the
// next process makes them anew. Everything that only guards against such a crash is
// off. They are also many, so each is small.
var disposable = []struct{ name, value, why string }{
	{"fsync", "off", "nothing here must survive a power cut; also what makes FILE_COPY clones the cheap ones"},
	{"synchronous_commit", "off", "a commit need not wait for the disk"},
	{"full_page_writes", "off", "guards against torn pages after a power cut only"},
	{"wal_level", "minimal", "no standby reads a test server's log, and COPY into a new table skips it"},
	{"max_wal_senders", "0", "wal_level = minimal demands it"},
	{"max_wal_size", "1GB", "a checkpoint in the middle of a load helps no test"},
	{"min_wal_size", "32MB", "what is kept of the log between two loads"},
	{"checkpoint_timeout", "1h", "as max_wal_size"},
	{"bgwriter_lru_maxpages", "0", "dirty pages may stay in memory"},
	{"autovacuum", "off", "its sessions would hold up clones and drops, and change plans between runs"},
	{"jit", "off", "compiling costs more than a test's query"},
	{"max_parallel_workers_per_gather", "0", "tests already run in parallel; plans stay the same on every machine"},
	{"shared_buffers", "16MB", "a cache above the system's own"},
	{"max_connections", "300", "parallel packages times parallel tests; each place takes shared memory"},
	{"superuser_reserved_connections", "30", "what resets and drops databases gets in when tests hold all others"},
	{"max_locks_per_transaction", "64", "21,000 locks for all sessions together; each takes shared memory"},
	{"max_prepared_transactions", "32", "so that code that uses them can be tested"},
	{"logging_collector", "off", "the server's output already goes to a file"},
	{"log_line_prefix", linePrefix, "the database name lets a failed test find its own lines"},
	{"log_min_duration_statement", "-1", "quiet"},
	{"log_checkpoints", "off", "each FILE_COPY clone makes one"},
	{"timezone", "UTC", "the same on every machine"},
	{"log_timezone", "UTC", "as above"},
	{"lc_messages", "C", "error texts in one language"},
}

const linePrefix = "%m [%p] %d "

// durable is what a development server has instead: its data is a person's work.
var durable = map[string]string{
	"timezone":          "UTC",
	"log_timezone":      "UTC",
	"lc_messages":       "C",
	"log_line_prefix":   linePrefix,
	"log_checkpoints":   "off",
	"logging_collector": "off",
	"shared_buffers":    "64MB",
}

// required are settings without which a server would not do what it is for. Any other
// value is refused. Those that say where a server lies and who may connect are refused
// when it is started.
var required = map[string]struct{ value, why string }{
	"track_counts":      {"on", "the server's counters tell a database that a test has changed from one that it has not"},
	"track_activities":  {"on", "the server's view of its sessions tells whether it is in use, and by which test"},
	"log_line_prefix":   {linePrefix, "a failed test finds its lines in the server's log by it"},
	"log_timezone":      {"UTC", "a failed test finds its lines in the server's log by their time"},
	"logging_collector": {"off", "a failed test finds its lines in the one file that the server's output goes to"},
	"log_destination":   {"stderr", "a failed test finds its lines in the one file that the server's output goes to"},
}

// checkSettings refuses those that would break what a server promises.
func checkSettings(settings map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		must, listed := required[strings.ToLower(name)]
		if value := settings[name]; listed && !sameValue(value, must.value) {
			return &postgres.SettingError{Name: name, Value: value, Reason: fmt.Sprintf("it has to be %q: %s", must.value, must.why)}
		}
	}
	return nil
}

// sameValue compares as Postgres does: booleans have several spellings.
func sameValue(a, b string) bool {
	spelt := func(s string) string {
		switch s := strings.ToLower(strings.TrimSpace(s)); s {
		case "true", "yes", "1", "t", "tr", "tru", "y", "ye":
			return "on"
		case "false", "no", "0", "f", "fa", "fal", "fals", "n", "of":
			return "off"
		}
		return s
	}
	return a == b || spelt(a) == spelt(b)
}

// testSettings returns what a test server runs with: ours, then the user's.
func testSettings(user map[string]string, major int) map[string]string {
	all := map[string]string{}
	for _, s := range disposable {
		all[s.name] = s.value
	}
	forMachine(all)
	if major >= 18 {
		all["io_method"] = "sync" // its workers are three processes for each server
	}
	set := func(name, value string) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(user)), func(n string) bool { return strings.EqualFold(n, name) }) {
			all[name] = value
		}
	}
	for name, value := range user {
		delete(all, strings.ToLower(name))
		all[name] = value
		switch strings.ToLower(name) {
		case "max_connections":
			// Postgres does not start with more places reserved than there are.
			if most, err := strconv.Atoi(value); err == nil {
				set("superuser_reserved_connections", strconv.Itoa(min(30, most/4)))
			}
		case "wal_level":
			if value != "minimal" { // for replication slots
				set("max_wal_senders", "10")
			}
		}
	}
	return all
}

// devSettings returns what a development server runs with.
func devSettings() map[string]string {
	all := maps.Clone(durable)
	forMachine(all)
	return all
}

// forMachine adds what the machine asks for.
func forMachine(all map[string]string) {
	if small, _ := smallShm(); small {
		// Docker gives a container 64 MB of /dev/shm, and parallel queries die
		// there with "No space left on device".
		all["dynamic_shared_memory_type"] = "mmap"
	}
}
