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

// Bookkeeping reports whether a migration tool keeps its own record in the table, or pg_partman
// takes new partitions from it: it is no part of anyone's schema.
func (r *Relation) Bookkeeping() bool { return r.template || slices.Contains(Bookkeeping, r.Name) }

// markTemplates finds the tables from which pg_partman takes the indexes of new partitions. They
// are named for the partitioned table, template_public_events for public.events, and hold no row.
func (l *loader) markTemplates() {
	partitioned := map[string]bool{}
	for _, r := range l.all {
		if r.Kind == PartitionedTable {
			partitioned["template_"+r.Schema+"_"+r.Name] = true
		}
	}
	for _, r := range l.all {
		r.template = r.Kind == Table && !r.Partition && partitioned[r.Name]
	}
}
