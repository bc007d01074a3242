package report

// Reach is how far a command of a role gets in a table.
type Reach string

// Reaches, from nowhere to everywhere.
const (
	Denied     Reach = "denied"     // it is not granted
	Nothing    Reach = "nothing"    // it is granted, and no policy lets it reach a row
	OfTenant   Reach = "tenant"     // rows of the session's tenant of the innermost level
	OfOuter    Reach = "outer"      // rows of the session's tenant of a level above
	Some       Reach = "some"       // those, and rows of others that a policy opens
	Everything Reach = "everything" // every row
)

// Commands of the matrix, in the order of AccessTable.Reach.
var Commands = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"}

// Access is the isolation matrix: what each role can do to each table by what the
// catalog says. What was tried is in a Report's findings.
type Access struct {
	Roles  []AccessRole  `json:"roles"`
	Tables []AccessTable `json:"tables"`
}

// AccessRole is a column of the matrix.
type AccessRole struct {
	Name string `json:"name"`
	// Part it plays: application, across tenants, owner, or what it is granted only.
	Part string `json:"part"`
	// Unbound says that row-level security does not apply to it.
	Unbound bool `json:"unbound"`
}

// AccessTable is a row of the matrix.
type AccessTable struct {
	Name string `json:"name"`
	// Scope is the level that its rows belong to; "" where they belong to no tenant.
	Scope string `json:"scope"`
	// Aggregate says that it is read across tenants too.
	Aggregate bool `json:"aggregate,omitempty"`
	// Reach by role, then by command.
	Reach [][]Reach `json:"reach"`
}
