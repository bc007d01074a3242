package rows

import (
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/qarion/seedbed/internal/fake"
	"github.com/qarion/seedbed/internal/infer"
)

// inferFromName returns what makes texts for a column of that name. With unique, texts
// differ from row to row. Where a column has maxLen characters, a country is a code.
func inferFromName(name string, unique bool, maxLen int) func(*fake.Value) string {
	if identifierName.MatchString(name) {
		return (*fake.Value).Tag
	}
	words := "_" + strings.Join(infer.SingularName(name), "_")
	for _, m := range columnNames {
		if unique && !m.unique {
			continue
		}
		for _, word := range m.words {
			if begins := strings.Contains(words, "_"+strings.TrimSuffix(word, "$")); begins && (!strings.HasSuffix(word, "$") || strings.HasSuffix(words+"$", "_"+word)) {
				if maxLen > 0 && m.short[maxLen] != nil {
					return m.short[maxLen]
				}
				return m.make
			}
		}
	}
	if unique {
		return (*fake.Value).Tag
	}
	return (*fake.Value).Words
}

// identifierName matches names of keys that other systems give: customer_id, planId.
var identifierName = regexp.MustCompile(`(?:_id|_uuid|_ref|[a-z]I[dD])$`)

func person(of func(fake.Person) string) func(*fake.Value) string {
	return func(v *fake.Value) string { return of(fake.PersonOf(v)) }
}

func place(of func(fake.Place) string) func(*fake.Value) string {
	return func(v *fake.Value) string { return of(fake.PlaceOf(v)) }
}

var (
	countryCode  = place(func(p fake.Place) string { return p.Code })
	countryCode3 = place(func(p fake.Place) string { return p.Code3 })
	language     = place(func(p fake.Place) string { return p.Locale[:2] })
)

func website(v *fake.Value) string { return "https://www." + v.Slug() + ".example" }

// fileKind returns the kind of the file that a row is about: its name and its type agree.
func fileKind(v *fake.Value) (kind struct{ extension, mime string }) {
	kinds := []struct{ extension, mime string }{{".pdf", "application/pdf"}, {".png", "image/png"}, {".jpg", "image/jpeg"}, {".csv", "text/csv"}}
	return kinds[fake.SwitchTo(v, "kind of file").Index(len(kinds))]
}

// oneOf makes one of some words.
func oneOf(words ...string) func(*fake.Value) string {
	return func(v *fake.Value) string { return v.OneOf(words...) }
}

