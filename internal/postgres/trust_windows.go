package postgres

// vet trusts what is there: the places that are used on Windows are a user's
// own by their access lists.
func vet(string) error { return nil }

func (u *User) reach(string) error { return nil }
