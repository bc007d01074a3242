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

// OrganizationTrait is what may be said about an organization.
type OrganizationTrait interface{ organization(*Organization) }

// Organizations makes customers.
var Organizations = define[Organization, OrganizationTrait](Definition[Organization]{
	Row: func(o *Organization, c *Cells) {
		o.Name = c.Of("name").Company()
		o.Slug = c.Of("slug").Slug()
		o.CreatedAt = c.Of("created_at").Rising()
	},
})

// Space is a tenant: what is in it belongs to nobody else.
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

// SpaceTrait is what may be said about a space: In an organization, Inactive.
type SpaceTrait interface{ space(*Space) }

// Spaces makes tenants.
var Spaces = define[Space, SpaceTrait](Definition[Space]{
	Row: func(s *Space, c *Cells) {
		s.Name = c.Of("name").Team()
		s.Slug = c.Of("slug").Slug()
		s.CreatedAt = c.Of("created_at").Rising()
	},
	Parents: []Maker{Organizations},
})

// User is a person, of any number of organizations and spaces.
type User struct {
	ID        UUID
	Email     string
	Name      string
	CreatedAt time.Time
}

// TableName is users.
func (User) TableName() string { return "users" }

// UserTrait is what may be said about a user.
type UserTrait interface{ user(*User) }

// Users makes people.
var Users = define[User, UserTrait](Definition[User]{
	Row: func(u *User, c *Cells) {
		u.Email = c.Of("email").Email()
		u.Name = c.Of("name").Name()
		u.CreatedAt = c.Of("created_at").Rising()
	},
})

// OrganizationMembership is a person's role in an organization.
type OrganizationMembership struct {
	OrganizationID UUID
	UserID         UUID
	Role           string // owner, admin or member
	CreatedAt      time.Time
}

// TableName is organization_memberships.
func (OrganizationMembership) TableName() string { return "organization_memberships" }

// OrganizationMembershipTrait is what may be said about a membership: In an
// organization or in a space's, By a user, Admin.
type OrganizationMembershipTrait interface {
	organizationMembership(*OrganizationMembership)
}

// OrganizationMemberships makes people members of organizations.
var OrganizationMemberships = define[OrganizationMembership, OrganizationMembershipTrait](Definition[OrganizationMembership]{
	Row: func(m *OrganizationMembership, c *Cells) {
		m.Role = "member"
		if c.Of("role").Chance(0.1) {
			m.Role = "admin"
		}
		m.CreatedAt = c.Of("created_at").Rising()
	},
	Parents: []Maker{Organizations, Users},
})

// SpaceMembership is a person's role in a space. Scoped rows name people by it, so
// only who is or was a member can be named.
type SpaceMembership struct {
	SpaceID  UUID
	UserID   UUID
	Role     string // admin, editor or viewer
	JoinedAt time.Time
	LeftAt   *time.Time
}

// TableName is space_memberships.
func (SpaceMembership) TableName() string { return "space_memberships" }

// SpaceMembershipTrait is what may be said about a membership: In a space, By a
// user, Admin, Inactive.
type SpaceMembershipTrait interface{ spaceMembership(*SpaceMembership) }

// SpaceMemberships makes people members of spaces.
var SpaceMemberships = define[SpaceMembership, SpaceMembershipTrait](Definition[SpaceMembership]{
	Row: func(m *SpaceMembership, c *Cells) {
		m.Role = c.Of("role").OneOf("viewer", "viewer", "viewer", "editor", "editor", "admin")
		m.JoinedAt = c.Of("joined_at").Rising()
	},
	Parents: []Maker{Spaces, Users, Organizations},
})
