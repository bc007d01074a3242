package audit

import (
	"context"
	"fmt"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/report"
	"github.com/qarion/seedbed/migrations"
)

// rowsEach is how many rows a table gets for each of two tenants: enough that optional
// columns differ.
const rowsEach = 6

// TenantSessions makes rows of two tenants in each table and hands use, for each, the
// session of one of them, with the membership that policies ask for. db is a superuser's.
// use runs in the same transaction, which is rolled back afterwards.
//
// A table without a session, because no rows could be made for example, is left out;
// unmade says why.
func TenantSessions(ctx context.Context, db seedbed.DB, tables []string, use func(sessions []migrations.TenantSession, unmade []string) error) error {
	a := &audit{ctx: ctx, db: db, report: &report.Report{}}
	if err := a.prepare(); err != nil {
		return err
	}
	defer a.bypass.close()
	if err := a.tenancy(); err != nil {
		return err
	}
	p, err := a.newProber()
	if err != nil {
		return err
	}
	if p == nil || !p.sees {
		return fmt.Errorf("session role %s may not become the application's roles: use a superuser", a.cat.Session)
	}
	defer p.close()
	var sessions []migrations.TenantSession
	var unmade []string
	for _, name := range tables {
		before := len(a.report.Unchecked)
		s, err := p.tenantSession(name)
		if err != nil {
			return fmt.Errorf("make a session for %s: %w", name, err)
		}
		if s != nil {
			sessions = append(sessions, *s)
		}
		for _, gap := range a.report.Unchecked[before:] {
			unmade = append(unmade, gap.Reason)
		}
	}
	if err := p.reset(); err != nil {
		return err
	}
	return use(sessions, unmade)
}

func (p *prober) tenantSession(name string) (*migrations.TenantSession, error) {
	r := p.a.cat.Table(name)
	if r == nil {
		return nil, nil
	}
	s := p.a.subject(r)
	if s == nil {
		if err := p.write(p.a.name(r), rowsEach); err != nil {
			p.a.unchecked(name, "no rows of %s could be made: %s", name, firstLine(err))
			return nil, p.a.ctx.Err()
		}
		return &migrations.TenantSession{Table: name}, nil
	}
	t, err := p.prepare(s, nil)
	p.tellUnmade()
	if t == nil || err != nil {
		return nil, err
	}
	for _, says := range [][]string{t.own.says, t.other.says} {
		if len(t.columns) == 0 {
			break
		}
		for range rowsEach - 1 {
			if p.write(s.name, 1, withValues(t.columns, says)) != nil {
				break // one row for each tenant is all that its keys allow
			}
		}
	}
	return &migrations.TenantSession{Table: name, Tenant: t.level + " " + t.own.whose(), Settings: t.me.settings}, p.a.ctx.Err()
}
