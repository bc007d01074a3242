package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/relation"
)

// Provider is a source system. Its relations are loaded on purpose or not at all.
type Provider struct {
	SpaceID  uuid.UUID                                `json:"-"`
	ID       uuid.UUID                                `json:"id"`
	Name     string                                   `json:"name"`
	Type     string                                   `json:"type"`
	Active   bool                                     `json:"active"`
	Config   json.RawMessage                          `json:"config,omitempty"` // of a webhook
	Datasets relation.Many[Dataset, providerDatasets] `json:"datasets" db:"-"`
}

type providerDatasets struct{}

func (providerDatasets) Relation() (name, loader string) { return "Provider.Datasets", "loadDatasets" }

// Dataset is what comes from a provider.
type Dataset struct {
	SpaceID    uuid.UUID `json:"-"`
	ID         uuid.UUID `json:"id"`
	ProviderID uuid.UUID `json:"-"`
	Name       string    `json:"name"`
	// Sample is a piece of the dataset as it came, in whatever encoding. It leaves as
	// a placeholder, its length and hash: see answer.
	Sample []byte `json:"sample"`
}

func listProviders(tx pgx.Tx, r *http.Request, space uuid.UUID) (any, error) {
	rows, _ := tx.Query(r.Context(), // CollectRows returns its error
		"SELECT space_id, id, name, type, active, config FROM providers WHERE space_id = $1 ORDER BY name", space)
	providers, err := pgx.CollectRows(rows, pgx.RowToStructByName[Provider])
	if err != nil {
		return nil, fmt.Errorf("list providers: %w", err)
	}
	return providers, loadDatasets(r.Context(), tx, space, providers)
}

// loadDatasets loads the datasets of all these providers with one query.
func loadDatasets(ctx context.Context, tx pgx.Tx, space uuid.UUID, providers []Provider) error {
	return relation.Load(ctx, providers,
		func(p *Provider) (uuid.UUID, relation.Handle[Dataset]) { return p.ID, &p.Datasets },
		func(ctx context.Context, ids []uuid.UUID) ([]Dataset, error) {
			rows, _ := tx.Query(ctx, `SELECT space_id, id, provider_id, name, sample FROM datasets
				WHERE space_id = $1 AND provider_id = ANY ($2) ORDER BY name`, space, ids)
			return pgx.CollectRows(rows, pgx.RowToStructByName[Dataset])
		},
		func(d Dataset) uuid.UUID { return d.ProviderID })
}
