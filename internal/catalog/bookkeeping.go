package catalog

import "slices"

// Bookkeeping are the names of tables in which migration tools keep what they have
// done. It is the one list of them.
var Bookkeeping = []string{
	"goose_db_version", "schema_migrations", "schema_migration", "ar_internal_metadata", "_prisma_migrations", "flyway_schema_history",
	"databasechangelog", "databasechangeloglock", "alembic_version", "django_migrations", "knex_migrations", "knex_migrations_lock",
	"_sqlx_migrations", "__diesel_schema_migrations", "gorp_migrations", "migrations", "typeorm_metadata", "SequelizeMeta",
	"__drizzle_migrations", "atlas_schema_revisions", "schema_version", "river_migration", "__EFMigrationsHistory", "pgmigrations", "data_migrations",
}

// Bookkeeping reports whether a migration tool keeps its own record in the table:
// it is no part of anyone's schema.
func (r *Relation) Bookkeeping() bool { return slices.Contains(Bookkeeping, r.Name) }
