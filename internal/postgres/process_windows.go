package postgres

import (
	"errors"

	"golang.org/x/sys/windows"
)

func alive(pid int) bool {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return errors.Is(err, windows.ERROR_ACCESS_DENIED)
	}
	defer windows.CloseHandle(h)
	var code uint32
	const stillActive = 259
	return windows.GetExitCodeProcess(h, &code) == nil && code == stillActive
}

// serves cannot look into a process here: a live pid counts as the server.
func serves(pid int, _ string) verdict {
	if alive(pid) {
		return yes
	}
	return no
}

func findPostmaster(string) int { return 0 }

// signal is left to pg_ctl on Windows: servers listen on a pipe for it.
func (u *User) signal(int, bool) error { return errors.ErrUnsupported }
