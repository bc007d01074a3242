package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qarion/seedbed/internal/dev"
)

// roleFlags say who one is in the database.
type roleFlags struct {
	role string
	set  []string
}

func (f *roleFlags) define(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.role, "role", "", "connect as this `role` instead of the owner, as an application does")
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "with a setting in force: `NAME=VALUE`; may be repeated")
}

// url is that of the branch's database, as who the flags say.
func (f *roleFlags) url(ctx context.Context, server *dev.Server) (string, error) {
	d, err := server.Database(ctx, "")
	if err != nil {
		return "", err
	}
	if f.role == "" && len(f.set) == 0 {
		return server.URL(d.Name), nil
	}
	settings := map[string]string{}
	for _, text := range f.set {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return "", usagef("--set %s: write NAME=VALUE", text)
		}
		settings[name] = value
	}
	role := f.role
	if role == "" {
		role = dev.Owner
	}
	return server.As(ctx, d.Name, role, settings)
}
