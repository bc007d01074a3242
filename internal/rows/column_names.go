package rows

import (
	"regexp"
	"strings"

	"github.com/qarion/seedbed/internal/fake"
)

// inferFromName returns what makes texts for a column of that name. With unique, texts
// differ from row to row. Where a column has maxLen characters, a country is a code.
func inferFromName(name string, unique bool, maxLen int) func(*fake.Value) string {
	if identifierName.MatchString(name) {
		return (*fake.Value).Tag
	}
	name = strings.ToLower(name)
	for _, m := range columnNames {
		if unique && !m.unique {
			continue
		}
		for _, word := range m.words {
			if strings.Contains(name, word) {
				if maxLen > 0 && m.short[maxLen] != nil {
					return m.short[maxLen]
				}
				return m.make
			}
		}
	}
	return (*fake.Value).Tag
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

// columnNames are tried in order, the particular before the general. short are makers for
// columns of a length, such as a country in two letters.
var columnNames = []struct {
	words  []string
	unique bool
	make   func(*fake.Value) string
	short  map[int]func(*fake.Value) string
}{
	{[]string{"plan name"}, false, func(v *fake.Value) string { return v.OneOf("Free", "Starter", "Team", "Business", "Pro", "Enterprise") }, nil},
	{[]string{"product name"}, false, (*fake.Value).Words, nil},
	{[]string{"tag name"}, false, (*fake.Value).Word, nil},
	{[]string{"role name"}, false, func(v *fake.Value) string { return v.OneOf("Owner", "Admin", "Editor", "Viewer", "Billing") }, nil},
	{[]string{"team name"}, false, func(v *fake.Value) string {
		return v.OneOf("Sales", "Support", "Finance", "Operations", "Marketing", "Legal", "Product", "People")
	}, nil},
	{[]string{"region", "province"}, false, place(func(p fake.Place) string { return p.Region }), nil},
	{[]string{"email", "e_mail"}, true, func(v *fake.Value) string { return fake.PersonOf(v).Email(v) }, nil},
	{[]string{"username", "user_name", "login", "handle", "nick"}, true, person(fake.Person.Username), nil},
	{[]string{"slug", "subdomain", "permalink", "identifier"}, true, (*fake.Value).Slug, nil},
	{[]string{"url", "link", "website", "homepage", "uri"}, true, website, nil},
	{[]string{"avatar", "image", "logo", "picture", "photo"}, true, func(v *fake.Value) string { return "https://images.example/" + v.Slug() + ".png" }, nil},
	{[]string{"domain", "host"}, true, func(v *fake.Value) string { return v.Slug() + ".example" }, nil},
	{[]string{"mime", "content_type", "contenttype", "media_type"}, false, func(v *fake.Value) string { return v.OneOf("application/pdf", "image/png", "text/csv", "image/jpeg") }, nil},
	{[]string{"file", "path"}, true, func(v *fake.Value) string { return v.Slug() + v.OneOf(".pdf", ".png", ".jpg", ".docx", ".csv") }, nil},
	{[]string{"first_name", "firstname", "given"}, false, person(func(p fake.Person) string { return p.First }), nil},
	{[]string{"last_name", "lastname", "surname", "family"}, false, person(func(p fake.Person) string { return p.Last }), nil},
	{[]string{"full_name", "fullname", "display_name", "displayname", "author", "contact"}, false, person(fake.Person.Name), nil},
	{[]string{"phone", "mobile", "fax"}, false, (*fake.Value).Phone, nil},
	{[]string{"job", "occupation"}, false, (*fake.Value).JobTitle, nil},
	{[]string{"city", "town"}, false, place(func(p fake.Place) string { return p.City }), nil},
	{[]string{"street", "address_line", "addressline", "address1"}, false, func(v *fake.Value) string { return v.Word() + " street " + v.OneOf("1", "7", "12", "24", "58", "103") }, nil},
	{[]string{"zip", "postal", "postcode"}, false, func(v *fake.Value) string { return v.OneOf("20095", "69002", "46001", "80202", "10115", "41101") }, nil},
	{[]string{"country_code", "countrycode", "country_iso"}, false, countryCode, map[int]func(*fake.Value) string{3: countryCode3}},
	{[]string{"country"}, false, place(func(p fake.Place) string { return p.Country }), map[int]func(*fake.Value) string{2: countryCode, 3: countryCode3}},
	{[]string{"currency"}, false, place(func(p fake.Place) string { return p.Currency }), nil},
	{[]string{"locale"}, false, place(func(p fake.Place) string { return p.Locale }), map[int]func(*fake.Value) string{2: language}},
	{[]string{"language", "lang"}, false, language, nil},
	{[]string{"time_zone", "timezone"}, false, place(func(p fake.Place) string { return p.Zone }), nil},
	{[]string{"user_agent", "useragent"}, false, func(v *fake.Value) string {
		return v.OneOf("Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (Macintosh)", "curl/8.5.0")
	}, nil},
	{[]string{"ip_address", "ipaddress", "remote_addr"}, false, func(v *fake.Value) string { return "203.0.113." + v.OneOf("4", "17", "56", "98", "131", "202") }, nil},
	{[]string{"cron", "schedule"}, false, (*fake.Value).Cron, nil},
	{[]string{"sql", "query"}, false, (*fake.Value).SQL, nil},
	{[]string{"color", "colour"}, false, func(v *fake.Value) string { return v.OneOf("#d9480f", "#1971c2", "#2f9e44", "#f08c00") }, nil},
	{[]string{"version"}, false, func(v *fake.Value) string { return v.OneOf("1.0.0", "1.2.0", "1.4.2", "2.0.1", "2.1.0") }, nil},
	{[]string{"status", "state"}, false, func(v *fake.Value) string { return v.OneOf("active", "pending", "closed") }, nil},
	{[]string{"level", "tier"}, false, func(v *fake.Value) string { return v.OneOf("basic", "standard", "advanced") }, nil},
	{[]string{"token", "secret", "hash", "digest", "key", "code", "sku", "reference", "number", "uuid", "guid"}, true, (*fake.Value).Tag, nil},
	{[]string{"reason"}, false, fake.Reason, nil},
	{[]string{"description", "summary", "bio", "about", "purpose"}, false, fake.Summary, nil},
	{[]string{"body", "comment", "message", "note", "text", "content", "feedback", "remark"}, false, fake.Note, nil},
	{[]string{"title", "subject", "headline"}, false, (*fake.Value).Words, nil},
	{[]string{"company", "organization", "organisation", "customer", "vendor", "tenant", "account"}, true, (*fake.Value).Company, nil},
	{[]string{"name", "label"}, true, (*fake.Value).Company, nil},
}
