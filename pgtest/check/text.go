package check

import (
	"strings"

	"github.com/qarion/seedbed/internal/report"
)

// writeFinding writes a finding of a check of statements or payloads, which nothing
// follows from.
func writeFinding(b *strings.Builder, f Finding) {
	report.Finding{Rule: f.Rule, Object: f.Object, Message: f.Message, Rows: f.Rows, Sample: f.Sample, Evidence: f.Evidence, Fix: f.Fix}.WriteText(b)
}

func hang(b *strings.Builder, lead, text string) { report.Hang(b, lead, text) }

func count(n int, noun string) string { return report.Count(n, noun) }
