package mask

import (
	"regexp"
	"strings"
)

// KindOf returns the kind of value that a column, attribute or key of that name has. table
// is the table's name, or "" inside a value: a column "name" is a person's in users, and
// not in products.
func KindOf(table, name string) Kind {
	name = snakeCase(name)
	if booleanPrefix.MatchString(name) {
		return Plain
	}
	for _, k := range kindPatterns {
		if k.words.MatchString(name) && !(k.kind == Secret && notSecret.MatchString(name)) {
			return k.kind
		}
	}
	if (name == "name" || name == "full_name") && peopleTables.MatchString(snakeCase(table)) {
		return Person
	}
	return Plain
}

// kindPatterns are tried in this order: email_token is a secret, not an e-mail address.
var kindPatterns = []struct {
	kind  Kind
	words *regexp.Regexp
}{
	{Secret, containsPattern(`password|passwd|pwd|passphrase|passcode|secrets?|secret_key|tokens?|jwt|api_?keys?(_+key)?|private_?key|access_?key|signing_?key|encryption_?key|client_?key|license_?key|
		credentials?|totp|salt|hash|digest|signature|hashed_?key|account_?key|shared_?key|webhook_?(url|uri|secret|key)|key_?header_?value|session_?key|session_?id|cookies?|backup_?codes?|recovery_?codes?|connection_?string|dsn|secret_ref`)},
	{Identifier, containsPattern(`otp|mfa_?code|pin|pin_?code|ssn|social_security(_number)?|national_id|tax_?(id|number|no|identification(_?number|_?no)?)|vat_?(id|number|no)|tin|ein|nino|passport(_number|_no)?|driver_?licen[cs]e(_number)?|
		iban|bic|account_?(number|no)|bank_account|routing_?(number|no)|sort_?code|card_?(number|no)|credit_?card|cc_?number|pan|cvv|cvc`)},
	{Email, containsPattern(`e_?mail|e_?mail_?address|mail_address`)},
	{Phone, containsPattern(`phone|mobile|cell|fax|tel|telephone|whatsapp|msisdn|(phone|mobile|cell|fax|tel|telephone)_?(number|no)`)},
	{Birth, containsPattern(`birth_?da(y|te)|date_of_birth|dob|born(_on|_at)?`)},
	{Network, containsPattern(`ip|ips|ip_addr(ess)?|remote_addr|client_ip|host_ip|mac_addr(ess)?`)},
	{Address, containsPattern(`street|street_?(name|address|line)|address|addresses|addr|addr(ess)?_?line_?\d?|line_?[12]|postal_?address|home_?address|shipping_?address|billing_?address|zip|zip_?code|postcode|post_?code|postal_?code`)},
	{Person, wholePattern(`(first|last|given|family|middle|maiden|full|display|real|legal|nick|user|sur|customer|contact|recipient|patient|employee|owner|author|sender|holder|cardholder|guest|member|person|client)_?names?|
		surname|login|nick|cardholder`)},
}

// booleanPrefix matches names of columns that say yes or no.
var booleanPrefix = regexp.MustCompile(`^(is|has|can|show|hide|allow|allows|wants|requires?)_`)

// notSecret matches names that contain a secret's word but have no secret.
var notSecret = regexp.MustCompile(`(^|_)(is|has|must|requires?|count|total|limit|max|min|expires?|expiry|expired|updated|created|changed|rotated|revoked|used|last|at|on|by|enabled|required|strength|hint_shown|attempts)($|_)|tokens?_(used|in|out|per_\w+)|(input|output|prompt|completion|total|cached|max)_tokens?|(content|file|commit|block|image|body|row|schema|query)_?(hash|digest)|_(type|kind|status|count|algorithm|version|limit)$`)

// peopleTables matches tables whose name column has the names of persons.
var peopleTables = regexp.MustCompile(`(^|_|\.)(users?|people|persons?|customers?|contacts?|members?|employees?|patients?|profiles?|authors?|guests?|leads?)$`)

// containsPattern matches names that contain one of the alternatives, or its plural.
func containsPattern(list string) *regexp.Regexp {
	return regexp.MustCompile(`(^|_)(` + joinLines(list) + `)(s?$|_(enc|encrypted|hash|hashed|digest|value|plain|raw|text|json|list|1|2)$)`)
}

// wholePattern matches names that equal one of the alternatives.
func wholePattern(list string) *regexp.Regexp {
	return regexp.MustCompile(`^(` + joinLines(list) + `)$`)
}

func joinLines(list string) string { return strings.NewReplacer("\n", "", "\t", "").Replace(list) }

// snakeCase converts camelCase and kebab-case.
func snakeCase(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "_", " ", "_").Replace(caseBoundary.ReplaceAllString(s, "${1}_${2}")))
}

var caseBoundary = regexp.MustCompile(`([a-z0-9])([A-Z])`)
