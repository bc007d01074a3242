package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qarion/seedbed/relation"
)

// Comment is a remark on any resource of its space.
type Comment struct {
	SpaceID      uuid.UUID                           `json:"-"`
	ID           uuid.UUID                           `json:"id"`
	ResourceType string                              `json:"resource_type"`
	ResourceID   uuid.UUID                           `json:"resource_id"`
	AuthorID     uuid.UUID                           `json:"-"`
	Body         string                              `json:"body"`
	CreatedAt    time.Time                           `json:"created_at"`
	Author       relation.One[Member, commentAuthor] `json:"author" db:"-"`
}

type commentAuthor struct{}

func (commentAuthor) Relation() (name, loader string) { return "Comment.Author", "loadAuthors" }

// Member is a person who works in a space.
type Member struct {
	SpaceID uuid.UUID `json:"-"`
	ID      uuid.UUID `json:"id"`
	Name    string    `json:"name"`
	Email   string    `json:"-"`
}

// resourceTypes are what can be commented on, as the path and the database call it.
var resourceTypes = map[string]string{"datasets": "dataset", "providers": "provider"}

const commentColumns = "space_id, id, resource_type, resource_id, author_id, body, created_at"

func listComments(tx pgx.Tx, r *http.Request, space uuid.UUID) (any, error) {
	typ, id, err := resource(r)
	if err != nil {
		return nil, err
	}
	rows, _ := tx.Query(r.Context(), "SELECT "+commentColumns+` FROM comments
		WHERE space_id = $1 AND resource_type = $2 AND resource_id = $3 ORDER BY created_at, id`, space, typ, id)
	comments, err := pgx.CollectRows(rows, pgx.RowToStructByName[Comment])
	if err != nil {
		return nil, fmt.Errorf("list comments: %w", err)
	}
	return comments, loadAuthors(r.Context(), tx, space, comments)
}

func addComment(tx pgx.Tx, r *http.Request, space uuid.UUID) (any, error) {
	typ, id, err := resource(r)
	if err != nil {
		return nil, err
	}
	var in struct {
		Author uuid.UUID `json:"author"`
		Body   string    `json:"body"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20)).Decode(&in); err != nil {
		return nil, &failure{http.StatusBadRequest, "the body is not what is expected: " + err.Error()}
	}
	rows, _ := tx.Query(r.Context(), `INSERT INTO comments (space_id, resource_type, resource_id, author_id, body)
		VALUES ($1, $2, $3, $4, $5) RETURNING `+commentColumns, space, typ, id, in.Author, in.Body)
	comment, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Comment])
	if err != nil {
		return nil, refusal(err)
	}
	written := []Comment{comment}
	return &written[0], loadAuthors(r.Context(), tx, space, written)
}

// refusal tells what the caller got wrong from what we did. Which of the two ends of
// a reference is missing is kept from callers who cannot see it.
func refusal(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return fmt.Errorf("add a comment: %w", err)
	}
	switch pg.Code {
	case "23503", "42501": // foreign key; row-level security
		return errNotFound
	case "23514", "22021": // CHECK; bytes that are no text
		return &failure{http.StatusUnprocessableEntity, "a comment has 1 to 20000 characters of text"}
	}
	return fmt.Errorf("add a comment: %w", err)
}

func resource(r *http.Request) (typ string, id uuid.UUID, err error) {
	typ, known := resourceTypes[r.PathValue("type")]
	id, err = uuid.Parse(r.PathValue("id"))
	if !known || err != nil {
		return "", id, errNotFound
	}
	return typ, id, nil
}

// loadAuthors loads the authors of all these comments with one query.
func loadAuthors(ctx context.Context, tx pgx.Tx, space uuid.UUID, comments []Comment) error {
	return relation.Load(ctx, comments,
		func(c *Comment) (uuid.UUID, relation.Handle[Member]) { return c.AuthorID, &c.Author },
		func(ctx context.Context, ids []uuid.UUID) ([]Member, error) {
			rows, _ := tx.Query(ctx, "SELECT space_id, id, name, email FROM members WHERE space_id = $1 AND id = ANY ($2)", space, ids)
			return pgx.CollectRows(rows, pgx.RowToStructByName[Member])
		},
		func(m Member) uuid.UUID { return m.ID })
}
