// Command devdb lists what is to be done, to show how an app is developed against
// a database that `make up` starts. Copy the directory, and drop the replace from go.mod.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/jackc/pgx/v5"
)

func main() {
	if err := run(context.Background(), os.Getenv("DATABASE_URL"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "devdb:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, url string, out io.Writer) error {
	if url == "" {
		return fmt.Errorf("DATABASE_URL is not set: `make run` sets it")
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return list(ctx, conn, out)
}

// querier is a pool, a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// list writes the open tasks, a line each.
func list(ctx context.Context, db querier, out io.Writer) error {
	rows, _ := db.Query(ctx, // ForEachRow returns its error
		"SELECT l.name, t.title FROM tasks t JOIN lists l ON l.id = t.list_id WHERE NOT t.done ORDER BY l.name, t.title")
	var name, title string
	_, err := pgx.ForEachRow(rows, []any{&name, &title}, func() error {
		_, err := fmt.Fprintf(out, "%s: %s\n", name, title)
		return err
	})
	return err
}
