package review

import "errors"

// ErrNotSuperuser says that the connection handed over cannot trace.
var ErrNotSuperuser = errors.New("the review needs a superuser")
