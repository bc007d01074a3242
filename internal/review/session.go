package review

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// session is the connection that migrations run on, and what the server says
// meanwhile.
type session struct {
	conn               *pgx.Conn
	database           string
	notices            []notice
	base               uint32 // relations above it are the migration's own
	highestReportedOID uint32 // those above it have not been told of
	innerSnapshots     bool
	as                 string // the command that makes the session run as the role wanted
}

// notice is one message: the server's, a plan of auto_explain's, or a snapshot that
// the event trigger took.
type notice struct {
	severity string
	code     string
	text     string
	detail   string
}

const snapshotMark = "seedbed_review "

func (m notice) innerSnapshot() (string, bool) { return strings.CutPrefix(m.text, snapshotMark) }

// openFirstSession opens the first session in a scratch database: it installs the
// tracing there and gives the database to role, where there is one.
func openFirstSession(ctx context.Context, s *scratch, name, role string) (*session, error) {
	sess, err := connectSession(ctx, s, name)
	if err != nil {
		return nil, err
	}
	if err := sess.exec(ctx, setupSQL); err != nil {
		sess.close(ctx)
		return nil, fmt.Errorf("review migrations: prepare the scratch database: %w", err)
	}
	if role != "" {
		err = sess.become(ctx, role, "alter database "+name+" owner to "+pgx.Identifier{role}.Sanitize()+"; ")
	}
	if err != nil {
		sess.close(ctx)
		return nil, err
	}
	return sess, nil
}

// openSession opens a session in a scratch database that has had its first one.
func openSession(ctx context.Context, s *scratch, name, role string) (*session, error) {
	sess, err := connectSession(ctx, s, name)
	if err != nil || role == "" {
		return sess, err
	}
	if err := sess.become(ctx, role, ""); err != nil {
		sess.close(ctx)
		return nil, err
	}
	return sess, nil
}

func connectSession(ctx context.Context, s *scratch, name string) (*session, error) {
	sess := &session{database: name}
	conn, err := s.connect(ctx, name, sessionSettings, func(n *pgconn.Notice) {
		sess.notices = append(sess.notices, notice{severity: n.SeverityUnlocalized, code: n.Code, text: n.Message, detail: n.Detail})
	})
	if err != nil {
		return nil, err
	}
	sess.conn = conn
	return sess, nil
}

// become makes the session run as role, after the statements of before.
func (s *session) become(ctx context.Context, role, before string) error {
	s.as = "set session authorization " + pgx.Identifier{role}.Sanitize()
	if err := s.exec(ctx, before+s.as); err != nil {
		return fmt.Errorf("review migrations: run as %s: %w", role, err)
	}
	return nil
}

func (s *session) close(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	_ = s.conn.Close(ctx)
	<-s.conn.PgConn().CleanupDone()
}

// exec sends sql as one message, as goose's driver does where there are no
// arguments.
func (s *session) exec(ctx context.Context, sql string) error {
	_, err := s.conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// snapshot reads the state; whole of everything, otherwise of what is locked.
func (s *session) snapshot(ctx context.Context, whole bool) (*snapshot, error) {
	mark := len(s.notices)
	sql := fmt.Sprintf("set client_min_messages = debug1; select seedbed_review.snapshot(%d, %d, %v)", s.base, s.highestReportedOID, whole)
	results, err := s.conn.PgConn().Exec(ctx, sql).ReadAll()
	s.notices = s.notices[:mark] // its own plans
	if err != nil {
		return nil, fmt.Errorf("read the state of the scratch database: %w", err)
	}
	for _, r := range results {
		if len(r.Rows) == 1 {
			return parseSnapshot(string(r.Rows[0][0]))
		}
	}
	return nil, errors.New("read the state of the scratch database: no row")
}

// changed reads the relations given in detail, and which others there are.
func (s *session) changed(ctx context.Context, oids []uint32) (*snapshot, error) {
	list := strings.Trim(strings.ReplaceAll(fmt.Sprint(oids), " ", ","), "[]")
	texts, err := s.texts(ctx, fmt.Sprintf("select seedbed_review.snapshot(4294967295, 4294967295, false, '{%s}')", list))
	if err != nil {
		return nil, fmt.Errorf("read the state of the scratch database: %w", err)
	}
	return parseSnapshot(strings.Join(texts, ""))
}

// inTransaction reports whether a transaction block is open, failed or not.
func (s *session) inTransaction() bool { return s.conn.PgConn().TxStatus() != 'I' }

// snapshotInnerDDL switches on or off the event trigger that takes a snapshot after each
// DDL command inside code.
func (s *session) snapshotInnerDDL(ctx context.Context, on bool) error {
	if !on && !s.innerSnapshots {
		return nil
	}
	value := ""
	if on {
		value = fmt.Sprint(s.base, s.highestReportedOID)
	}
	s.innerSnapshots = on
	return s.exec(ctx, "set seedbed_review.base = '"+value+"'")
}

// texts are the strings of one column.
func (s *session) texts(ctx context.Context, sql string) ([]string, error) {
	mark := len(s.notices)
	defer func() { s.notices = s.notices[:mark] }()
	results, err := s.conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	var all []string
	for _, r := range results {
		for _, row := range r.Rows {
			all = append(all, string(row[0]))
		}
	}
	return all, nil
}

// settings are those that were set for the session.
func (s *session) settings(ctx context.Context) (map[string]string, error) {
	rows, err := s.texts(ctx, `select name || chr(10) || setting from pg_settings
		where source = 'session' and name not like 'seedbed_review.%' and name <> 'client_min_messages'
		union all select 'role' || chr(10) || current_user`)
	all := map[string]string{}
	for _, r := range rows {
		name, value, _ := strings.Cut(r, "\n")
		all[name] = value
	}
	return all, err
}

// leaks are the settings that differ from before, and puts them back.
func (s *session) leaks(ctx context.Context, before map[string]string) ([]string, error) {
	now, err := s.settings(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	for name, value := range now {
		if old, had := before[name]; (!had || old != value) && !(strings.Contains(name, ".") && value == "") {
			all = append(all, name)
		}
	}
	return all, nil
}
