package trace

import (
	"context"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tracer is what a pool's ConnConfig.Tracer is set to. All copies of the pool's
// configuration share it.
type Tracer struct {
	next    pgx.QueryTracer // that was there before, or nil
	mu      sync.RWMutex
	scopes  []*Scope // of the whole pool, in the order they were opened
	watches []*Watch
	origins map[*pgx.Conn]origin // of the connections that are out of their pools
	// settings that were named while something watched
	settings map[string]bool
}

// New returns a tracer that passes everything on to next, which may be nil.
func New(next pgx.QueryTracer) *Tracer {
	return &Tracer{next: next, origins: map[*pgx.Conn]origin{}, settings: map[string]bool{}}
}

// Next is the tracer that everything is passed on to, or nil.
func (t *Tracer) Next() pgx.QueryTracer { return t.next }

// Site is the line of the user's code that has called, as file:line.
func Site() string {
	s := here()
	return s.site()
}

// Ours reports whether a factory, a fixture set or a check is among the callers.
func Ours() bool {
	s := here()
	_, ours := s.path()
	return ours
}

// Checking reports whether a check is the innermost caller of the toolkit: what it tries may
// be meant to fail.
func Checking() bool {
	s := here()
	_, by := s.walk()
	return hasPrefix(by, checks)
}

type scopeKey struct{}
type callKey struct{}

// call is what a Start leaves in the context for its End. Each tracer has its own.
type call struct {
	scope *Scope
	index int
	batch int
}

// With returns a context whose statements belong to a scope.
func With(ctx context.Context, s *Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// scope that a statement belongs to: its context's, or the pool's.
func (t *Tracer) scope(ctx context.Context) *Scope {
	if s, _ := ctx.Value(scopeKey{}).(*Scope); s != nil {
		return s
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	switch len(t.scopes) {
	case 0:
		return nil
	case 1:
		return t.scopes[0]
	}
	return t.innermost()
}

// innermost of several scopes is that of the subtest which all others are around.
// Where tests run beside each other there is none, and each is told.
func (t *Tracer) innermost() *Scope {
	last := t.scopes[0]
	for _, s := range t.scopes[1:] {
		if strings.HasPrefix(s.Name, last.Name) {
			last = s
		}
	}
	for _, s := range t.scopes {
		if s != last && s.Name != last.Name && !strings.HasPrefix(last.Name, s.Name+"/") {
			for _, s := range t.scopes {
				s.lost()
			}
			return nil
		}
	}
	return last
}

// Open counts the pool's statements that no context claims in s, until Close.
func (t *Tracer) Open(s *Scope) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.scopes = append(t.scopes, s)
}

// Close ends what Open began.
func (t *Tracer) Close(s *Scope) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, x := range t.scopes {
		if x == s {
			t.scopes = append(t.scopes[:i:i], t.scopes[i+1:]...)
			return
		}
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (t *Tracer) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if t.next != nil {
		ctx = t.next.TraceQueryStart(ctx, conn, data)
	}
	if t.watching() {
		t.noteSettings(data.SQL, data.Args)
	}
	s := t.scope(ctx)
	if s == nil {
		return ctx
	}
	st := Statement{Kind: Query, SQL: data.SQL, Args: data.Args, calls: here()}
	return context.WithValue(ctx, callKey{}, call{scope: s, index: s.add(st)})
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t *Tracer) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	if c, ok := ctx.Value(callKey{}).(call); ok && c.batch == 0 {
		c.scope.end(c.index, data.CommandTag.RowsAffected(), data.Err)
	}
	if t.next != nil {
		t.next.TraceQueryEnd(ctx, conn, data)
	}
}

// TraceBatchStart implements pgx.BatchTracer.
func (t *Tracer) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if next, ok := t.next.(pgx.BatchTracer); ok {
		ctx = next.TraceBatchStart(ctx, conn, data)
	}
	s := t.scope(ctx)
	if s == nil {
		return ctx
	}
	st := Statement{Kind: Batch, calls: here()}
	return context.WithValue(ctx, callKey{}, call{scope: s, batch: s.beginBatch(st)})
}

