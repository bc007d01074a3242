package template

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/jackc/pgx/v5"
)

// Layer is one step from an empty database to the one that tests get. Each has
// a template of its own, cloned from the template of the layer below.
type Layer struct {
	// Name says what the layer is, for people: "migrations", "seed".
	Name string
	// Fingerprint identifies everything that shapes the layer.
	Fingerprint string
	// Admin runs first, as the server's administrator. Nil: nothing.
	Admin func(ctx context.Context, conn *pgx.Conn) error
	// Owner runs next, as the owner of the schema. Nil: nothing.
	Owner func(ctx context.Context, conn *pgx.Conn) error
	// Base says that the server is made for this layer, so that it may change what all
	// databases share. Any other one that does gets its server retired.
	Base bool
	// Superuser makes the owner a superuser while Owner runs.
	Superuser bool
}

// Key identifies what the layers make.
func Key(layers []Layer) string {
	sum := sha256.New()
	sum.Write([]byte(Protocol + "\x00"))
	for _, l := range layers {
		sum.Write([]byte(l.Name + "\x00" + l.Fingerprint + "\x00"))
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// databaseName is the name of the template that layers make. It follows from its
// owner and all layers, and is far below the 63 bytes to which Postgres truncates.
func (s *Store) databaseName(layers []Layer) string {
	sum := sha256.New()
	sum.Write([]byte(s.roles.Owner + "\x00"))
	for _, l := range layers {
		sum.Write([]byte(l.Name + "\x00" + l.Fingerprint + "\x00"))
	}
	return "sb_t_" + hex.EncodeToString(sum.Sum(nil)[:10])
}
