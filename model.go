package seedbed

// Model declares what the tables of a database mean. It is a plain value: write
// it by hand, or take what Discover reads from a catalog and correct it.
//
//	seedbed.Model{
//		Tenants: []seedbed.Tenant{
//			{Name: "organization", Table: "organizations", Key: []string{"id"}},
//			{Name: "space", Table: "spaces", Key: []string{"id"}, Setting: "app.space_id",
//				Parent: "organization", ParentColumns: []string{"organization_id"}},
//		},
//		Scoped: []seedbed.Scoped{{Table: "datasets", Tenant: "space", Columns: []string{"space_id"}}},
//		Global: []string{"countries"},
//	}
//
// Tables are named as the database finds them: bare where the search path does,
// otherwise with their schema, as in "billing.invoices". Case is kept and nothing
// is quoted, except a name with a dot in it. Columns are named as they are.
// Partitions, views and the tables of migration tools have no place here; a
// partitioned table stands for its partitions.
//
// The zero Model declares nothing: a schema without tenancy. What the toolkit
// then cannot check, it says.
type Model struct {
	// Tenants are the levels of tenancy, in any order.
	Tenants []Tenant
	// Scoped tables belong to one tenant a row. A table that carries two unrelated
	// tenants is listed once for each.
	Scoped []Scoped
	// Aggregates are written per tenant of one level and read across them by a
	// tenant of a level above.
	Aggregates []Aggregate
	// Global tables belong to no tenant, and every tenant may see their rows.
	Global []string
	// Polymorphic pairs point at rows of any of several tables.
	Polymorphic []Polymorphic
	// Inheritance tells the subtypes of a table's rows apart.
	Inheritance []Inheritance
}

// Tenant is a level of tenancy, such as "space": what its rows own, other rows of
// the same table must not see.
type Tenant struct {
	// Name of the level, by which the rest of the Model refers to it.
	Name string
	// Table that has a row per tenant. Zero: tenants live elsewhere, and this
	// database knows their keys only.
	Table string
	// Key identifies a tenant in Table. It may be composite; where Table is zero, it is too.
	Key []string
	// Parent is the Name of the level above. Zero: none.
	Parent string
	// ParentColumns of Table carry the parent's key.
	ParentColumns []string
	// Setting is the run-time setting that row-level security policies read the
	// tenant from, such as "app.space_id". Zero: none is known.
	Setting string
}

// Scoped says that each row of a table belongs to one tenant, and how one sees to which.
type Scoped struct {
	Table string
	// Tenant is the Name of the level.
	Tenant string
	// Columns carry the tenant's key, in the order of Tenant.Key. Zero: see Via.
	Columns []string
	// Via leads to the tenant of a row that carries none: it has the tenant of the
	// row it references.
	Via Ref
	// Optional rows may have no tenant of this level: the columns may be NULL by intention.
	Optional bool
}

// Ref is a reference from columns of one table to columns of another. A foreign
// key need not be declared. Its zero value is no reference.
type Ref struct {
	// Columns of the referencing table.
	Columns []string
	// Table referenced. Zero, with Columns set: Columns are a polymorphic pair, and
	// the row has the tenant of whatever that points at.
	Table string
	// Key of Table, in parallel with Columns.
	Key []string
}

// Aggregate is a table that tenants of one level write, each for itself, and
// that a tenant of a level above reads across all of its own.
type Aggregate struct {
	Table string
	// Tenant is the level that writes, carried by Columns.
	Tenant  string
	Columns []string
	// Across is the level that reads, carried by AcrossColumns.
	Across        string
	AcrossColumns []string
}

// Polymorphic is a pair of columns that points at a row of one of several tables:
// one column says of which, the other holds the id.
type Polymorphic struct {
	Table string
	// Type is the column that says which table.
	Type string
	// ID is the column that holds the target's key.
	ID string
	// Tenant columns of Table that a target must share. Zero: targets may belong to anyone.
	Tenant []string
	// Targets by type. Zero: none is known.
	Targets []Target
}

// Target is one of the tables that a polymorphic pair points at.
type Target struct {
	// Type is the value in the pair's type column.
	Type  string
	Table string
	// Key is the column of Table that the pair's id equals. Where the table is
	// scoped by a tenant that the pair carries, that must be equal as well.
	Key string
	// Shadow is the generated column that holds the id for this type only, and with
	// it a real foreign key. Zero: none.
	Shadow string
}

// Inheritance says that rows of a table come in subtypes.
type Inheritance struct {
	// Table is the base.
	Table string
	// Key of the base table.
	Key []string
	// Discriminator is the column that names the subtype.
	Discriminator string
	Subtypes      []Subtype
}

// Subtype is one value of a discriminator. What is particular to it is in a table
// of its own, in a column of the base, or nowhere.
type Subtype struct {
	Value string
	// Table has one row for each row of the base that is of this subtype. Zero: none.
	Table string
	// Key of Table that equals the base's, in its order.
	Key []string
	// Discriminator is the column of Table that repeats Value. Zero: none.
	Discriminator string
	// Column of the base that holds the settings, usually jsonb. Zero: none.
	Column string
}
