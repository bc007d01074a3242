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
	Tenants []Tenant `json:"tenants,omitempty" yaml:"tenants,omitempty"`
	// Scoped tables belong to one tenant a row. A table that carries two unrelated
	// tenants is listed once for each.
	Scoped []Scoped `json:"scoped,omitempty" yaml:"scoped,omitempty"`
	// Aggregates are written per tenant of one level and read across them by a
	// tenant of a level above.
	Aggregates []Aggregate `json:"aggregates,omitempty" yaml:"aggregates,omitempty"`
	// Global tables belong to no tenant, and every tenant may see their rows.
	Global []string `json:"global,omitempty" yaml:"global,omitempty"`
	// Polymorphic pairs point at rows of any of several tables.
	Polymorphic []Polymorphic `json:"polymorphic,omitempty" yaml:"polymorphic,omitempty"`
	// Inheritance tells the subtypes of a table's rows apart.
	Inheritance []Inheritance `json:"inheritance,omitempty" yaml:"inheritance,omitempty"`
	// Memberships are rows that let a user see a tenant.
	Memberships []Membership `json:"memberships,omitempty" yaml:"memberships,omitempty"`
}

// Tenant is a level of tenancy, such as "space": what its rows own, other rows of
// the same table must not see.
type Tenant struct {
	// Name of the level, by which the rest of the Model refers to it.
	Name string `json:"name,omitempty" yaml:"name,omitempty"`
	// Table that has a row per tenant. Zero: tenants live elsewhere, and this
	// database knows their keys only.
	Table string `json:"table,omitempty" yaml:"table,omitempty"`
	// Key identifies a tenant in Table. It may be composite; where Table is zero, it is too.
	Key []string `json:"key,omitempty" yaml:"key,omitempty"`
	// Parent is the Name of the level above. Zero: none.
	Parent string `json:"parent,omitempty" yaml:"parent,omitempty"`
	// ParentColumns of Table carry the parent's key.
	ParentColumns []string `json:"parent_columns,omitempty" yaml:"parent_columns,omitempty"`
	// Setting is the run-time setting that row-level security policies read the
	// tenant from, such as "app.space_id"; "role" where they compare with current_user, and
	// "session_authorization" with session_user. Zero: none is known; see Memberships.
	Setting string `json:"setting,omitempty" yaml:"setting,omitempty"`
	// Claim is the path of the tenant's key inside Setting, where that holds a JSON
	// object of claims: {"app_metadata", "org_id"} of request.jwt.claims. Zero:
	// Setting holds the key itself.
	Claim []string `json:"claim,omitempty" yaml:"claim,omitempty"`
	// Session is for a Setting that holds the key of some other row, such as that of
	// a login session: the row of Session.Table whose Key has the setting's value
	// holds the tenant's key in its Columns. Zero: Setting or Claim is the tenant's key.
	Session Ref `json:"session,omitzero" yaml:"session,omitempty"`
}

// Membership says that the rows of a table let users see tenants: policies ask
// whether the session's user has such a row, not which tenant the session is for.
//
// A session that is to see a tenant needs two things: a row of Table whose Columns
// have the tenant's key and whose User columns have the user's, and a Setting (with
// Claim and Session as in Tenant) that names the user.
type Membership struct {
	// Table has a row for each user of each tenant, such as "organization_members".
	Table string `json:"table,omitempty" yaml:"table,omitempty"`
	// Tenant is the Name of the level.
	Tenant string `json:"tenant,omitempty" yaml:"tenant,omitempty"`
	// Columns carry the tenant's key, in the order of Tenant.Key.
	Columns []string `json:"columns,omitempty" yaml:"columns,omitempty"`
	// User are the columns that say who the member is.
	User []string `json:"user,omitempty" yaml:"user,omitempty"`
	// Setting is the run-time setting from which policies read who the session's user
	// is: what auth.uid() reads. Zero: none is known, and a membership alone opens nothing.
	Setting string `json:"setting,omitempty" yaml:"setting,omitempty"`
	// Claim is the path of the user's key inside Setting. Zero: Setting holds it itself.
	Claim []string `json:"claim,omitempty" yaml:"claim,omitempty"`
	// Session is the row that Setting names instead of the user; its Columns hold the
	// user's key. Zero: Setting or Claim is the user's key.
	Session Ref `json:"session,omitzero" yaml:"session,omitempty"`
}

