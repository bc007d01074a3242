package fake

import (
	"strconv"
	"strings"
)

// switchTo switches to another cell of the same row: columns that draw from the same cell
// agree.
func (v *Value) switchTo(name string) *Value {
	v.column = mix(v.table ^ hash(name))
	v.source.state = mix(v.column ^ mix(uint64(v.row)))
	return v
}

// Person is the person that a row is about: its name columns, e-mail address and user name
// agree.
type Person struct {
	First, Last string
	round       int64 // how many times all names were used up in earlier rows
}

// PersonOf returns the person of the row. First name, last name and number together are
// unique.
func PersonOf(v *Value) Person {
	var d [2]int
	f, l := firstNames(), lastNames()
	round := v.switchTo("person").mixedRadix(d[:], len(f), len(l))
	return Person{capitalized(f[d[0]]), capitalized(l[d[1]]), round}
}

// Name is the first and the last name.
func (p Person) Name() string { return p.First + " " + p.Last }

// Username is lower-case. Unique.
func (p Person) Username() string {
	return strings.ToLower(p.First+"."+p.Last) + p.number("")
}

// Email is the person's, in a domain that never resolves. Unique.
func (p Person) Email(v *Value) string {
	v.switchTo("person's domain")
	domain := v.OneOf(adjectives...) + "-" + v.OneOf(nouns...)
	return strings.ToLower(p.First+"."+p.Last) + p.number("+") + "@" + domain + ".example"
}

// number is what makes a repeated name unique: none in the first round.
func (p Person) number(sep string) string {
	if p.round == 0 {
		return ""
	}
	return sep + strconv.FormatInt(p.round, 10)
}

// capitalized puts the first letter in upper case; the words are ASCII.
func capitalized(w string) string { return strings.ToUpper(w[:1]) + w[1:] }

// Place is the place that a row is about: country, city, currency and language agree.
type Place struct {
	Country, Code, Code3, City, Region, Currency, Locale, Zone, Dial, Zip string
	Latitude, Longitude                                                   float64
}

// PlaceOf returns the place of the row.
func PlaceOf(v *Value) Place { return places[v.switchTo("place").Index(len(places))] }

var places = []Place{
	{"Germany", "DE", "DEU", "Hamburg", "Hamburg", "EUR", "de-DE", "Europe/Berlin", "+49", "20095", 53.55, 9.99},
	{"Germany", "DE", "DEU", "Munich", "Bavaria", "EUR", "de-DE", "Europe/Berlin", "+49", "80331", 48.14, 11.57},
	{"France", "FR", "FRA", "Lyon", "Rhône-Alpes", "EUR", "fr-FR", "Europe/Paris", "+33", "69002", 45.75, 4.84},
	{"Spain", "ES", "ESP", "Valencia", "Valencia", "EUR", "es-ES", "Europe/Madrid", "+34", "46001", 39.47, -0.38},
	{"Netherlands", "NL", "NLD", "Utrecht", "Utrecht", "EUR", "nl-NL", "Europe/Amsterdam", "+31", "3511 AB", 52.09, 5.12},
	{"Portugal", "PT", "PRT", "Porto", "Porto", "EUR", "pt-PT", "Europe/Lisbon", "+351", "4050-290", 41.15, -8.61},
	{"Switzerland", "CH", "CHE", "Zurich", "Zurich", "CHF", "de-CH", "Europe/Zurich", "+41", "8001", 47.37, 8.54},
	{"United Kingdom", "GB", "GBR", "Leeds", "Yorkshire", "GBP", "en-GB", "Europe/London", "+44", "LS1 4AP", 53.8, -1.55},
	{"United States", "US", "USA", "Denver", "Colorado", "USD", "en-US", "America/Denver", "+1", "80202", 39.74, -104.99},
	{"United States", "US", "USA", "Boston", "Massachusetts", "USD", "en-US", "America/New_York", "+1", "02108", 42.36, -71.06},
	{"Canada", "CA", "CAN", "Toronto", "Ontario", "CAD", "en-CA", "America/Toronto", "+1", "M5V 2T6", 43.65, -79.38},
	{"Sweden", "SE", "SWE", "Gothenburg", "Västra Götaland", "SEK", "sv-SE", "Europe/Stockholm", "+46", "411 01", 57.71, 11.97},
	{"Poland", "PL", "POL", "Gdansk", "Pomerania", "PLN", "pl-PL", "Europe/Warsaw", "+48", "80-831", 54.35, 18.65},
	{"Australia", "AU", "AUS", "Brisbane", "Queensland", "AUD", "en-AU", "Australia/Brisbane", "+61", "4000", -27.47, 153.03},
}

// Note is a remark that fits any business table: an order, a ticket, a contract.
func Note(v *Value) string {
	s := v.OneOf(notes...)
	if v.Chance(0.3) {
		if more := v.OneOf(notes...); more != s {
			s += " " + more
		}
	}
	return s
}

// Summary is a description that fits any business table.
func Summary(v *Value) string { return v.OneOf(summaries...) }

// Failure is why something did not work.
func Failure(v *Value) string {
	return v.OneOf("Timed out", "Rejected by the provider", "Connection was lost", "Not available at the moment", "Input was not complete")
}

// Reason is why something was done.
func Reason(v *Value) string { return v.OneOf(reasons...) }

var (
	notes = []string{"Thanks for the quick reply.", "Please confirm by Friday.", "Discussed on the phone.", "Waiting for feedback from the team.", "Looks good to me.",
		"Can we move this to next week?", "See the attached document.", "Agreed with the customer.", "Follow up at the end of the month.", "The address was corrected.",
		"Sent a reminder.", "No further action is needed.", "Checked and approved.", "Needs another look.", "The first draft is ready.", "Updated after the meeting.",
		"Please use the new version.", "Will be done by tomorrow.", "Delivered as agreed.", "Two questions are still open."}
	summaries = []string{"First version, for internal use.", "Covers the standard case.", "Replaces the previous one.", "Agreed at the start of the year.", "For the pilot group.",
		"Used by the whole team.", "Includes all regions.", "With the usual terms.", "Prepared for the spring campaign.", "Valid until further notice.", "Reviewed every quarter.",
		"A short overview of what is included.", "For new customers.", "The default for most cases."}
	reasons = []string{"Requested by the customer", "No longer needed", "Agreed on the phone", "Changed plans", "Entered by mistake", "Replaced by another one", "Scheduling conflict", "By mutual agreement"}
)
