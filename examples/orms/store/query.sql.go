package store

import "context"

const titles = `-- name: Titles :many
SELECT p.title FROM posts p JOIN authors a ON a.id = p.author_id WHERE a.name = $1 ORDER BY p.id
`

// Titles are those of an author's posts.
func (q *Queries) Titles(ctx context.Context, name string) ([]string, error) {
	rows, err := q.db.Query(ctx, titles, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var items []string
	for rows.Next() {
		var title string
		if err := rows.Scan(&title); err != nil {
			return nil, err
		}
		items = append(items, title)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return items, nil
}
