package audit

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/graph"
	"github.com/qarion/seedbed/internal/report"
)

// Canary is something that belongs to another tenant and must not be met elsewhere.
type Canary struct {
	Table  string
	Column string
	// Text is what to look for: a token that was planted, or a value that was there.
	Text string
	// ID says that Text is a key: it may also show as bytes, or without its hyphens.
	ID bool
}

// Canaries are what was planted in the cells of some tenants.
type Canaries struct {
	// Planted tokens, one a column, and values that stand in where a constraint
	// refused a token.
	Planted []Canary
	// IDs of the tenants' rows.
	IDs []Canary
	// Unchecked says which columns hold nothing that could be recognised, and why.
	Unchecked []string
	// Cells that were written.
	Cells int64
}

// Plant writes a token into every text, jsonb and bytea cell of the tenants whose
// keys are given, and commits: it is for a test's own database. A cell that a
// constraint guards keeps its value, which is then looked for as it is, if it is
// long enough to tell.
//
// A key has as many parts as its tenant has columns; a tenant of any level may be named.
func Plant(ctx context.Context, db seedbed.DB, opt Options, tenants [][]string) (*Canaries, error) {
	a := &audit{ctx: ctx, db: db, opt: opt, report: &report.Report{}}
	if err := a.prepare(); err != nil {
		return nil, err
	}
	defer a.bypass.close()
	a.gatherSubjects()
	if err := a.tenancyKnown(tenants); err != nil {
		return nil, err
	}
	if _, err := a.bypass.tx.Exec(ctx, "SET LOCAL row_security = on"); err != nil {
		return nil, err
	}
	a.bypass.blind = nil
	p := &planter{a: a, tenants: tenants, out: &Canaries{}}
	for _, key := range tenants {
		if err := p.known(key); err != nil {
			return nil, err
		}
	}
	for _, s := range a.subjects {
		if err := p.table(s); err != nil {
			return nil, fmt.Errorf("plant canaries in %s: %w", s.name, err)
		}
	}
	p.tooCommon()
	err := a.bypass.tx.Commit(ctx)
	a.bypass.tx = nil
	return p.out, err
}

// TenantKeys says which tenants there are, a few of each level, as in "space a1, a2".
func TenantKeys(ctx context.Context, db seedbed.DB, opt Options) (string, error) {
	a := &audit{ctx: ctx, db: db, opt: opt, report: &report.Report{}}
	if err := a.prepare(); err != nil {
		return "", err
	}
	defer a.bypass.close()
	a.gatherSubjects()
	keys, err := (&planter{a: a}).tenantKeys()
	return strings.Join(keys, "; "), err
}

func (a *audit) tenancyKnown(tenants [][]string) error {
	if len(a.subjects) == 0 {
		return fmt.Errorf("plant canaries: the Model declares no scoped tables; pass one in Options.Model")
	}
	if len(tenants) == 0 {
		return fmt.Errorf("plant canaries: name at least one tenant, whose data no other tenant may see")
	}
	for _, key := range tenants {
		if !slices.ContainsFunc(a.model.Tenants, func(t seedbed.Tenant) bool { return len(t.Key) == len(key) }) {
			return fmt.Errorf("plant canaries: tenant %s has %s, and %s", tuple(key), plural(int64(len(key)), "column"), a.keyWidths())
		}
	}
	return nil
}

// keyWidths says by which columns tenants are told.
func (a *audit) keyWidths() string {
	var parts []string
	for _, t := range a.model.Tenants {
		parts = append(parts, fmt.Sprintf("a %s is told by %s", t.Name, tuple(t.Key)))
	}
	return strings.Join(parts, ", ")
}

type planter struct {
	a       *audit
	tenants [][]string
	out     *Canaries
	common  []string // columns of keys that are too short to be looked for, with an example
}

// tooCommon is one line about all of those columns.
func (p *planter) tooCommon() {
	const most = 8
	if len(p.common) == 0 {
		return
	}
	columns := strings.Join(p.common[:min(most, len(p.common))], ", ")
	if more := len(p.common) - most; more > 0 {
		columns += fmt.Sprintf(" and %d more columns", more)
	}
	p.out.Unchecked = append(p.out.Unchecked, "keys of "+columns+" are too common to look for: these rows are known by their texts only")
}

