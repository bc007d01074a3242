package main

import "golang.org/x/sys/windows"

// freeBytes is what is left for us on the file system of dir.
func freeBytes(dir string) (int64, bool) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	if windows.GetDiskFreeSpaceEx(path, &free, nil, nil) != nil {
		return 0, false
	}
	return int64(free), true
}

func totalBytes(string) (int64, bool) { return 0, false }