// Scoped says that each row of a table belongs to one tenant, and how one sees to which.
type Scoped struct {
	Table string `json:"table,omitempty" yaml:"table,omitempty"`
	// Tenant is the Name of the level.
	Tenant string `json:"tenant,omitempty" yaml:"tenant,omitempty"`
	// Columns carry the tenant's key, in the order of Tenant.Key. Zero: see Via.
	Columns []string `json:"columns,omitempty" yaml:"columns,omitempty"`
	// Via leads to the tenant of a row that carries none: it has the tenant of the
	// row it references.
	Via Ref `json:"via,omitzero" yaml:"via,omitempty"`
	// Optional rows may have no tenant of this level: the columns may be NULL by intention.
	Optional bool `json:"optional,omitempty" yaml:"optional,omitempty"`
}

// Ref is a reference from columns of one table to columns of another. A foreign
// key need not be declared. Its zero value is no reference.
type Ref struct {
	// Columns of the referencing table.
	Columns []string `json:"columns,omitempty" yaml:"columns,omitempty"`
	// Table referenced. Zero, with Columns set: Columns are a polymorphic pair, and
	// the row has the tenant of whatever that points at.
	Table string `json:"table,omitempty" yaml:"table,omitempty"`
	// Key of Table, in parallel with Columns.
	Key []string `json:"key,omitempty" yaml:"key,omitempty"`
}

// Aggregate is a table that tenants of one level write, each for itself, and
// that a tenant of a level above reads across all of its own.
type Aggregate struct {
	Table string `json:"table,omitempty" yaml:"table,omitempty"`
	// Tenant is the level that writes, carried by Columns.
	Tenant  string   `json:"tenant,omitempty" yaml:"tenant,omitempty"`
	Columns []string `json:"columns,omitempty" yaml:"columns,omitempty"`
	// Across is the level that reads, carried by AcrossColumns.
	Across        string   `json:"across,omitempty" yaml:"across,omitempty"`
	AcrossColumns []string `json:"across_columns,omitempty" yaml:"across_columns,omitempty"`
}

// Polymorphic is a pair of columns that points at a row of one of several tables:
// one column says of which, the other holds the id.
type Polymorphic struct {
	Table string `json:"table,omitempty" yaml:"table,omitempty"`
	// Type is the column that says which table.
	Type string `json:"type,omitempty" yaml:"type,omitempty"`
	// ID is the column that holds the target's key.
	ID string `json:"id,omitempty" yaml:"id,omitempty"`
	// Tenant columns of Table that a target must share. Zero: targets may belong to anyone,
	// unless Table has its tenant through another row, which they must share.
	Tenant []string `json:"tenant,omitempty" yaml:"tenant,omitempty"`
	// Targets by type. Zero: none is known.
	Targets []Target `json:"targets,omitempty" yaml:"targets,omitempty"`
}

// Target is one of the tables that a polymorphic pair points at.
type Target struct {
	// Type is the value in the pair's type column.
	Type  string `json:"type,omitempty" yaml:"type,omitempty"`
	Table string `json:"table,omitempty" yaml:"table,omitempty"`
	// Key is the column of Table that the pair's id equals. Where the table is
	// scoped by a tenant that the pair carries, that must be equal as well.
	Key string `json:"key,omitempty" yaml:"key,omitempty"`
	// Shadow is the generated column that holds the id for this type only, and with
	// it a real foreign key. Zero: none.
	Shadow string `json:"shadow,omitempty" yaml:"shadow,omitempty"`
}

// Inheritance says that rows of a table come in subtypes.
type Inheritance struct {
	// Table is the base.
	Table string `json:"table,omitempty" yaml:"table,omitempty"`
	// Key of the base table.
	Key []string `json:"key,omitempty" yaml:"key,omitempty"`
	// Discriminator is the column that names the subtype.
	Discriminator string    `json:"discriminator,omitempty" yaml:"discriminator,omitempty"`
	Subtypes      []Subtype `json:"subtypes,omitempty" yaml:"subtypes,omitempty"`
}

// Subtype is one value of a discriminator. What is particular to it is in a table
// of its own, in a column of the base, or nowhere.
type Subtype struct {
	Value string `json:"value,omitempty" yaml:"value,omitempty"`
	// Table has one row for each row of the base that is of this subtype. Zero: none.
	Table string `json:"table,omitempty" yaml:"table,omitempty"`
	// Key of Table that equals the base's, in its order.
	Key []string `json:"key,omitempty" yaml:"key,omitempty"`
	// Discriminator is the column of Table that repeats Value. Zero: none.
	Discriminator string `json:"discriminator,omitempty" yaml:"discriminator,omitempty"`
	// Column of the base that holds the settings, usually jsonb. Zero: none.
	Column string `json:"column,omitempty" yaml:"column,omitempty"`
}
