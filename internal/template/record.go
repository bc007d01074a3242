package template

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// nameAfter is for how long a test has a clone before it is worth recording who
// that is, for those who wait for a connection and want to know who has them.
const nameAfter = 200 * time.Millisecond

// hold records what the clone looks like when no test has it, for a process that
// finds it after this one.
func (c *Clone) hold() error {
	var base []byte
	if c.keeper != nil {
		var err error
		if base, err = json.Marshal(c.base); err != nil {
			return err
		}
	}
	return c.record("UPDATE seedbed.clone SET state = CASE state WHEN 'making' THEN 'held' ELSE state END, base = $2::jsonb, since = clock_timestamp() WHERE name = $1 AND "+present("holder"), base)
}

// use records that the clone is not as the template any more, and will not be.
func (c *Clone) use(who string) error {
	// It may arrive late: a test that fails at once has kept the database by then.
	return c.record("UPDATE seedbed.clone SET state = 'used', who = $2, since = clock_timestamp() WHERE name = $1 AND state <> 'kept'", []byte(who))
}

// name records whose the clone is. Whoever does not learn it sees the process's name.
func (c *Clone) name(who string) {
	s := c.template.store
	_, _ = s.control.Exec(s.life, "UPDATE seedbed.clone SET who = $2 WHERE name = $1 AND state <> 'kept'", c.Name, who)
}

// record sends a statement about the clone. It is in the server's hands when
// record returns, so that it takes effect even if the process is killed right
// after; the answer, a quarter of a millisecond later, is not waited for.
func (c *Clone) record(sql string, value []byte) error {
	s := c.template.store
	control, err := s.control.Acquire(s.life)
	if err != nil {
		return fmt.Errorf("record the state of %s: %w", c.Name, err)
	}
	pipeline := control.Conn().PgConn().StartPipeline(context.WithoutCancel(s.life))
	pipeline.SendQueryParams(sql, [][]byte{[]byte(c.Name), value}, nil, nil, nil)
	err = pipeline.Sync()
	s.background.Go(func() {
		defer control.Release()
		pipeline.Close() // a connection that broke is replaced by the pool
	})
	return err
}

// Expose notes that somebody may connect to the clone by its name, at any time
// and whatever becomes of its test: it is not used again.
func (c *Clone) Expose() {
	if !c.exposed.Swap(true) && c.keeper != nil {
		// Not even by another process; where there is no server to tell, there is
		// no database either.
		_ = c.use("exposed")
	}
}
