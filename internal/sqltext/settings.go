package sqltext

import (
	"maps"
	"slices"
	"strings"
)

// SettingReaders are the functions of a database that read custom settings, by name
// without schema: policies often hide current_setting behind one.
type SettingReaders map[string][]string

// callDepth is how deep functions may call one another before one reads the setting.
const callDepth = 3

// ReadSettings finds the functions that read settings, themselves or through others.
// bodies are those of all functions, by name; overloads joined.
func ReadSettings(bodies map[string]string) SettingReaders {
	readers := SettingReaders{}
	tokens := map[string][]Token{}
	for name, body := range bodies {
		tokens[name] = Tokens(body)
	}
	for range callDepth {
		for _, name := range slices.Sorted(maps.Keys(tokens)) {
			if found := readers.In(tokens[name]); len(found) > 0 {
				readers[name] = found
			}
		}
	}
	return readers
}

// In lists the settings that tokens read, each once: by current_setting with a name
// that has a dot, or by a call of a function among the readers.
func (r SettingReaders) In(tokens []Token) []string {
	var settings []string
	for i, t := range tokens {
		if !t.Name() || i+1 >= len(tokens) || !tokens[i+1].Is("(") {
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

// CustomSetting is the setting that current_setting reads at i: one with a dot in its
// name, written as a text; "" where there is none.
func CustomSetting(tokens []Token, i int) string {
	if tokens[i].Is("current_setting") && i+2 < len(tokens) && tokens[i+1].Is("(") && tokens[i+2].Kind == String && strings.Contains(tokens[i+2].Text, ".") {
		return tokens[i+2].Text
	}
	return ""
}
