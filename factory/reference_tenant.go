package factory

import "time"

// Organization is a customer: it owns spaces.
type Organization struct {
	ID        UUID
	Slug      string
	Name      string
	CreatedAt time.Time
}

// TableName is organizations.
func (Organization) TableName() string { return "organizations" }

func fillOrganization(o *Organization, c *Cells) {
	o.Name = c.Of("name").Company()
	o.Slug = c.Of("slug").Slug()
	o.CreatedAt = c.Of("created_at").IncreasingTime()
}

// Space is a tenant: no other tenant sees what is in it.
type Space struct {
	ID             UUID
	OrganizationID UUID
	Slug           string
	Name           string
	ArchivedAt     *time.Time
	CreatedAt      time.Time
}

// TableName is spaces.
func (Space) TableName() string { return "spaces" }

func fillSpace(s *Space, c *Cells) {
	s.Name = c.Of("name").Team()
	s.Slug = c.Of("slug").Slug()
	s.CreatedAt = c.Of("created_at").IncreasingTime()
}

// User is a person, of any number of organizations and spaces.
type User struct {
	ID        UUID
	Email     string
	Name      string
	CreatedAt time.Time
}

// TableName is users.
func (User) TableName() string { return "users" }

func fillUser(u *User, c *Cells) {
	u.Email = c.Of("email").Email()
	u.Name = c.Of("name").Name()
	u.CreatedAt = c.Of("created_at").IncreasingTime()
}

// OrganizationMembership is a person's role in an organization.
type OrganizationMembership struct {
	OrganizationID UUID
	UserID         UUID
	Role           string // owner, admin or member
	CreatedAt      time.Time
}

// TableName is organization_memberships.
func (OrganizationMembership) TableName() string { return "organization_memberships" }

func fillOrganizationMembership(m *OrganizationMembership, c *Cells) {
	m.Role = "member"
	if c.Of("role").Chance(0.1) {
		m.Role = "admin"
	}
	m.CreatedAt = c.Of("created_at").IncreasingTime()
}

// SpaceMembership is a person's role in a space. Scoped rows reference people through it,
// so only people who are or were members can be named.
type SpaceMembership struct {
	SpaceID  UUID
	UserID   UUID
	Role     string // admin, editor or viewer
	JoinedAt time.Time
	LeftAt   *time.Time
}

// TableName is space_memberships.
func (SpaceMembership) TableName() string { return "space_memberships" }

func fillSpaceMembership(m *SpaceMembership, c *Cells) {
	m.Role = c.Of("role").OneOf("viewer", "viewer", "viewer", "editor", "editor", "admin")
	m.JoinedAt = c.Of("joined_at").IncreasingTime()
}
