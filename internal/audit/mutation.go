package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/report"
)

// Mutation is one protection taken away.
type Mutation struct {
	Name   string // such as "drop the foreign key datasets_space_id_fkey"
	Object string // table, or table.policy, table.constraint
	SQL    string
	owner  string // who may do it
}

// MutationOptions choose mutations. Their zero value chooses all.
type MutationOptions struct {
	// Model says what the tables mean. Nil: what seedbed.Discover reads.
	Model *seedbed.Model
	// Tables to take protections from. Nil: all that are scoped.
	Tables []string
	// Except are mutations that a suite need not notice, by Object, each with a
	// Reason. Nil: none.
	Except []Exception
}

// ErrNoOwner says that a session may not change the schema, not even in a
// transaction that is rolled back.
var ErrNoOwner = errors.New("this session may not act as the owner of the tables")

// Mutations takes one protection away at a time, in a savepoint, and calls survives
// with a transaction that has lost it: that reports whether the suite noticed
// nothing. First it calls it unharmed, with the zero Mutation: then it must survive.
// It returns those that survived, and how many there were.
func Mutations(ctx context.Context, db seedbed.DB, opt MutationOptions, survives func(Mutation, seedbed.DB) (bool, error)) (survivors []Mutation, total int, err error) {
	a := &audit{ctx: ctx, db: db, opt: Options{Model: opt.Model}, report: &report.Report{}}
	if err := a.prepare(); err != nil {
		return nil, 0, err
	}
	defer a.bypass.close()
	a.gatherSubjects()
	a.readers = settingReaders(a.cat)
	if err := a.findApplicationRoles(); err != nil {
		return nil, 0, err
	}
	mutations, err := a.mutations(opt)
	if err != nil {
		return nil, 0, err
	}
	tx, closing, err := a.workshop()
	if err != nil {
		return nil, 0, err
	}
	defer closing()
	for _, m := range append([]Mutation{{}}, mutations...) {
		alive, err := a.mutate(tx, m, survives)
		if err != nil {
			return survivors, total, fmt.Errorf("%s: %s: %w", m.Object, m.Name, err)
		}
		switch {
		case m.SQL == "" && !alive:
			return nil, 0, ErrUnharmed
		case m.SQL == "":
			continue
		case alive:
			survivors = append(survivors, m)
		}
		total++
	}
	return survivors, total, nil
}

// ErrUnharmed says that a suite fails without any mutation, so its failures with
// one say nothing.
var ErrUnharmed = errors.New("the test fails on the schema as it is")

// workshop is a transaction that may change the schema: of a session that may
// become any role, if the handle has one, else its own.
func (a *audit) workshop() (pgx.Tx, func(), error) {
	a.bypass.close() // its locks would be in the way, and one connection may be all there is
	if su, ok := a.db.(superuser); ok {
		if p, err := a.elsewhere(su, func(string) string { return "" }); err != nil {
			return nil, nil, err
		} else if p != nil {
			return p.tx, p.close, nil
		}
	}
	tx, err := a.db.Begin(a.ctx)
	if err != nil {
		return nil, nil, err
	}
	return tx, func() { _ = tx.Rollback(context.WithoutCancel(a.ctx)) }, nil
}

func (a *audit) mutate(tx pgx.Tx, m Mutation, survives func(Mutation, seedbed.DB) (bool, error)) (bool, error) {
	inner, err := tx.Begin(a.ctx)
	if err != nil {
		return false, err
	}
	defer inner.Rollback(context.WithoutCancel(a.ctx)) //nolint:errcheck // nothing is to be kept
	if m.SQL != "" {
		sql := fmt.Sprintf("SET LOCAL ROLE %s; %s", catalog.Ident(m.owner), m.SQL)
		if _, err := inner.Conn().PgConn().Exec(a.ctx, sql).ReadAll(); err != nil {
			var pgErr *pgconn.PgError
			if errors.As(err, &pgErr) && pgErr.Code == "42501" {
				return false, fmt.Errorf("%w: %w", ErrNoOwner, err)
			}
			return false, err
		}
	}
	if _, err := inner.Exec(a.ctx, "SET LOCAL ROLE "+catalog.Ident(a.cat.User)); err != nil {
		return false, err
	}
	return survives(m, inner)
}

