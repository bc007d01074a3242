package mask

import (
	"math/big"
	"regexp"
	"strings"
)

// Shapes masks what is private by its shape, wherever in a text it stands: e-mail
// addresses, tokens of well-known services, JSON web tokens, PEM blocks, and bank
// account and card numbers whose check digits are right.
func Shapes(text string) string {
	for _, s := range shapes {
		if s.hint == "" || strings.Contains(text, s.hint) {
			text = s.pattern.ReplaceAllStringFunc(text, s.mask)
		}
	}
	return text
}

var shapes = []struct {
	hint    string // that such a text has in it; empty: any
	pattern *regexp.Regexp
	mask    func(string) string
}{
	{"-----BEGIN", regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]+-----.*?(-----END [A-Z0-9 ]+-----|$)`), secretWord},
	{"eyJ", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(\.[A-Za-z0-9_-]*)?`), secretWord},
	{"", regexp.MustCompile(`\b(sk|pk|rk)_(live|test)_[A-Za-z0-9]{8,}|\bwhsec_[A-Za-z0-9+/=]{8,}|\bsk-[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[A-Za-z0-9_-]{30,}|\bnpm_[A-Za-z0-9]{30,}|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`), secretWord},
	{"earer ", regexp.MustCompile(`\b[Bb]earer [A-Za-z0-9._~+/=-]{12,}`), func(s string) string { return s[:7] + secretWord(s[7:]) }},
	{"://", regexp.MustCompile(`://[^/\s:@]+:[^/\s@]+@`), func(s string) string {
		_, password, _ := strings.Cut(s[3:len(s)-1], ":")
		return "://masked:" + secretWord(password) + "@"
	}},
	{"@", regexp.MustCompile(`[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*\.\p{L}{2,}`), mailFor},
	{"", regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,3})?\b`), func(s string) string {
		if !isIBAN(s) {
			return s
		}
		return secretWord(s)
	}},
	{"", regexp.MustCompile(`\b[0-9](?:[ -]?[0-9]){12,18}\b`), func(s string) string {
		if !isCard(s) {
			return s
		}
		return secretWord(s)
	}},
}

// isIBAN checks ISO 13616's two digits: the number, rearranged, is 1 modulo 97.
func isIBAN(s string) bool {
	s = strings.ReplaceAll(s, " ", "")
	if len(s) < 15 {
		return false
	}
	var digits strings.Builder
	for _, r := range s[4:] + s[:4] {
		if r >= 'A' {
			digits.WriteString(big.NewInt(int64(r - 'A' + 10)).String())
		} else {
			digits.WriteRune(r)
		}
	}
	n, ok := new(big.Int).SetString(digits.String(), 10)
	return ok && new(big.Int).Mod(n, big.NewInt(97)).Int64() == 1
}

// isCard checks what card numbers begin with, and Luhn's digit.
func isCard(s string) bool {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	if !strings.ContainsRune("3456", rune(s[0])) {
		return false
	}
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
