// Package yamlerror translates a YAML parser's messages for users.
//
//	yamlerror.Plain("string was used where sequence is expected") // "want a list, as in [a, b], not one value"
package yamlerror

import (
	"regexp"
	"strings"
)

var (
	wrongType = regexp.MustCompile(`^cannot unmarshal .* of type (\S+)`)
	reserved  = regexp.MustCompile("^'([@`])' is a reserved character")
	wrongKind = regexp.MustCompile(`^(\w+) was used where (\w+) is expected`)
)

// Plain returns a parser's message in plain words, or unchanged if it knows none.
func Plain(message string) string {
	switch {
	case strings.HasPrefix(message, "found character '\t'"), strings.HasPrefix(message, "tab character cannot"):
		return "a tab at the beginning of the line: YAML is indented with spaces"
	case strings.HasPrefix(message, "value is not allowed in this context"):
		return "this line is not indented as those beside it: keys that belong together begin in one column, and what belongs to a key further right"
	case strings.HasPrefix(message, "mapping value is not allowed in this context"):
		return "a second colon with a space behind it: a text that has one stands in quotes"
	case reserved.MatchString(message):
		return reserved.FindStringSubmatch(message)[1] + " begins no text in YAML: a text that begins with it stands in quotes"
	case strings.HasPrefix(message, "could not find flow mapping end token"), strings.HasPrefix(message, "mapping end token"):
		return "the { that begins here is not closed"
	case strings.HasPrefix(message, "could not find flow sequence end token"), strings.HasPrefix(message, "sequence end token"):
		return "the [ that begins here is not closed"
	}
	if m := wrongType.FindStringSubmatch(message); m != nil {
		return "want " + noun(m[1])
	}
	if m := wrongKind.FindStringSubmatch(message); m != nil {
		return "want " + noun(m[2]) + ", not " + noun(m[1])
	}
	return message
}

// noun describes a Go type or a YAML kind.
func noun(kind string) string {
	switch {
	case strings.HasPrefix(kind, "uint"):
		return "a whole number, 0 or more"
	case strings.HasPrefix(kind, "int"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "bool":
		return "true or false"
	case kind == "sequence", strings.HasPrefix(kind, "["):
		return "a list, as in [a, b]"
	case kind == "mapping", strings.HasPrefix(kind, "map["):
		return "keys with values, as in key: value"
	}
	return "one value"
}
