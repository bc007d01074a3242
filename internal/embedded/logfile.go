package embedded

import (
	"errors"
	"os"

	"github.com/qarion/seedbed/internal/osuser"
)

// freshLog starts an empty log that belongs to who, and keeps the former one
// beside it: what a boot says about itself is then the whole file.
func freshLog(path string, who *osuser.User) error {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		if err := os.Rename(path, path+".1"); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return errors.Join(err, errors.New("the log file's directory has to exist"))
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return who.Chown(path)
}
