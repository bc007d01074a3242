package mask

import (
	"math/big"
	"regexp"
	"strings"
)

// FreeText masks private values anywhere in a text, which it knows by their form: e-mail
// addresses, tokens of well-known services, JSON web tokens, PEM blocks, passwords in
// URLs, and bank account and card numbers with correct check digits.
func FreeText(text string) string {
	for _, s := range privatePatterns {
		if s.hint == "" || strings.Contains(text, s.hint) {
			text = s.pattern.ReplaceAllStringFunc(text, s.mask)
		}
	}
	return text
}

var privatePatterns = []struct {
	hint    string // every match contains it; it saves running the pattern
	pattern *regexp.Regexp
	mask    func(string) string
}{
	{"-----BEGIN", regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]+-----.*?(-----END [A-Z0-9 ]+-----|$)`), secretMask},
	{"eyJ", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(\.[A-Za-z0-9_-]*)?`), secretMask},
	{"", regexp.MustCompile(`\b(sk|pk|rk)_(live|test)_[A-Za-z0-9]{8,}|\bwhsec_[A-Za-z0-9+/=]{8,}|\bsk-[A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[A-Za-z0-9_-]{30,}|\bnpm_[A-Za-z0-9]{30,}|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`), secretMask},
	{"earer ", regexp.MustCompile(`\b[Bb]earer [A-Za-z0-9._~+/=-]{12,}`), func(s string) string { return s[:7] + secretMask(s[7:]) }},
	{"://", regexp.MustCompile(`://[^/\s:@]+:[^/\s@]+@`), func(s string) string {
		_, password, _ := strings.Cut(s[3:len(s)-1], ":")
		return "://masked:" + secretMask(password) + "@"
	}},
	{"@", regexp.MustCompile(`[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*\.\p{L}{2,}`), emailMask},
	{"", regexp.MustCompile(`\b[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,3})?\b`), func(s string) string {
		if !isIBAN(s) {
			return s
		}
		return secretMask(s)
	}},
	{"", regexp.MustCompile(`\b[0-9](?:[ -]?[0-9]){12,18}\b`), func(s string) string {
		if !isCard(s) {
			return s
		}
		return secretMask(s)
	}},
}

// isIBAN checks the two check digits of ISO 13616: the rearranged number is 1 modulo 97.
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

// isCard checks the first digit of a card number, and Luhn's check digit.
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
