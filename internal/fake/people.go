package fake

// FirstName is from gofakeit's list.
func (v *Value) FirstName() string { return v.faker.FirstName() }

// LastName is from gofakeit's list.
func (v *Value) LastName() string { return v.faker.LastName() }

// Name is a person's first and last name.
func (v *Value) Name() string {
	v.put(v.faker.FirstName(), " ", v.faker.LastName())
	return v.flush()
}

// Email is a personal address in a domain that never resolves. Unique.
func (v *Value) Email() string {
	var d [4]int
	f, l := firstNames(), lastNames()
	round := v.mixedRadix(d[:], len(f), len(l), len(adjectives), len(nouns))
	v.put(f[d[0]], ".", l[d[1]])
	v.putRound("+", round)
	v.put("@", adjectives[d[2]], "-", nouns[d[3]], ".example")
	return v.flush()
}

// Username is a handle of letters and digits. Unique.
func (v *Value) Username() string {
	var d [3]int
	f, l := firstNames(), lastNames()
	round := v.mixedRadix(d[:], len(f), len(l), 1000)
	v.put(f[d[0]], "_", l[d[1]])
	v.putNumber(int64(d[2]))
	v.putRound("_", round)
	return v.flush()
}

// Phone is a number of the range that is reserved for fiction.
func (v *Value) Phone() string {
	v.put("+1-")
	v.putNumber(v.Int(201, 989))
	v.put("-555-01")
	n := v.Int(0, 99)
	v.putNumber(n / 10)
	v.putNumber(n % 10)
	return v.flush()
}

// JobTitle of a person.
func (v *Value) JobTitle() string { return v.faker.JobTitle() }

// City name.
func (v *Value) City() string { return v.faker.City() }

// Country name.
func (v *Value) Country() string { return v.faker.Country() }

// CountryCode is of two letters.
func (v *Value) CountryCode() string { return v.faker.CountryAbr() }

var companyKinds = []string{"Analytics", "Labs", "Systems", "Logistics", "Health", "Energy", "Foods", "Robotics",
	"Capital", "Media", "Mobility", "Retail", "Insurance", "Software", "Materials", "Travel"}

// Company name. Unique.
func (v *Value) Company() string {
	var d [3]int
	round := v.mixedRadix(d[:], len(adjectives), len(nouns), len(companyKinds))
	v.putTitle(adjectives[d[0]])
	v.put(" ")
	v.putTitle(nouns[d[1]])
	v.put(" ", companyKinds[d[2]])
	v.putRound(" ", round)
	return v.flush()
}

// Slug is a label for URLs. Unique.
func (v *Value) Slug() string {
	var d [3]int
	round := v.mixedRadix(d[:], len(adjectives), len(nouns), 1<<20)
	v.put(adjectives[d[0]], "-", nouns[d[1]], "-")
	const digits = "abcdefghijkmnpqrstuvwxyz23456789"
	for x := d[2]; ; x >>= 5 {
		v.buf = append(v.buf, digits[x&31])
		if x < 32 {
			break
		}
	}
	v.putRound("-", round)
	return v.flush()
}

// URL of a page in a domain that never resolves. Unique.
func (v *Value) URL() string {
	slug := v.Slug()
	v.put("https://", v.OneOf("app", "docs", "data", "www", "wiki"), ".", slug, ".example/")
	v.put(v.OneOf("", "runs", "reports/daily", "tables", "dashboards/main"))
	return v.flush()
}

// teamSubjects, teamKinds and regions are the parts of a Team's name.
var teamSubjects = []string{"Growth", "Finance", "Risk", "Supply Chain", "Marketing", "Customer", "Product", "Platform",
	"Fraud", "Pricing", "Billing", "People", "Compliance", "Sales", "Support", "Operations", "Research", "Logistics"}

var teamKinds = []string{"Analytics", "Warehouse", "Reporting", "Sandbox", "Data Products", "Lakehouse",
	"Metrics", "Experiments", "Core Data", "Data Quality"}

var regions = []string{"EMEA", "APAC", "LATAM", "Nordics", "DACH", "Iberia", "Benelux", "US East", "US West", "Global"}

// Team is the name of a group's workspace. Unique.
func (v *Value) Team() string {
	var d [3]int
	round := v.mixedRadix(d[:], len(teamSubjects), len(teamKinds), len(regions))
	v.put(teamSubjects[d[0]], " ", teamKinds[d[1]], " ", regions[d[2]])
	v.putRound(" ", round)
	return v.flush()
}