// theirs is the condition for the tenants' rows, at any level that they are of.
func (p *planter) theirs(s *subject, alias string) string {
	var parts []string
	for _, t := range p.a.model.Tenants {
		exprs := p.a.tenantOf(s.rel, alias, t.Name)
		texts := make([]string, len(exprs))
		for i, e := range exprs {
			texts[i] = e + "::text"
		}
		for _, key := range p.tenants {
			if len(key) == len(exprs) {
				parts = append(parts, "("+equals(texts, key)+")")
			}
		}
	}
	if len(parts) == 0 {
		return "false"
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

func (p *planter) table(s *subject) error {
	if err := p.ids(s); err != nil {
		return err
	}
	for _, c := range s.rel.Columns {
		if p.plantable(s, c) {
			if err := p.column(s, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// ids are the keys of the rows, and of the tenants. Short numbers are everywhere,
// so they prove nothing.
func (p *planter) ids(s *subject) error {
	var columns []string
	if pk := s.rel.PrimaryKey(); pk != nil {
		columns = pk.Columns
	}
	for _, name := range columns {
		c := s.rel.Column(name)
		if p.sharedKey(s, name) {
			continue
		}
		rows, err := p.a.bypass.tx.Query(p.a.ctx, fmt.Sprintf("SELECT DISTINCT %s::text FROM %s t WHERE %s", col("t", name), s.rel.Ident(), p.theirs(s, "t")))
		if err != nil {
			return err
		}
		values, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		small := 0
		for _, v := range values {
			if len(v) < leastKey || c.Type.Underlying().Category == "D" {
				small++
				continue
			}
			p.out.IDs = append(p.out.IDs, Canary{Table: s.name, Column: name, Text: v, ID: true})
		}
		if small > 0 {
			p.common = append(p.common, fmt.Sprintf("%s.%s (%s)", s.name, name, values[0]))
		}
	}
	return nil
}

// leastKey is the length from which on a key is not met by chance.
const leastKey = 12

// known wants a tenant to have rows, and says which have where it has none.
func (p *planter) known(key []string) error {
	alone := &planter{a: p.a, tenants: [][]string{key}}
	var here []string
	for _, s := range p.a.subjects {
		here = append(here, fmt.Sprintf("EXISTS (SELECT FROM %s t WHERE %s)", s.rel.Ident(), alone.theirs(s, "t")))
	}
	var found bool
	if err := p.a.bypass.tx.QueryRow(p.a.ctx, "SELECT "+strings.Join(here, " OR ")).Scan(&found); err != nil || found {
		return err
	}
	there, err := p.tenantKeys()
	if err != nil {
		return err
	}
	if len(there) == 0 {
		return fmt.Errorf("plant canaries: no tenant has rows yet: create rows first, or their absence proves nothing")
	}
	return fmt.Errorf("plant canaries: no row belongs to a tenant %s; there are %s", strings.Join(key, "/"), strings.Join(there, "; "))
}

// tenantKeys are some keys of each level, as in "space a1, a2, …".
func (p *planter) tenantKeys() ([]string, error) {
	const some = 3
	var out []string
	for _, t := range p.a.model.Tenants {
		for _, s := range p.a.subjects {
			exprs := p.a.tenantOf(s.rel, "t", t.Name)
			if len(exprs) == 0 || t.Table != "" && s.tenant != t.Name {
				continue
			}
			rows, err := p.a.bypass.tx.Query(p.a.ctx, fmt.Sprintf("SELECT DISTINCT concat_ws('/', %s) FROM %s t LIMIT %d",
				strings.Join(exprs, ", "), s.rel.Ident(), some+1))
			if err != nil {
				return nil, err
			}
			keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return nil, err
			}
			slices.Sort(keys)
			if len(keys) > some {
				keys[some] = "…"
			}
			if len(keys) > 0 {
				out = append(out, t.Name+" "+strings.Join(keys, ", "))
				break
			}
		}
	}
	return out, nil
}

// sharedKey reports whether a key's column references something that other tenants
// have as well: a user, a country.
func (p *planter) sharedKey(s *subject, column string) bool {
	return slices.ContainsFunc(s.node.ForeignKeys, func(fk *graph.ForeignKey) bool {
		return fk.Has(column) && (!fk.To.HasTenant() || !fk.Self() && fk.To.Tenant == nil)
	})
}

// plantable are the columns whose text no other tenant may see: no keys, no
// references, no discriminators, nothing generated.
func (p *planter) plantable(s *subject, c *catalog.Column) bool {
	t := c.Type.Underlying()
	switch t.Name {
	case "text", "varchar", "bpchar", "citext", "jsonb", "json", "bytea", "_text", "_varchar":
	default:
		return false
	}
	if c.Generated != "" || c.Identity != "" || contains(s.rel.PartitionBy, c.Name) {
		return false
	}
	if pk := s.rel.PrimaryKey(); pk != nil && contains(pk.Columns, c.Name) {
		return false
	}
	return !s.node.InForeignKey(c.Name) && !s.node.IsReferenced(c.Name) && !p.meaningful(s, c.Name)
}

func (p *planter) meaningful(s *subject, column string) bool {
	for _, pair := range p.a.model.Pairs(s.name) {
		if pair.Type == column || pair.ID == column {
			return true
		}
	}
	i, ok := p.a.model.Inherits(s.name)
	return ok && i.Discriminator == column
}

// column plants a token, by the first form that the constraints take.
func (p *planter) column(s *subject, c *catalog.Column) error {
	token := Token()
	var why error
	for _, form := range forms(c, token) {
		tx, err := p.a.bypass.tx.Begin(p.a.ctx)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(p.a.ctx, fmt.Sprintf("UPDATE %s t SET %s = %s WHERE %s IS NOT NULL AND %s",
			s.rel.Ident(), catalog.Ident(c.Name), form, col("t", c.Name), p.theirs(s, "t")))
		if err == nil {
			if tag.RowsAffected() > 0 {
				p.out.Cells += tag.RowsAffected()
				p.out.Planted = append(p.out.Planted, Canary{Table: s.name, Column: c.Name, Text: token})
			}
			return tx.Commit(p.a.ctx)
		}
		why = err
		if err := tx.Rollback(p.a.ctx); err != nil {
			return err
		}
		if p.a.ctx.Err() != nil {
			return p.a.ctx.Err()
		}
	}
	return p.asItIs(s, c, why)
}

// forms are the expressions by which a token gets into a cell, mildest first.
// The number of the row makes it different in each, for unique keys.
func forms(c *catalog.Column, token string) []string {
	q, column := catalog.Literal(token), col("t", c.Name)
	each := q + " || left(md5(t.ctid::text), 8)"
	switch c.Type.Underlying().Name {
	case "bytea":
		return []string{column + " || convert_to(" + q + ", 'UTF8')"}
	case "_text", "_varchar":
		return []string{"array_append(" + column + ", " + q + ")"}
	case "json", "jsonb":
		typ := "::" + c.Type.Underlying().Name
		return []string{
			fmt.Sprintf("(CASE jsonb_typeof(%[1]s::jsonb) WHEN 'object' THEN %[1]s::jsonb || jsonb_build_object(%[2]s, %[2]s) WHEN 'array' THEN %[1]s::jsonb || to_jsonb(%[2]s::text) ELSE to_jsonb(%[2]s::text) END)%[3]s", column, q, typ),
			fmt.Sprintf("(CASE jsonb_typeof(%[1]s::jsonb) WHEN 'array' THEN %[1]s::jsonb || jsonb_build_object(%[2]s, %[2]s) ELSE %[1]s::jsonb END)%[3]s", column, q, typ),
		}[:1]
	}
	return []string{column + " || ' ' || " + each, column + " || '-' || " + each, column + " || " + each, each}
}

// asItIs takes the values that are there for canaries, where they are long and
// no other tenant has them.
func (p *planter) asItIs(s *subject, c *catalog.Column, why error) error {
	if c.Type.Underlying().Category == "S" {
		rows, err := p.a.bypass.tx.Query(p.a.ctx, fmt.Sprintf(`SELECT DISTINCT %[1]s::text FROM %[2]s t WHERE length(%[1]s::text) >= 12 AND %[3]s
			AND NOT EXISTS (SELECT FROM %[2]s o WHERE o.%[4]s = %[1]s AND NOT %[5]s)`,
			col("t", c.Name), s.rel.Ident(), p.theirs(s, "t"), catalog.Ident(c.Name), p.theirs(s, "o")))
		if err != nil {
			return err
		}
		values, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, v := range values {
			p.out.Planted = append(p.out.Planted, Canary{Table: s.name, Column: c.Name, Text: v})
		}
		if len(values) > 0 {
			return nil
		}
	}
	p.out.Unchecked = append(p.out.Unchecked, fmt.Sprintf("%s.%s takes no token: %s", s.name, c.Name, firstLine(why)))
	return nil
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// Token is a text that occurs nowhere else: letters and digits only, so that JSON
// and URLs leave it as it is, and lower case, for columns that want that.
func Token() string {
	var b [9]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return "canary" + hex.EncodeToString(b[:])
}
