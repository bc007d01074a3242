package dev

// Reporter hears what is being done. Steps follow one another.
type Reporter interface {
	// Begin starts a step: its name, and what is being done.
	Begin(step, what string)
	// Update says how far the current step is; of is 0 where that is not known.
	Update(what string, done, of int)
	// End finishes the current step.
	End(result string)
}

type silent struct{}

func (silent) Begin(string, string)    {}
func (silent) Update(string, int, int) {}
func (silent) End(string)              {}

func orSilent(r Reporter) Reporter {
	if r == nil {
		return silent{}
	}
	return r
}
