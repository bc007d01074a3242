package factory

import (
	"time"

	"github.com/qarion/seedbed/internal/fake"
)

// Inaction is what Inactive returns.
type Inaction struct {
	onSourceSystems
	onQualityChecks
	onSpaces
	onSpaceMemberships
}

// Inactive switches things off: a source system, a check's schedule; it archives a
// space, and lets a member leave.
func Inactive() Inaction { return Inaction{} }

func (i Inaction) option(c *call) error {
	c.says = append(c.says, i.say)
	return nil
}

func (Inaction) say(row any) {
	switch r := row.(type) {
	case *SourceSystem:
		r.Active = false
	case *QualityCheck:
		r.Enabled = false
	case *Space:
		r.ArchivedAt = ptr(r.CreatedAt.Add(time.Hour))
	case *SpaceMembership:
		r.LeftAt = ptr(r.JoinedAt.Add(time.Hour))
	}
}

// Failure is what Failing returns.
type Failure struct {
	onCheckRuns
	onCheckResults
}

// Failing makes a run fail, and a result with a sample of what is wrong.
func Failing() Failure { return Failure{} }

func (f Failure) option(c *call) error {
	c.says = append(c.says, f.say)
	return nil
}

func (Failure) say(row any) {
	switch r := row.(type) {
	case *CheckRun:
		r.Status, r.Error = "failed", nil
		if r.StartedAt == nil {
			r.StartedAt = ptr(r.QueuedAt.Add(time.Second))
		}
		if r.FinishedAt == nil {
			r.FinishedAt = ptr(r.StartedAt.Add(time.Minute))
		}
	case *CheckResult:
		r.Passed, r.Expected, r.Sample = false, ptr("= 0"), sample(r)
	}
}

// become makes a system one of another type. The settings follow from its name, for
// a trait has no cells.
func become(s *SourceSystem, typ string) {
	cells := (*Cells)(fake.New(fake.Derive(fake.DefaultSeed, s.Name), "source_systems", fake.Epoch))
	s.Type, s.Config = typ, config(typ, cells.Of("config"))
	if s.SecretRef == nil && s.SecretCiphertext == nil && typ != "email" && typ != "webhook" {
		s.SecretRef = ptr("vault://kv/" + cells.Of("secret_ref").Slug())
	}
}