// columnNames are tried in order, the particular before the general. A word matches where a
// word of the column's name begins with it; one that ends in $, where the name ends in it.
// short are makers for columns of a length, such as a country in two letters.
var columnNames = []struct {
	words  []string
	unique bool
	make   func(*fake.Value) string
	short  map[int]func(*fake.Value) string
}{
	{[]string{"usual_currency"}, false, oneOf("EUR", "EUR", "EUR", "EUR", "USD", "GBP"), nil},
	{[]string{"mime", "content_type", "contenttype", "media_type"}, false, func(v *fake.Value) string { return fileKind(v).mime }, nil},
	{[]string{"card_brand", "card_type", "card_network"}, false, oneOf("visa", "mastercard", "amex"), nil},
	{[]string{"blood"}, false, oneOf("A+", "0+", "B+", "A-", "AB+"), nil},
	{[]string{"type$", "kind$", "category$", "class$", "variant$"}, false, oneOf("standard", "internal", "external", "custom"), nil},
	{[]string{"http_status", "status_code", "response_code"}, false, oneOf("200", "200", "201", "404", "500"), nil},
	{[]string{"http_method", "request_method", "http_verb"}, false, oneOf("GET", "GET", "POST", "PUT", "DELETE"), nil},
	{[]string{"sha", "checksum", "md5", "digest"}, true, func(v *fake.Value) string { return hex.EncodeToString(v.Bytes(32)) }, nil},
	{[]string{"plan_name"}, false, oneOf("Free", "Starter", "Team", "Business", "Pro", "Enterprise"), nil},
	{[]string{"product_name", "item_name", "article_name"}, false, (*fake.Value).Words, nil},
	{[]string{"tag_name"}, false, (*fake.Value).Word, nil},
	{[]string{"role_name"}, false, oneOf("Owner", "Admin", "Editor", "Viewer", "Billing"), nil},
	{[]string{"team_name", "department"}, false, oneOf("Sales", "Support", "Finance", "Operations", "Marketing", "Legal", "Product", "People"), nil},
	{[]string{"region", "province"}, false, place(func(p fake.Place) string { return p.Region }), nil},
	{[]string{"email", "e_mail"}, true, func(v *fake.Value) string { return fake.PersonOf(v).Email(v) }, nil},
	{[]string{"username", "user_name", "login", "handle", "nick"}, true, person(fake.Person.Username), nil},
	{[]string{"slug", "subdomain", "permalink", "identifier"}, true, (*fake.Value).Slug, nil},
	{[]string{"avatar", "image", "logo", "picture", "photo"}, true, func(v *fake.Value) string { return "https://images.example/" + v.Slug() + ".png" }, nil},
	{[]string{"url", "link", "website", "homepage", "uri"}, true, website, nil},
	{[]string{"user_agent", "useragent"}, false, oneOf("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (Macintosh)", "curl/8.5.0"), nil},
	{[]string{"ip_address", "ipaddress", "remote_addr", "ip$"}, false, func(v *fake.Value) string { return "203.0.113." + v.OneOf("4", "17", "56", "98", "131", "202") }, nil},
	{[]string{"domain", "host"}, true, func(v *fake.Value) string { return v.Slug() + ".example" }, nil},
	{[]string{"file", "path"}, true, func(v *fake.Value) string { return v.Slug() + fileKind(v).extension }, nil},
	{[]string{"first_name", "firstname", "given", "forename"}, false, person(func(p fake.Person) string { return p.First }), nil},
	{[]string{"last_name", "lastname", "surname", "family"}, false, person(func(p fake.Person) string { return p.Last }), nil},
	{[]string{"full_name", "fullname", "display_name", "displayname", "author", "contact", "recipient", "assignee", "by$"}, false, person(fake.Person.Name), nil},
	{[]string{"gender", "sex$"}, false, oneOf("female", "male"), map[int]func(*fake.Value) string{1: oneOf("f", "m")}},
	{[]string{"salutation", "honorific"}, false, oneOf("Ms", "Mr", "Dr"), nil},
	{[]string{"phone", "mobile", "fax", "telephone"}, false, (*fake.Value).Phone, nil},
	{[]string{"job", "occupation", "profession"}, false, (*fake.Value).JobTitle, nil},
	{[]string{"city", "town"}, false, place(func(p fake.Place) string { return p.City }), nil},
	{[]string{"house_number", "house_no"}, false, fake.HouseNumber, nil},
	{[]string{"address_line_2", "address_line2", "address2"}, false, oneOf("2nd floor", "Unit 4", "Rear building", "Entrance B"), nil},
	{[]string{"street_name", "street$"}, false, func(v *fake.Value) string { return fake.Street(v) + " " + fake.HouseNumber(v) }, nil},
	{[]string{"street", "address_line", "addressline", "address1", "address$"}, false, func(v *fake.Value) string { return fake.Street(v) + " " + fake.HouseNumber(v) }, nil},
	{[]string{"zip", "postal", "postcode"}, false, place(func(p fake.Place) string { return p.Zip }), nil},
	{[]string{"country_code", "countrycode", "country_iso"}, false, countryCode, map[int]func(*fake.Value) string{3: countryCode3}},
	{[]string{"country", "nationality"}, false, place(func(p fake.Place) string { return p.Country }), map[int]func(*fake.Value) string{2: countryCode, 3: countryCode3}},
	{[]string{"currency"}, false, place(func(p fake.Place) string { return p.Currency }), nil},
	{[]string{"locale"}, false, place(func(p fake.Place) string { return p.Locale }), map[int]func(*fake.Value) string{2: language}},
	{[]string{"language", "lang"}, false, language, nil},
	{[]string{"time_zone", "timezone", "tz$"}, false, place(func(p fake.Place) string { return p.Zone }), nil},
	{[]string{"iban"}, true, fake.IBAN, nil},
	{[]string{"bic", "swift"}, false, func(v *fake.Value) string { return "TEST" + fake.PlaceOf(v).Code + "22" }, nil},
	{[]string{"vat_number", "vat_id", "vat_no", "tax_number", "tax_id", "vat$"}, true, fake.VATNumber, nil},
	{[]string{"barcode", "ean", "gtin", "upc"}, true, fake.EAN, nil},
	{[]string{"last4", "last_4", "last_four"}, false, func(v *fake.Value) string { return fake.Digits(v, 4) }, nil},
	{[]string{"payment_method"}, false, oneOf("card", "bank_transfer", "direct_debit"), nil},
	{[]string{"method$"}, false, oneOf("manual", "automatic"), nil},
	{[]string{"legal_form"}, false, oneOf("GmbH", "Ltd", "SA", "AG"), nil},
	{[]string{"cron", "schedule$"}, false, (*fake.Value).Cron, nil},
	{[]string{"sql", "query"}, false, (*fake.Value).SQL, nil},
	{[]string{"color", "colour"}, false, oneOf("#d9480f", "#1971c2", "#2f9e44", "#f08c00"), nil},
	{[]string{"version"}, false, oneOf("1.0.0", "1.2.0", "1.4.2", "2.0.1", "2.1.0"), nil},
	{[]string{"status", "state$", "stage$", "phase$"}, false, oneOf("active", "pending", "closed"), nil},
	{[]string{"priority", "severity", "urgency", "importance"}, false, oneOf("low", "normal", "normal", "high"), nil},
	{[]string{"level", "tier"}, false, oneOf("basic", "standard", "advanced"), nil},
	{[]string{"frequency", "interval", "recurrence", "cadence"}, false, oneOf("daily", "weekly", "monthly"), nil},
	{[]string{"unit$", "unit_of_measure", "uom"}, false, oneOf("piece", "box", "kg", "hour"), nil},
	{[]string{"channel$", "source$", "origin$", "medium$"}, false, oneOf("web", "email", "phone", "import"), nil},
	{[]string{"role$"}, false, oneOf("owner", "admin", "member", "viewer"), nil},
	{[]string{"environment", "env$"}, false, oneOf("production", "staging", "development"), nil},
	{[]string{"size$"}, false, oneOf("S", "M", "L", "XL"), nil},
	{[]string{"token", "secret", "hash", "key", "code", "sku", "reference", "number", "uuid", "guid"}, true, (*fake.Value).Tag, nil},
	{[]string{"reason"}, false, fake.Reason, nil},
	{[]string{"description", "summary", "bio", "about", "purpose", "overview"}, false, fake.Summary, nil},
	{[]string{"body", "comment", "message", "note", "text", "content", "feedback", "remark", "memo", "instruction", "detail", "terms", "term$", "condition"}, false, fake.Note, nil},
	{[]string{"title", "subject", "headline", "caption", "topic"}, false, (*fake.Value).Words, nil},
	{[]string{"company", "organization", "organisation", "customer", "vendor", "supplier", "tenant", "account", "client", "manufacturer", "brand", "carrier", "employer", "merchant", "bank", "insurer", "provider", "partner"}, true, (*fake.Value).Company, nil},
	{[]string{"name", "label"}, true, fake.Title, nil},
}
