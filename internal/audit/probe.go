package audit

func (a *audit) probes() error { return nil }