// TraceBatchQuery implements pgx.BatchTracer.
func (t *Tracer) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	if t.watching() {
		t.noteSettings(data.SQL, data.Args)
	}
	if c, ok := ctx.Value(callKey{}).(call); ok && c.batch > 0 {
		i := c.scope.addToBatch(c.batch, Statement{Kind: Batch, SQL: data.SQL, Args: data.Args})
		c.scope.end(i, data.CommandTag.RowsAffected(), data.Err)
	}
	if next, ok := t.next.(pgx.BatchTracer); ok {
		next.TraceBatchQuery(ctx, conn, data)
	}
}

// TraceBatchEnd implements pgx.BatchTracer.
func (t *Tracer) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	if next, ok := t.next.(pgx.BatchTracer); ok {
		next.TraceBatchEnd(ctx, conn, data)
	}
}

// TraceCopyFromStart implements pgx.CopyFromTracer. Its end is not always called,
// so what counts is noted here.
func (t *Tracer) TraceCopyFromStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	if next, ok := t.next.(pgx.CopyFromTracer); ok {
		ctx = next.TraceCopyFromStart(ctx, conn, data)
	}
	s := t.scope(ctx)
	if s == nil {
		return ctx
	}
	st := Statement{Kind: Copy, SQL: "COPY " + data.TableName.Sanitize() + " (" + strings.Join(data.ColumnNames, ", ") + ") FROM STDIN", calls: here()}
	return context.WithValue(ctx, callKey{}, call{scope: s, index: s.add(st)})
}

// TraceCopyFromEnd implements pgx.CopyFromTracer.
func (t *Tracer) TraceCopyFromEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromEndData) {
	if c, ok := ctx.Value(callKey{}).(call); ok && c.batch == 0 {
		c.scope.end(c.index, data.CommandTag.RowsAffected(), data.Err)
	}
	if next, ok := t.next.(pgx.CopyFromTracer); ok {
		next.TraceCopyFromEnd(ctx, conn, data)
	}
}

// TracePrepareStart implements pgx.PrepareTracer for the tracer behind this one.
func (t *Tracer) TracePrepareStart(ctx context.Context, conn *pgx.Conn, data pgx.TracePrepareStartData) context.Context {
	if next, ok := t.next.(pgx.PrepareTracer); ok {
		return next.TracePrepareStart(ctx, conn, data)
	}
	return ctx
}

// TracePrepareEnd implements pgx.PrepareTracer for the tracer behind this one.
func (t *Tracer) TracePrepareEnd(ctx context.Context, conn *pgx.Conn, data pgx.TracePrepareEndData) {
	if next, ok := t.next.(pgx.PrepareTracer); ok {
		next.TracePrepareEnd(ctx, conn, data)
	}
}

// TraceConnectStart implements pgx.ConnectTracer for the tracer behind this one.
func (t *Tracer) TraceConnectStart(ctx context.Context, data pgx.TraceConnectStartData) context.Context {
	if next, ok := t.next.(pgx.ConnectTracer); ok {
		return next.TraceConnectStart(ctx, data)
	}
	return ctx
}

// TraceConnectEnd implements pgx.ConnectTracer for the tracer behind this one.
func (t *Tracer) TraceConnectEnd(ctx context.Context, data pgx.TraceConnectEndData) {
	if next, ok := t.next.(pgx.ConnectTracer); ok {
		next.TraceConnectEnd(ctx, data)
	}
}

var (
	_ pgx.QueryTracer       = (*Tracer)(nil)
	_ pgx.BatchTracer       = (*Tracer)(nil)
	_ pgx.CopyFromTracer    = (*Tracer)(nil)
	_ pgx.PrepareTracer     = (*Tracer)(nil)
	_ pgx.ConnectTracer     = (*Tracer)(nil)
	_ pgxpool.AcquireTracer = (*Tracer)(nil)
	_ pgxpool.ReleaseTracer = (*Tracer)(nil)
)
