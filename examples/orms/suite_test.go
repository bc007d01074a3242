package orms

import (
	"testing"

	"github.com/stretchr/testify/suite"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

type BlogSuite struct {
	suite.Suite
	db *pgtest.DB
}

func TestBlogSuite(t *testing.T) { suite.Run(t, new(BlogSuite)) }

// SetupTest runs before each method, with the method's own T: each has a database of its
// own. In SetupSuite the T is the suite's, and all methods would share one.
func (s *BlogSuite) SetupTest() { s.db = pg.DB(s.T()) }

func (s *BlogSuite) TestWrites() {
	factory.Auto("authors").CreateN(s.T(), s.db, 3)
	s.Equal(3, s.authors())
}

func (s *BlogSuite) TestSeesNothingOfOthers() { s.Equal(0, s.authors()) }

func (s *BlogSuite) authors() (n int) {
	s.Require().NoError(s.db.QueryRow(s.T().Context(), "SELECT count(*) FROM authors").Scan(&n))
	return n
}
