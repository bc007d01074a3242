package billing

import (
	"time"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: Migrations}

func (Customer) TableName() string { return "customers" }
func (Invoice) TableName() string  { return "invoices" }

var (
	customers = factory.New(factory.Definition[Customer]{
		Row: func(c *Customer, cells *factory.Cells) { c.Name = cells.Of("name").Company() },
	})
	invoices = factory.New(factory.Definition[Invoice]{
		Row: func(i *Invoice, c *factory.Cells) {
			i.Cents, i.Due = c.Of("cents").Size(100, 1_000_000), day(1)
		},
		Parents: []factory.Maker{customers},
	})
)

func day(n int) time.Time { return time.Date(2026, time.March, n, 0, 0, 0, 0, time.UTC) }

func paid(i *Invoice) { at := day(2); i.PaidAt = &at }
