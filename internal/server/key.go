package server

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
)

// keyName is the directory of the test server that sp describes. It follows from
// everything that shapes the server and its base, our own SQL included, so that two
// versions of anything never share one.
func (sp *spec) keyName(extensions []string) string {
	extensions = slices.Clone(extensions)
	slices.Sort(extensions)
	shape, _ := json.Marshal([]any{
		sp.bin.ID(),
		sp.locale, sp.settings, slices.Compact(extensions), sp.base.Key,
		setupSQL, controlSQL, reaperSQL,
	})
	return filepath.Join(testServers, fmt.Sprintf("%d-%s", sp.bin.Major, shortHash(string(shape))))
}

// shortHash is 40 bits of a hash, in hexadecimal.
func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:5])
}