// mutations that make sense here, table by table.
func (a *audit) mutations(opt MutationOptions) ([]Mutation, error) {
	var names, objects []string
	for _, s := range a.subjects {
		names = append(names, s.name)
	}
	if err := allKnown("a table with tenants", opt.Tables, names); err != nil {
		return nil, err
	}
	var excused []string
	for _, e := range opt.Except {
		if e.Reason == "" {
			return nil, fmt.Errorf("the exception of %s has no reason: say why the test need not notice it", e.Object)
		}
		excused = append(excused, e.Object)
	}
	var out []Mutation
	for _, s := range a.subjects {
		add := func(name, object, sql string) {
			objects = append(objects, object)
			if !slices.Contains(excused, object) && (opt.Tables == nil || slices.Contains(opt.Tables, s.name)) {
				out = append(out, Mutation{name, object, sql, s.rel.Owner})
			}
		}
		a.mutateSecurity(s, add)
		a.mutateKeys(s, add)
		for _, role := range a.roles.app {
			add("grant TRUNCATE to "+role.Name, s.name, fmt.Sprintf("GRANT TRUNCATE ON %s TO %s", s.rel.Ident(), catalog.Ident(role.Name)))
		}
	}
	return out, allKnown("an object of a mutation", excused, objects)
}

// allKnown returns an error for the first name that is none of the known ones.
func allKnown(what string, names, known []string) error {
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		return fmt.Errorf("%q is not %s%s", name, what, catalog.Suggestion(name, known))
	}
	return nil
}

type adder func(name, object, sql string)

func (a *audit) mutateSecurity(s *subject, add adder) {
	for _, r := range a.withPartitions(s.rel) {
		name := a.name(r)
		if r.RLS {
			add("disable row-level security", name, fmt.Sprintf("ALTER TABLE %s DISABLE ROW LEVEL SECURITY", r.Ident()))
		}
		if r.ForceRLS {
			add("drop FORCE", name, fmt.Sprintf("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY", r.Ident()))
		}
		if r.RLS && r == s.rel {
			add("add a policy that is open", name, fmt.Sprintf("CREATE POLICY seedbed_mutation ON %s USING (true)", r.Ident()))
		}
		for _, p := range r.Policies {
			if slices.Contains(p.Roles, r.Owner) && len(p.Roles) == 1 {
				continue // for provisioning, open as it is
			}
			alter := fmt.Sprintf("ALTER POLICY %s ON %s ", catalog.Ident(p.Name), r.Ident())
			if p.Using != "" {
				add("open the policy's USING", name+"."+p.Name, alter+"USING (true)")
			}
			if p.WithCheck != "" {
				add("open the policy's WITH CHECK", name+"."+p.Name, alter+"WITH CHECK (true)")
			}
		}
	}
}

// mutateKeys drops what holds references within the tenant.
func (a *audit) mutateKeys(s *subject, add adder) {
	for _, fk := range s.node.ForeignKeys {
		if fk.To.HasTenant() {
			add("drop the foreign key", s.name+"."+fk.Name, fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", s.rel.Ident(), catalog.Ident(fk.Name)))
		}
	}
	if len(a.model.Pairs(s.name)) == 0 {
		return
	}
	for _, k := range s.rel.Checks() {
		if strings.Contains(k.Expr, "num_nonnulls") {
			add("drop the check that covers a pair", s.name+"."+k.Name, fmt.Sprintf("ALTER TABLE %s DROP CONSTRAINT %s", s.rel.Ident(), catalog.Ident(k.Name)))
		}
	}
}
