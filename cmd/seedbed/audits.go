package main

import (
	"context"
	"slices"

	"github.com/qarion/seedbed"
	"github.com/qarion/seedbed/internal/audit"
)

type auditFunc = func(context.Context, seedbed.DB, audit.Options) (*audit.Report, error)

// runAudits runs one after the other and joins what they report.
func runAudits(ctx context.Context, db seedbed.DB, audits []auditFunc, o audit.Options) (*audit.Report, error) {
	all := &audit.Report{}
	for _, run := range audits {
		r, err := run(ctx, db, o)
		if err != nil {
			return nil, err
		}
		all.Findings = append(all.Findings, r.Findings...)
		all.Excused = append(all.Excused, r.Excused...)
		for _, note := range r.Unchecked {
			if !slices.Contains(all.Unchecked, note) {
				all.Unchecked = append(all.Unchecked, note)
			}
		}
		all.Tables = max(all.Tables, r.Tables)
		all.Rules += r.Rules
		all.Elapsed += r.Elapsed
	}
	return all, nil
}
