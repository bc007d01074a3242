package mask

import (
	"regexp"
	"strings"
)

// KindOf says what a column, field or key of that name holds. table is the table's name,
// which tells whose a plain "name" is; empty inside of a value.
func KindOf(table, name string) Kind {
	name = snake(name)
	if question.MatchString(name) {
		return Plain
	}
	for _, k := range kinds {
		if k.words.MatchString(name) && !(k.kind == Secret && harmless.MatchString(name)) {
			return k.kind
		}
	}
	if (name == "name" || name == "full_name") && people.MatchString(snake(table)) {
		return Person
	}
	return Plain
}

// kinds by the words of a name, secrets first: a token for an address is one.
var kinds = []struct {
	kind  Kind
	words *regexp.Regexp
}{
	{Secret, words(`password|passwd|pwd|passphrase|passcode|secrets?|secret_key|tokens?|jwt|api_?keys?|private_?key|access_?key|signing_?key|encryption_?key|client_?key|license_?key|
		credentials?|totp|salt|hash|digest|signature|session_?key|session_?id|cookies?|backup_?codes?|recovery_?codes?|connection_?string|dsn|secret_ref`)},
	{Identifier, words(`otp|mfa_?code|pin|pin_?code|ssn|social_security(_number)?|national_id|tax_?(id|number|no)|vat_?(id|number|no)|tin|ein|nino|passport(_number|_no)?|driver_?licen[cs]e(_number)?|
		iban|bic|account_?(number|no)|bank_account|routing_?(number|no)|sort_?code|card_?(number|no)|credit_?card|cc_?number|pan|cvv|cvc`)},
	{Email, words(`e_?mail|e_?mail_?address|mail_address`)},
	{Phone, words(`phone|mobile|cell|fax|tel|telephone|whatsapp|msisdn|(phone|mobile|cell|fax|tel|telephone)_?(number|no)`)},
	{Birth, words(`birth_?da(y|te)|date_of_birth|dob|born(_on|_at)?`)},
	{Network, words(`ip|ips|ip_addr(ess)?|remote_addr|client_ip|host_ip|mac_addr(ess)?`)},
	{Address, words(`street|street_?(name|address|line)|address|addresses|addr|addr(ess)?_?line_?\d?|line_?[12]|postal_?address|home_?address|shipping_?address|billing_?address|zip|zip_?code|postcode|post_?code|postal_?code`)},
	{Person, whole(`(first|last|given|family|middle|maiden|full|display|real|legal|nick|user|sur|customer|contact|recipient|patient|employee|owner|author|sender|holder|cardholder|guest|member|person|client)_?names?|
		surname|login|nick|cardholder`)},
}

// question begins names of columns that say yes or no.
var question = regexp.MustCompile(`^(is|has|can|show|hide|allow|allows|wants|requires?)_`)

// harmless are names that hold a secret's word and no secret.
var harmless = regexp.MustCompile(`(^|_)(is|has|must|requires?|count|total|limit|max|min|expires?|expiry|expired|updated|created|changed|rotated|revoked|used|last|at|on|by|type|kind|status|algorithm|enabled|required|strength|hint_shown|attempts|version)($|_)|tokens?_(used|in|out|per_\w+)|(input|output|prompt|completion|total|cached|max)_tokens?|(content|file|commit|block|image|body|row|schema|query)_?(hash|digest)|_(type|kind|status|count|algorithm|version|limit)$`)

// people are tables whose name column holds the names of persons.
var people = regexp.MustCompile(`(^|_|\.)(users?|people|persons?|customers?|contacts?|members?|employees?|patients?|profiles?|authors?|guests?|leads?)$`)

// words matches names that have one of some words in them, in the plural as well.
func words(list string) *regexp.Regexp {
	return regexp.MustCompile(`(^|_)(` + unfold(list) + `)(s?$|_(enc|encrypted|hash|hashed|digest|value|plain|raw|text|json|list|1|2)$)`)
}

// whole matches names that consist of one of some words.
func whole(list string) *regexp.Regexp { return regexp.MustCompile(`^(` + unfold(list) + `)$`) }

func unfold(list string) string { return strings.NewReplacer("\n", "", "\t", "").Replace(list) }

// snake writes camelCase with _.
func snake(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "_", " ", "_").Replace(humps.ReplaceAllString(s, "${1}_${2}")))
}

var humps = regexp.MustCompile(`([a-z0-9])([A-Z])`)
