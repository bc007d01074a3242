package factory

import "path"

// Which factories make the parents of built-in rows.
var (
	people        = []Maker{SpaceMemberships, Spaces, Users, Organizations}
	systemParents = append([]Maker{lazySourceSystems{}}, people...)
	resources     = append([]Maker{Datasets, QualityChecks, CheckRuns, SourceSystems, Alerts,
		SnowflakeSystems, BigQuerySystems, DatabricksSystems, PostgresSystems}, people...)
)

// lazySourceSystems breaks the circle that a base and its subtypes make in Go's
// initialization: each needs the other.
type lazySourceSystems struct{}

func (lazySourceSystems) blueprint() *blueprint { return SourceSystems.bp }

func contentType(file string) string {
	switch path.Ext(file) {
	case ".csv":
		return "text/csv"
	case ".pdf":
		return "application/pdf"
	case ".png":
		return "image/png"
	case ".json":
		return "application/json"
	}
	return "application/octet-stream"
}
