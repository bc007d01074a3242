package factory

// HostileText is a text that has broken programs: the rows take turns through all classes.
// It is cut to limit characters where limit is above 0.
func (v *Value) HostileText(limit int) string { return v.fake().HostileText(limit) }

// HostileBytes is a value that has broken programs, of bytes that are not UTF-8: the rows
// take turns.
func (v *Value) HostileBytes() []byte { return v.fake().HostileBytes() }

// HostileJSON is a JSON object that has broken programs: the rows take turns.
func (v *Value) HostileJSON() string { return v.fake().HostileJSON() }

// FirstName is from gofakeit's list.
func (v *Value) FirstName() string { return v.fake().FirstName() }

// LastName is from gofakeit's list.
func (v *Value) LastName() string { return v.fake().LastName() }

// Name is a person's first and last name.
func (v *Value) Name() string { return v.fake().Name() }

// Email is a personal address in a domain that never resolves. Unique.
func (v *Value) Email() string { return v.fake().Email() }

// Username is a handle of letters and digits. Unique.
func (v *Value) Username() string { return v.fake().Username() }

// Phone is a number of the range that is reserved for fiction.
func (v *Value) Phone() string { return v.fake().Phone() }

// JobTitle of a person.
func (v *Value) JobTitle() string { return v.fake().JobTitle() }

// City name.
func (v *Value) City() string { return v.fake().City() }

// Country name.
func (v *Value) Country() string { return v.fake().Country() }

// CountryCode is of two letters.
func (v *Value) CountryCode() string { return v.fake().CountryCode() }

// Company name. Unique.
func (v *Value) Company() string { return v.fake().Company() }

// Slug is a label for URLs. Unique.
func (v *Value) Slug() string { return v.fake().Slug() }

// URL of a page in a domain that never resolves. Unique.
func (v *Value) URL() string { return v.fake().URL() }

// Team is the name of a group's workspace. Unique.
func (v *Value) Team() string { return v.fake().Team() }

// Word is a common noun.
func (v *Value) Word() string { return v.fake().Word() }

// Words is a title of two or three words.
func (v *Value) Words() string { return v.fake().Words() }

// Sentence is one remark of a person who works with data.
func (v *Value) Sentence() string { return v.fake().Sentence() }

// Comment is one remark or a few of a person who works with data, seldom a long text.
func (v *Value) Comment() string { return v.fake().Comment() }

// Phrase is an everyday saying from gofakeit's list.
func (v *Value) Phrase() string { return v.fake().Phrase() }

// Dataset is the name of a table in a data warehouse. Unique.
func (v *Value) Dataset() string { return v.fake().Dataset() }

// Column is a column's name.
func (v *Value) Column() string { return v.fake().Column() }

// Check is the name of a data quality check. Unique.
func (v *Value) Check() string { return v.fake().Check() }

// SQL is a query for the rows that violate a data quality check.
func (v *Value) SQL() string { return v.fake().SQL() }

// Cron is a five-field schedule.
func (v *Value) Cron() string { return v.fake().Cron() }

// Host name of a server. Unique.
func (v *Value) Host() string { return v.fake().Host() }

// File name with an extension. Unique.
func (v *Value) File() string { return v.fake().File() }
