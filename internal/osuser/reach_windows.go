package osuser

// CanReach returns nil: nobody drops to another user on Windows.
func (u *User) CanReach(string) error { return nil }

// Chown does nothing: nobody drops to another user on Windows.
func (u *User) Chown(string) error { return nil }
