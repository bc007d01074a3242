package cluster

import (
	"maps"
	"strconv"
)

// Test servers are disposable: a crash of the machine may lose them, because
// the next boot makes them anew. Everything that only guards against such a
// crash is off.
var disposable = []struct{ name, value, why string }{
	{"fsync", "off", "nothing here must survive a power cut; also what makes FILE_COPY clones the cheap ones"},
	{"synchronous_commit", "off", "a commit need not wait for the disk"},
	{"full_page_writes", "off", "guards against torn pages after a power cut only"},
	{"wal_level", "minimal", "nobody replicates a test database, and COPY into a new table skips the log"},
	{"max_wal_senders", "0", "wal_level = minimal demands it"},
	{"max_wal_size", "4GB", "a checkpoint in the middle of a load helps nobody"},
	{"checkpoint_timeout", "1h", "as above"},
	{"bgwriter_lru_maxpages", "0", "dirty pages may stay in memory"},
	{"autovacuum", "off", "its sessions would hold up clones and drops, and change plans between runs"},
	{"jit", "off", "compiling costs more than a test's query"},
	{"max_parallel_workers_per_gather", "0", "tests already run in parallel; plans stay the same on every machine"},
	{"shared_buffers", "128MB", "enough for tests, small enough for a CI container"},
	{"max_connections", "500", "parallel packages times parallel tests"},
	{"superuser_reserved_connections", "30", "what resets and drops databases gets in when tests hold all others"},
	{"max_locks_per_transaction", "256", "schemas with hundreds of tables, and the lock table is shared by all"},
	{"max_prepared_transactions", "64", "so that code that uses them can be tested"},
	{"logging_collector", "off", "the server's output already goes to a file"},
	{"log_line_prefix", "%m [%p] %d ", "the database name lets a failed test find its own lines"},
	{"log_min_duration_statement", "-1", "quiet"},
	{"log_checkpoints", "off", "each FILE_COPY clone makes one"},
	{"timezone", "UTC", "the same on every machine"},
	{"log_timezone", "UTC", "as above"},
	{"lc_messages", "C", "error texts in one language"},
}

// durable is what a development server changes: its data is somebody's work.
var durable = map[string]string{
	"timezone":          "UTC",
	"log_timezone":      "UTC",
	"lc_messages":       "C",
	"log_line_prefix":   "%m [%p] %d ",
	"log_checkpoints":   "off",
	"logging_collector": "off",
}

// settings returns what the server runs with: ours, then the user's over them.
func (c Config) settings() map[string]string {
	all := maps.Clone(durable)
	if !c.Durable {
		for _, s := range disposable {
			all[s.name] = s.value
		}
	}
	if small, _ := smallShm(); small {
		// Docker gives a container 64 MB of /dev/shm, and parallel queries die
		// there with "No space left on device".
		all["dynamic_shared_memory_type"] = "mmap"
	}
	maps.Copy(all, c.Settings)
	if most, err := strconv.Atoi(c.Settings["max_connections"]); err == nil && c.Settings["superuser_reserved_connections"] == "" {
		// Postgres does not start with more places reserved than there are.
		all["superuser_reserved_connections"] = strconv.Itoa(min(30, most/4))
	}
	return all
}
