-- name: Titles :many
SELECT p.title FROM posts p JOIN authors a ON a.id = p.author_id WHERE a.name = $1 ORDER BY p.id;
