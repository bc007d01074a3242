package rows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

const (
	// chunkSize is how many bytes are generated before they go to the connection. At most
	// chunksInFlight chunks exist at once, which bounds the memory that a table takes.
	chunkSize      = 256 << 10
	chunksInFlight = 4
)

// stream carries encoded rows from the generator, in a goroutine of its own, to the
// connection, which reads them.
type stream struct {
	chunks  chan chunk
	current []byte // what is left of the chunk being read

	// mu guards the fields below: pgx reads in a goroutine that may outlive a cancelled COPY.
	mu         sync.Mutex
	finished   bool          // the COPY has ended
	waited     time.Duration // time that the connection waited for chunks
	onProgress func(int64)   // gets the rows sent so far; nil: not called
	err        error         // of the generator
}

// finish ends the stream: later reads fail. It returns how long the connection waited for
// rows, and the generator's error.
func (s *stream) finish() (waited time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = true
	return s.waited, s.err
}

// accept notes the chunk that the connection is about to send.
func (s *stream) accept(c chunk, waited time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.finished {
		return io.ErrClosedPipe
	}
	s.waited += waited
	s.err = c.err
	if c.err == nil && s.onProgress != nil {
		s.onProgress(c.rowsDone)
	}
	return c.err
}

// chunk is some encoded rows, or the generator's error.
type chunk struct {
	bytes    []byte
	rowsDone int64 // rows up to the end of this chunk
	err      error
}

// copyHeader begins COPY's binary format: the signature, no flags, no extension.
var copyHeader = append([]byte("PGCOPY\n\xff\r\n\x00"), make([]byte, 8)...)

// Read implements io.Reader for the connection.
func (s *stream) Read(p []byte) (int, error) {
	for len(s.current) == 0 {
		start := time.Now()
		c, ok := <-s.chunks
		if !ok {
			return 0, io.EOF
		}
		if err := s.accept(c, time.Since(start)); err != nil {
			return 0, err
		}
		s.current = c.bytes
	}
	n := copy(p, s.current)
	s.current = s.current[n:]
	return n, nil
}

// produce runs the generator and sends its chunks.
func (s *stream) produce(ctx context.Context, g *generator) {
	defer close(s.chunks)
	send := func(c chunk) error {
		select {
		case s.chunks <- c:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() {
		if p := recover(); p != nil { // a panic of this goroutine would end the whole process
			_ = send(chunk{err: fmt.Errorf("make rows of %s: panic: %v, in %s", g.batch.table.name, p, panickedIn())})
		}
	}()
	first := true
	err := g.generate(ctx, chunkSize, func(buf []byte, done int64) ([]byte, error) {
		if first {
			buf = append(copyHeader[:len(copyHeader):len(copyHeader)], buf...)
			first = false
		}
		if err := send(chunk{bytes: buf, rowsDone: done}); err != nil {
			return nil, err
		}
		return make([]byte, 0, chunkSize+chunkSize/8), nil
	})
	if err == nil {
		err = send(chunk{bytes: []byte{0xff, 0xff}, rowsDone: g.batch.size})
	}
	if err != nil && ctx.Err() == nil {
		_ = send(chunk{err: err})
	}
}

// panickedIn returns the function, file and line that panicked. A deferred function calls it.
func panickedIn() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, "runtime.") || !more {
			return fmt.Sprintf("%s (%s:%d)", f.Function, filepath.Base(f.File), f.Line)
		}
	}
}

// writeTable copies the new rows of a batch.
func (load *bulkLoad) writeTable(ctx context.Context, tb *tableBatch) error {
	if tb.existing {
		return nil // distribute has read its keys
	}
	if tb.baseBatch != nil {
		tb.size = int64(len(tb.baseRows))
		tb.firstNumber = load.scope.reserve(tb.table, tb.size)
		tb.tenantSpans = []int64{0, tb.size}
	}
	if tb.size == 0 {
		return nil
	}
	g, err := load.newGenerator(tb)
	if err != nil {
		return err
	}
	start := time.Now()
	if len(g.sources) == 0 {
		return load.insertDefaults(ctx, tb)
	}
	waited, err := load.copyRows(ctx, tb, g)
	if err != nil {
		return load.schema.explain("write", tb.table.name, load.locate(tb, err))
	}
	load.report.Tables = append(load.report.Tables, TableReport{Table: tb.table.name, Rows: tb.size, Write: time.Since(start), Wait: waited})
	load.report.Rows += tb.size
	load.writtenRows += tb.size
	return nil
}

// insertDefaults inserts rows of a table all of whose columns Postgres fills.
func (load *bulkLoad) insertDefaults(ctx context.Context, tb *tableBatch) error {
	start := time.Now()
	if _, err := load.tx.Exec(ctx, "insert into "+tb.table.relation.Ident()+" select from generate_series(1, $1::bigint)", tb.size); err != nil {
		return load.schema.explain("write", tb.table.name, err)
	}
	load.report.Tables = append(load.report.Tables, TableReport{Table: tb.table.name, Rows: tb.size, Write: time.Since(start)})
	load.report.Rows += tb.size
	load.writtenRows += tb.size
	return nil
}

