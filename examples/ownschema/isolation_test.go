package gallery

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest/check"
)

// Without row-level security it is the queries that keep tenants apart, so it is
// what they return that is looked at: everything of another tenant is marked, and
// no mark may show.
func TestNothingOfAnotherTenantShows(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	mine, theirs := tenants.Create(t, db), tenants.Create(t, db)
	my := posts.With(factory.In(mine)).Create(t, db)
	their := posts.With(factory.In(theirs)).Create(t, db)
	comments.With(factory.On(my)).CreateN(t, db, 2)
	comments.With(factory.On(their)).CreateN(t, db, 2)

	options := check.Options{Model: &Model}
	canaries := check.Canaries(t, db, options, theirs.ID)
	list, err := Posts(t.Context(), db, mine.ID)
	if err != nil || len(list) != 1 {
		t.Errorf("%d posts, %v; want ours", len(list), err)
	}
	thread, err := Thread(t.Context(), db, mine.ID, "Post", my.ID)
	if err != nil || len(thread) != 2 {
		t.Errorf("%d comments, %v; want our two", len(thread), err)
	}
	stolen, err := Thread(t.Context(), db, mine.ID, "Post", their.ID)
	if err != nil || len(stolen) != 0 {
		t.Errorf("%d comments, %v; want none", len(stolen), err)
	}
	canaries.Absent(t, list, thread, stolen)
}

// bargains are what this schema does not hold, and why we live with it. Each needs its
// reason: the next one who adds a table reads it.
var bargains = []check.Exception{
	{Rule: "unique-without-tenant", Reason: "ids are identities: Postgres chooses them, no tenant does"},
	{Rule: "reference-without-tenant", Object: "posts.posts_authorId_fkey", Reason: "authors come from the session"},
	{Rule: "reference-without-tenant", Object: "comments.comments_authorId_fkey", Reason: "authors come from the session"},
	{Rule: "reference-without-tenant", Object: "photos.photos_postId_fkey", Reason: "checked at upload"},
}

// Beyond the bargains the schema holds, and no row leads into another tenant.
func TestSchema(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	comments.CreateN(t, db, 3)
	factory.Auto("photos").With(factory.WithModel(Model)).CreateN(t, db, 3)
	check.Isolation(t, db, check.Options{Model: &Model, Except: bargains})
}

// What cannot be checked is said, not passed over: with -v it is in the test's log.
func TestWhatCannotBeChecked(t *testing.T) {
	t.Parallel()
	db := pg.DB(t)
	log := &notes{TB: t}
	check.Isolation(log, db, check.Options{Model: &Model, Except: bargains})
	if !strings.Contains(log.text, "row-level security: no scoped table has it, so isolation is in the application") {
		t.Errorf("nothing is said of row-level security:\n%s", log.text)
	}
}

// notes is a test that remembers what is logged, with line breaks taken out.
type notes struct {
	testing.TB
	text string
}

func (n *notes) Log(args ...any) { n.text += strings.Join(strings.Fields(fmt.Sprint(args...)), " ") }
