package binaries

import (
	"fmt"
	"os"
)

const exe = ".exe"

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func stampOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano()), nil
}

func whyNot(_ string, err error, output string) string {
	if output != "" {
		return firstLine(output)
	}
	return err.Error()
}