// copyRows copies the rows into the table, or into a staging table first. It returns how
// long the connection waited for rows.
func (load *bulkLoad) copyRows(ctx context.Context, tb *tableBatch, g *generator) (time.Duration, error) {
	target, staged := tb.table.relation.Ident(), load.needsStaging(tb, g)
	if staged {
		if err := load.createStagingTable(ctx, tb, g); err != nil {
			return 0, err
		}
		target = stagingTable
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	in := &stream{chunks: make(chan chunk, chunksInFlight-2)}
	if load.plan.Progress != nil {
		var last time.Time
		in.onProgress = func(done int64) {
			if now := time.Now(); now.Sub(last) > 200*time.Millisecond || done == tb.size {
				last = now
				load.progress(tb, Writing, done)
			}
		}
	}
	go in.produce(ctx, g)
	sql := fmt.Sprintf("copy %s (%s) from stdin (format binary)", target, catalog.Idents(g.columnNames))
	_, err := load.tx.Conn().PgConn().CopyFrom(ctx, in, sql)
	waited, failed := in.finish()
	if failed != nil {
		return waited, failed
	}
	if err != nil {
		return waited, err
	}
	if staged {
		err = load.moveStagedRows(ctx, tb, g)
	}
	return waited, err
}

// stagingTable is a temporary table that rows go through where COPY may not write the real
// table, because of row-level security, or where a type has no binary form.
const stagingTable = "pg_temp.seedbed_staging"

// needsStaging reports whether the rows go through the staging table.
func (load *bulkLoad) needsStaging(tb *tableBatch, g *generator) bool {
	if !load.mayCopy && tb.table.relation.RLS {
		return true
	}
	for _, src := range g.sources {
		if src.needsText {
			return true
		}
	}
	return false
}

// createStagingTable creates the staging table, with the copied columns.
func (load *bulkLoad) createStagingTable(ctx context.Context, tb *tableBatch, g *generator) error {
	var defs []string
	for _, src := range g.sources {
		typ := "text"
		if !src.needsText {
			typ = typeWithoutLength(src.column)
		}
		defs = append(defs, catalog.Ident(src.column.name)+" "+typ)
	}
	_, err := load.tx.Exec(ctx, "create temporary table seedbed_staging ("+strings.Join(defs, ", ")+") on commit drop")
	return err
}

// typeWithoutLength is the column's type without its length. Without one, character and bit
// would have a length of 1, so they become bpchar and varbit.
func typeWithoutLength(c *column) string {
	t := c.Type.Underlying()
	switch t.Name {
	case "bpchar":
		return "bpchar"
	case "bit":
		return "varbit"
	}
	return t.SQL
}

// moveStagedRows inserts the staged rows into the real table and drops the staging table.
func (load *bulkLoad) moveStagedRows(ctx context.Context, tb *tableBatch, g *generator) error {
	var names, values []string
	always := ""
	for _, src := range g.sources {
		names = append(names, src.column.name)
		values = append(values, catalog.Ident(src.column.name)+"::"+src.column.SQLType)
		if src.column.Identity == "a" {
			always = " overriding system value"
		}
	}
	insert := fmt.Sprintf("insert into %s (%s)%s select %s from %s", tb.table.relation.Ident(), catalog.Idents(names), always,
		strings.Join(values, ", "), stagingTable)
	err := transact(ctx, load.tx, func(pgx.Tx) error { return load.insertStagedRows(ctx, tb, insert) })
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && strings.HasPrefix(pg.Code, "22") {
		return load.locateStaged(ctx, tb, g, err)
	}
	if err == nil {
		_, err = load.tx.Exec(ctx, "drop table "+stagingTable)
	}
	return err
}

// tellsNoTenant reports whether no setting makes a session see and write the rows of one
// tenant: there are no policies, or they go by something else.
func (t *table) tellsNoTenant() bool {
	if !t.relation.RLS || len(t.levels) == 0 || len(t.levels[0].columns) != 1 {
		return true
	}
	setting := t.levels[0].tenant.Setting
	return setting == "" || sqltext.IsRoleSetting(setting)
}

// insertStagedRows runs the INSERT: once, or once for each tenant where policies read the
// tenant from a setting.
func (load *bulkLoad) insertStagedRows(ctx context.Context, tb *tableBatch, insert string) error {
	if load.mayCopy || tb.table.tellsNoTenant() {
		_, err := load.tx.Exec(ctx, insert)
		return err
	}
	l := tb.table.levels[0]
	col := catalog.Ident(tb.table.columns[l.columns[0]].name)
	if _, err := load.tx.Exec(ctx, fmt.Sprintf("create index on %s (%s)", stagingTable, col)); err != nil {
		return err
	}
	rows, err := load.tx.Query(ctx, fmt.Sprintf("select distinct %s::text from %s order by 1", col, stagingTable))
	if err != nil {
		return err
	}
	var tenants []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return err
		}
		tenants = append(tenants, id)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, id := range tenants {
		if _, err := load.tx.Exec(ctx, "select set_config($1, $2, true)", l.tenant.Setting, id); err != nil {
			return err
		}
		if _, err := load.tx.Exec(ctx, insert+" where "+col+"::text = $1", id); err != nil {
			return err
		}
	}
	return nil
}
