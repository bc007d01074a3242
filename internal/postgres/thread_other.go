//go:build !linux

package postgres

// do runs f. ChooseUser returns no user to become on this system.
func (u *User) do(f func() error) error { return recovered(f) }
