package gallery

import (
	"testing"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest/check"
)

var whole = check.Options{Model: &Model}

// commentable_id has no foreign key: that no comment outlives its post is ours to see.
func TestDeletingAPostLeavesNoOrphans(t *testing.T) {
	t.Parallel()
	tx := pg.Tx(t) // rolled back in the end: this code needs no database of its own
	post := posts.Create(t, tx)
	author := users.With(factory.In(post)).Create(t, tx)
	comments.With(factory.On(post), factory.By(author)).CreateN(t, tx, 3)
	other := comments.With(factory.On(posts.With(factory.In(post)).Create(t, tx))).Create(t, tx)
	if err := DeletePost(t.Context(), tx, post.TenantID, post.ID); err != nil {
		t.Fatal(err)
	}
	check.Integrity(t, tx, whole)
	left, err := Thread(t.Context(), tx, other.TenantID, other.CommentableType, other.CommentableID)
	if err != nil || len(left) != 1 {
		t.Errorf("%d comments on the other post, %v; want 1", len(left), err)
	}
}

// Photos have no struct: Auto reads the table. A width that its CHECK allows, a state
// of its enum, the tenant of the post: all of it follows from the catalog.
func TestCommentsOnPhotos(t *testing.T) {
	t.Parallel()
	tx := pg.Tx(t)
	post := posts.Create(t, tx)
	photo := factory.Auto("photos").With(factory.WithModel(Model), factory.On(post)).
		Create(t, tx, func(r *factory.Record) { r.Set("state", "ready") })
	remarks := comments.With(factory.On(photo)).CreateN(t, tx, 2)
	thread, err := Thread(t.Context(), tx, post.TenantID, "Photo", remarks[0].CommentableID)
	if err != nil || len(thread) != 2 {
		t.Errorf("%d comments, %v; want 2", len(thread), err)
	}
	check.Integrity(t, tx, whole)
}
