package audit

import (
	"fmt"

	"github.com/qarion/seedbed/internal/report"
)

// fixed are the first minor releases in which the known ways around row-level
// security are closed: CVE-2023-2455 and CVE-2024-10976 (policies disregard the
// user or role that a plan was made for), CVE-2023-39418 (MERGE skips policies),
// CVE-2025-8713 (statistics leak rows that policies hide).
var fixed = map[int]struct {
	minor int
	cve   string
}{
	15: {14, "CVE-2023-2455, CVE-2023-39418, CVE-2024-10976, CVE-2025-8713"},
	16: {10, "CVE-2024-10976, CVE-2025-8713"},
	17: {6, "CVE-2024-10976, CVE-2025-8713"},
}

func (a *audit) server() error {
	if f, hole := KnownHoles(a.cat.Version); hole && a.usesRLS {
		a.find(f)
	}
	return nil
}

// KnownHoles is the finding about a server, by its server_version_num, that lacks a
// fix of a way around row-level security.
func KnownHoles(version int) (report.Finding, bool) {
	major, minor := version/10000, version%10000
	f, known := fixed[major]
	return report.Finding{Rule: "server-version", Object: fmt.Sprintf("Postgres %d.%d", major, minor),
		Message: fmt.Sprintf("Postgres %d.%d has known ways around row-level security: %s", major, minor, f.cve),
		Fix:     fmt.Sprintf("update to %d.%d or later", major, f.minor)}, known && minor < f.minor
}
