package relation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qarion/seedbed/pgtest"
	"github.com/qarion/seedbed/relation"
)

// An empty struct names a relation and what loads it.
type datasetOwner struct{}

func (datasetOwner) Relation() (name, loader string) { return "Dataset.Owner", "LoadOwners" }

type owner struct {
	ID   int    `json:"-"`
	Name string `json:"name"`
}

type dataset struct {
	Name    string                            `json:"name"`
	OwnerID int                               `json:"-"` // 0: it has none
	Owner   relation.One[owner, datasetOwner] `json:"owner" db:"-"`
}

// One query for any number of rows, and none for those that have no owner.
func ExampleLoad() {
	datasets := []dataset{{Name: "orders", OwnerID: 1}, {Name: "refunds", OwnerID: 1}, {Name: "scratch"}}
	fetch := func(_ context.Context, ids []int) ([]owner, error) {
		fmt.Println("SELECT id, name FROM owners WHERE id = ANY", ids)
		return []owner{{1, "Ada"}}, nil
	}
	err := relation.Load(context.Background(), datasets,
		func(d *dataset) (int, relation.Handle[owner]) { return d.OwnerID, &d.Owner },
		fetch, func(o owner) int { return o.ID })
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.Marshal(datasets)
	fmt.Println(string(text), err)
	// Output:
	// SELECT id, name FROM owners WHERE id = ANY [1]
	// [{"name":"orders","owner":{"name":"Ada"}},{"name":"refunds","owner":{"name":"Ada"}},{"name":"scratch","owner":null}] <nil>
}

// loadOwners is what a service has beside its type: with pgx, fetch is a query with = ANY
// and a collector.
func loadOwners(ctx context.Context, pool *pgxpool.Pool, datasets []dataset) error {
	return relation.Load(ctx, datasets,
		func(d *dataset) (int, relation.Handle[owner]) { return d.OwnerID, &d.Owner },
		func(ctx context.Context, ids []int) ([]owner, error) {
			rows, err := pool.Query(ctx, "SELECT id, name FROM owners WHERE id = ANY($1)", ids)
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, pgx.RowToStructByName[owner])
		},
		func(o owner) int { return o.ID })
}

var server = pgtest.Server{Migrations: fstest.MapFS{"1_datasets.sql": {Data: []byte(`-- +goose Up
CREATE TABLE owners (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE datasets (name text PRIMARY KEY, owner_id int REFERENCES owners);
INSERT INTO owners VALUES (1, 'Ada'), (2, 'Grace');
INSERT INTO datasets VALUES ('orders', 1), ('refunds', 1), ('returns', 2), ('scratch', NULL);
-- +goose Down
DROP TABLE datasets, owners;
`)}}}

// Two queries on Postgres, whatever the number of datasets.
func ExampleLoad_pgx() {
	ctx := context.Background()
	db, err := server.Open(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	rows, err := db.Query(ctx, "SELECT name, coalesce(owner_id, 0) AS owner_id FROM datasets ORDER BY name")
	if err != nil {
		fmt.Println(err)
		return
	}
	datasets, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[dataset])
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := loadOwners(ctx, db.Pool, datasets); err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.Marshal(datasets)
	fmt.Println(string(text), err)
	// Output:
	// [{"name":"orders","owner":{"name":"Ada"}},{"name":"refunds","owner":{"name":"Ada"}},{"name":"returns","owner":{"name":"Grace"}},{"name":"scratch","owner":null}] <nil>
}

type bookReviews struct{}

func (bookReviews) Relation() (name, loader string) { return "Book.Reviews", "LoadReviews" }

// review and book are rows as an ORM keeps them: behind pointers, with tags that tell it
// to leave the relation alone.
type review struct {
	ID     int64
	BookID int64
	Stars  int
}

type bookRow struct {
	ID      int64                               `gorm:"primaryKey" bun:",pk"`
	Reviews relation.Many[*review, bookReviews] `gorm:"-" bun:"-"`
}

// An ORM's rows are pointers; what it calls Find or Scan is fetch.
func ExampleLoad_orm() {
	find := func(ids []int64) ([]*review, error) { // db.Where("book_id IN ?", ids).Find(&reviews)
		return []*review{{1, 10, 5}, {2, 11, 4}, {3, 10, 1}}, nil
	}
	books := []*bookRow{{ID: 10}, {ID: 11}, {ID: 12}}
	err := relation.Load(context.Background(), books,
		func(b **bookRow) (int64, relation.Handle[*review]) { return (*b).ID, &(*b).Reviews },
		func(_ context.Context, ids []int64) ([]*review, error) { return find(ids) },
		func(r *review) int64 { return r.BookID })
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, b := range books {
		reviews, err := b.Reviews.Get()
		fmt.Println(b.ID, len(reviews), err)
	}
	// Output:
	// 10 2 <nil>
	// 11 1 <nil>
	// 12 0 <nil>
}

// What was not loaded is an error that says what to call, not an empty value.
func ExampleOne_Get() {
	_, err := dataset{Name: "orders", OwnerID: 1}.Owner.Get()
	fmt.Println(err)
	// Output:
	// relation Dataset.Owner is not loaded: call LoadOwners first
}
