package rows

import "fmt"

// narrow turns the In of a plan's volumes into the one tenant that all rows are
// spread over: parents are then shared within it as in any plan.
func (f *filling) narrow() error {
	var tenant *node
	for _, s := range f.asked {
		n := s.tenantOnly()
		if n == nil {
			continue
		}
		if tenant != nil && tenant.key() != n.key() {
			return fmt.Errorf("%s and %s: a plan fills one tenant, or all of them", tenant.label, n.label)
		}
		tenant = n
	}
	if tenant == nil {
		return nil
	}
	for _, s := range f.asked {
		if s.tenantOnly() != nil {
			s.call.links = nil
		}
	}
	for n := tenant; n != nil; {
		s := &set{table: n.table, found: true, only: n, n: 1, call: &call{schema: f.schema}}
		f.byTable[n.table] = s
		var above *node
		for _, p := range n.implied() {
			if _, ok := f.schema.model.TenantTable(p.table.name); ok {
				above = p
			}
		}
		n = above
	}
	return nil
}

// tenantOnly is the tenant's row, where that is all that places a set.
func (s *set) tenantOnly() *node {
	var tenant *node
	for _, k := range s.call.links {
		_, is := s.table.schema.model.TenantTable(k.node.table.name)
		if k.kind != linkIn || !is || len(s.table.levels) == 0 {
			return nil
		}
		tenant = k.node
	}
	return tenant
}
