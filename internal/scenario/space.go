package scenario

import "github.com/qarion/seedbed/factory"

// space is a space that is being made.
type space struct {
	*writer
	factory.Space
	in      factory.Option         // places rows in the space
	members []factory.User         // in the order in which they joined
	sources []factory.SourceSystem // systems that datasets are read from
	targets []factory.SourceSystem // systems that alerts are sent to
}

// by makes a member the author of rows. Successive numbers take the members in turn.
func (s *space) by(number int) factory.Option {
	return factory.By(s.members[number%len(s.members)])
}

// join makes a user a member of the space. Number 0 becomes its administrator.
func (s *space) join(u factory.User, number int, more ...factory.Option) {
	options := append([]factory.Option{s.seed, s.in, factory.By(u)}, more...)
	if number == 0 {
		options = append(options, factory.Admin())
	}
	createN(s.writer, factory.SpaceMemberships)(1, options...)
	s.members = append(s.members, u)
}

// systems makes a source system of each type. The webhook is inactive.
func (s *space) systems() {
	for _, trait := range []factory.Option{
		factory.Snowflake(), factory.BigQuery(), factory.Databricks(), factory.Postgres()} {
		s.sources = append(s.sources, createN(s.writer, factory.SourceSystems)(1, s.seed, s.in, trait)...)
	}
	for _, trait := range []factory.Option{factory.Slack(), factory.PagerDuty(), factory.Email()} {
		s.targets = append(s.targets, createN(s.writer, factory.SourceSystems)(1, s.seed, s.in, trait)...)
	}
	createN(s.writer, factory.SourceSystems)(1, s.seed, s.in, factory.Webhook(), factory.Inactive())
}

// dataset makes a dataset with checks, runs, comments, annotations and attachments. number
// decides how many.
func (s *space) dataset(number int) {
	options := []factory.Option{s.seed, s.in, s.by(number)}
	if number%4 != 3 { // the fourth is an upload
		options = append(options, factory.On(s.sources[number%len(s.sources)]))
	}
	d := createN(s.writer, factory.Datasets)(1, options...)[0]
	if s.err != nil {
		return
	}
	for i, check := range createN(s.writer, factory.QualityChecks)(1+number%3, s.seed, factory.On(d), s.by(number+1)) {
		s.runs(check, number+i)
	}
	if s.err != nil {
		return
	}
	on := factory.On(d)
	if number%2 == 0 {
		thread := createN(s.writer, factory.Comments)(1, s.seed, on, s.by(number+2))[0]
		createN(s.writer, factory.Comments)(number%4, s.seed, factory.Reply(thread), s.by(number+3))
	}
	createN(s.writer, factory.Annotations)(number%3, s.seed, on, s.by(number))
	if number%3 == 0 {
		createN(s.writer, factory.Attachments)(1, s.seed, on, s.by(number+1))
	}
}

// runs makes the runs of a check. Of one check in seven the last run fails and raises an
// alert.
func (s *space) runs(check factory.QualityCheck, number int) {
	if s.err != nil {
		return
	}
	passed := createN(s.writer, factory.CheckRuns)(4, s.seed, factory.On(check),
		factory.Set(func(r *factory.CheckRun) { r.Status = "passed" }))
	for _, run := range passed {
		if s.err == nil {
			createN(s.writer, factory.CheckResults)(2, s.seed, factory.On(run), counted())
		}
	}
	if number%7 != 0 || s.err != nil {
		return
	}
	failed := createN(s.writer, factory.CheckRuns)(1, s.seed, factory.On(check), factory.Failing())[0]
	if s.err != nil {
		return
	}
	createN(s.writer, factory.CheckResults)(1, s.seed, factory.On(failed), counted(), factory.Failing())
	alert := createN(s.writer, factory.Alerts)(1, s.seed, s.in, factory.On(failed))[0]
	if s.err == nil && number%2 == 0 {
		createN(s.writer, factory.Comments)(2, s.seed, factory.On(alert), s.by(number))
	}
}

// counted numbers the results of one run from 1.
func counted() factory.Option {
	var n int32
	return factory.Set(func(r *factory.CheckResult) {
		n++
		r.Ordinal = n
	})
}
