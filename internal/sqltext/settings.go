package sqltext

import (
	"maps"
	"slices"
	"strings"
)

// SettingReaders are the functions of a database that read custom settings, by name
// without schema: policies often call such a function instead of current_setting. The
// values are the settings.
type SettingReaders map[string][]string

// maxCallDepth limits the chain of calls from a function to one that reads the setting.
const maxCallDepth = 3

// ReadSettings finds the functions that read settings, directly or by calling others.
// bodies has the bodies of all functions, by name; those of overloads are joined.
func ReadSettings(bodies map[string]string) SettingReaders {
	readers := SettingReaders{}
	tokens := map[string][]Token{}
	for name, body := range bodies {
		tokens[name] = Tokens(body)
	}
	for range maxCallDepth {
		for _, name := range slices.Sorted(maps.Keys(tokens)) {
			if found := readers.In(tokens[name]); len(found) > 0 {
				readers[name] = found
			}
		}
	}
	return readers
}

// In returns the settings that tokens read, each once: with current_setting, or by calling
// one of the readers.
func (r SettingReaders) In(tokens []Token) []string {
	var settings []string
	for i, t := range tokens {
		if !t.IsIdentifier() || i+1 >= len(tokens) || !tokens[i+1].Is("(") {
			continue
		}
		found := r[t.Text]
		if name := CustomSetting(tokens, i); name != "" {
			found = []string{name}
		}
		for _, name := range found {
			if !slices.Contains(settings, name) {
				settings = append(settings, name)
			}
		}
	}
	return settings
}

// CustomSetting returns the setting that a call of current_setting at tokens[i] reads, if
// its name is a literal with a dot; else "".
func CustomSetting(tokens []Token, i int) string {
	if tokens[i].Is("current_setting") && i+2 < len(tokens) && tokens[i+1].Is("(") && tokens[i+2].Kind == String && strings.Contains(tokens[i+2].Text, ".") {
		return tokens[i+2].Text
	}
	return ""
}

// The settings that say which database role a session is: what SET ROLE and SET SESSION
// AUTHORIZATION set, and current_user and session_user return.
const (
	RoleSetting  = "role"
	LoginSetting = "session_authorization"
)

// IsRoleSetting reports whether a setting says which database role a session is.
func IsRoleSetting(setting string) bool {
	return strings.EqualFold(setting, RoleSetting) || strings.EqualFold(setting, LoginSetting)
}

// NamesRole returns RoleSetting if the token at tokens[i] is current_user, current_role or
// user, LoginSetting if it is session_user; else "".
func NamesRole(tokens []Token, i int) string {
	qualified := i > 0 && tokens[i-1].Is(".") || i+1 < len(tokens) && (tokens[i+1].Is(".") || tokens[i+1].Is("("))
	switch t := tokens[i]; {
	case qualified:
	case t.Is("current_user"), t.Is("current_role"), t.Is("user"):
		return RoleSetting
	case t.Is("session_user"):
		return LoginSetting
	}
	return ""
}

// ReadsRole reports whether tokens name the role that the session is.
func ReadsRole(tokens []Token) bool {
	for i := range tokens {
		if NamesRole(tokens, i) != "" {
			return true
		}
	}
	return false
}
