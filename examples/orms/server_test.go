package orms

import "github.com/qarion/seedbed/pgtest"

var pg = &pgtest.Server{Migrations: Migrations}
