package rows

import (
	"strings"

	"github.com/qarion/seedbed/internal/fake"
)

// inferFromName is what a column of that name holds. Where it must differ from row to
// row, only makers that do are taken.
func inferFromName(name string, unique bool) func(*fake.Value) string {
	name = strings.ToLower(name)
	for _, m := range columnNames {
		if unique && !m.unique {
			continue
		}
		for _, word := range m.words {
			if strings.Contains(name, word) {
				return m.make
			}
		}
	}
	return (*fake.Value).Tag
}

// columnNames are tried in order: the particular before the general.
var columnNames = []struct {
	words  []string
	unique bool
	make   func(*fake.Value) string
}{
	{[]string{"email", "e_mail"}, true, (*fake.Value).Email},
	{[]string{"username", "user_name", "login", "handle", "nick"}, true, (*fake.Value).Username},
	{[]string{"slug", "subdomain", "permalink", "identifier"}, true, (*fake.Value).Slug},
	{[]string{"url", "link", "website", "homepage", "uri", "avatar"}, true, (*fake.Value).URL},
	{[]string{"domain", "host"}, true, (*fake.Value).Host},
	{[]string{"file", "path"}, true, (*fake.Value).File},
	{[]string{"first_name", "firstname", "given"}, false, (*fake.Value).FirstName},
	{[]string{"last_name", "lastname", "surname", "family"}, false, (*fake.Value).LastName},
	{[]string{"full_name", "fullname", "display_name", "author", "contact"}, false, (*fake.Value).Name},
	{[]string{"phone", "mobile", "fax"}, false, (*fake.Value).Phone},
	{[]string{"job", "position", "occupation"}, false, (*fake.Value).JobTitle},
	{[]string{"city", "town"}, false, (*fake.Value).City},
	{[]string{"country_code"}, false, (*fake.Value).CountryCode},
	{[]string{"country"}, false, (*fake.Value).Country},
	{[]string{"currency"}, false, func(v *fake.Value) string { return v.OneOf("EUR", "USD", "GBP", "CHF") }},
	{[]string{"locale", "language", "lang"}, false, func(v *fake.Value) string { return v.OneOf("en", "de", "fr", "pt") }},
	{[]string{"time_zone", "timezone"}, false, func(v *fake.Value) string { return v.OneOf("UTC", "Europe/Berlin", "America/New_York") }},
	{[]string{"cron", "schedule"}, false, (*fake.Value).Cron},
	{[]string{"sql", "query"}, false, (*fake.Value).SQL},
	{[]string{"color", "colour"}, false, func(v *fake.Value) string { return v.OneOf("#d9480f", "#1971c2", "#2f9e44", "#f08c00") }},
	{[]string{"status", "state"}, false, func(v *fake.Value) string { return v.OneOf("active", "pending", "closed") }},
	{[]string{"token", "secret", "hash", "digest", "key", "code", "sku", "reference", "number", "uuid", "guid"}, true, (*fake.Value).Tag},
	{[]string{"body", "description", "comment", "message", "note", "text", "content", "summary", "bio", "reason"}, false, (*fake.Value).Comment},
	{[]string{"title", "subject", "headline"}, false, (*fake.Value).Words},
	{[]string{"company", "organization", "organisation", "customer", "vendor", "tenant", "account"}, true, (*fake.Value).Company},
	{[]string{"name", "label"}, true, (*fake.Value).Company},
}
