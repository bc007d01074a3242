package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/fixtures"
)

func (a *app) modelCommand() *cobra.Command {
	var t target
	var format string
	cmd := &cobra.Command{
		Use:   "model",
		Short: "Print what its tables mean, why, and what is in doubt",
		Long: `Model reads from any Postgres database which tables hold its tenants, which column says
whose a row is, which pairs of columns point at any table, and which tables come in
subtypes. It prints the reasons of each conclusion, and what the database suggests
without settling it. Every other command goes by this model.

Where it is wrong, the model key of seedbed.yaml corrects it for every command, and
fixtures.ReadModel gives it to tests. What is written there of a level, a table or a
pair replaces what was found of it; without drops declarations by their names:

  model:
    scoped:
      - {table: invoices, tenant: account, columns: [payer_id]}
    global: [countries]
    polymorphic:
      - {table: comments, type: commentable_type, id: commentable_id,
         targets: [{type: Article, table: articles, key: id}]}
    without: ["pair imports(external_type, external_id)"]

--format yaml prints all of it in that form.`,
		Example: `  seedbed model                              # of this project's development database
  seedbed model --url "$DATABASE_URL"
  seedbed model --format yaml > model.yaml   # then "model: model.yaml" in seedbed.yaml
  seedbed model --format json | jq -r '.doubts[]'`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write := modelFormats[format]
			if write == nil {
				return usagef("--format %s: there are text, json and yaml", format)
			}
			return a.with(cmd.Context(), t, func(ctx context.Context, db *pgxpool.Pool) error {
				found, err := a.model(ctx, db)
				if err != nil {
					return err
				}
				return write(a.out, found, a.width(a.out))
			})
		},
	}
	t.define(cmd)
	cmd.Flags().StringVar(&format, "format", "text", "`text`, json or yaml")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json", "yaml"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// model is what the tables of db mean: as discovered, and corrected by seedbed.yaml.
func (a *app) model(ctx context.Context, db seedbed.DB) (*seedbed.Discovery, error) {
	c, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	return c.corrections.Discover(ctx, db)
}

// corrected is the model that seedbed.yaml corrects, or nil where it corrects nothing:
// then what is called discovers its own, with the privileges that it has.
func (a *app) corrected(ctx context.Context, db seedbed.DB) (*seedbed.Model, error) {
	c, err := a.loadConfig()
	if err != nil || c.corrections.IsZero() {
		return nil, err
	}
	found, err := c.corrections.Discover(ctx, db)
	if err != nil {
		return nil, err
	}
	return &found.Model, nil
}

// modelFormats write a model. The width is that of what is for people.
var modelFormats = map[string]func(w io.Writer, d *seedbed.Discovery, width int) error{
	"text": func(w io.Writer, d *seedbed.Discovery, width int) error {
		_, err := io.WriteString(w, wrapLines(d.String(), width))
		return err
	},
	"json": func(w io.Writer, d *seedbed.Discovery, _ int) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			Model    seedbed.Model      `json:"model"`
			Evidence []seedbed.Evidence `json:"evidence"`
			Doubts   []string           `json:"doubts"`
		}{d.Model, d.Evidence, append([]string{}, d.Doubts...)})
	},
	"yaml": func(w io.Writer, d *seedbed.Discovery, _ int) error {
		var b strings.Builder
		b.WriteString(fixtures.Corrections{Model: d.Model}.String())
		for _, doubt := range d.Doubts {
			b.WriteString("# doubt: " + strings.ReplaceAll(doubt, "\n", " ") + "\n")
		}
		_, err := fmt.Fprint(w, b.String())
		return err
	},
}
