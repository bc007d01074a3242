package fake

// Word is a common noun.
func (v *Value) Word() string { return nouns[v.Index(len(nouns))] }

// Words is a title of two or three words.
func (v *Value) Words() string {
	v.putTitle(v.adjective())
	v.put(" ", v.Word())
	return v.flush()
}

func (v *Value) adjective() string { return adjectives[v.Index(len(adjectives))] }

// Sentence is one remark of a person who works with data.
func (v *Value) Sentence() string {
	v.putRemark()
	return v.flush()
}

// Comment is one remark or a few of a person who works with data, seldom a long text. It
// allocates once.
func (v *Value) Comment() string {
	for n := v.Size(1, 12); ; n-- {
		v.putRemark()
		if n <= 1 {
			return v.flush()
		}
		v.put(" ")
	}
}

func (v *Value) subject() string { return subjects[v.Index(len(subjects))] }

// putRemark writes one of twelve remarks.
func (v *Value) putRemark() {
	switch v.Index(12) {
	case 0:
		v.put("Row count of ", v.subject(), " dropped ")
		v.putNumber(v.Int(3, 80))
		v.put("% since the ")
		v.putTime()
		v.put(" load.")
	case 1:
		v.put("Is ", measures[v.Index(len(measures))], " net or gross here?")
	case 2:
		v.put("Backfilled ", v.subject(), " for the last ")
		v.putNumber(v.Int(2, 90))
		v.put(" days, please rerun the checks.")
	case 3:
		v.put("@", v.firstName(), " can you confirm that ", keys[v.Index(len(keys))], " is the right join key?")
	case 4:
		v.put("Duplicates again: ")
		v.putNumber(v.Size(2, 90_000))
		v.put(" rows share the same ", keys[v.Index(len(keys))], ".")
	case 5:
		v.put("The ", v.subject(), " feed is late, the source says ")
		v.putTime()
		v.put(".")
	case 6:
		v.put("Looks good to me.")
	case 7:
		v.put("Fixed upstream in ", v.OneOf("the extractor", "dbt", "the ERP", "the mapping table"), "; closing.")
	case 8:
		v.put("We agreed with ", v.firstName(), " to keep the ", v.adjective(), " ones out of ", v.subject(), ".")
	case 9:
		v.put("Threshold of ")
		v.putNumber(v.Int(1, 99))
		v.put(" is too tight for ", facets[v.Index(len(facets))], " data.")
	case 10:
		v.put("Who owns ", layers[v.Index(len(layers))], "_", v.subject(), " since the reorganisation?")
	default:
		v.put("Nulls in ", measures[v.Index(len(measures))], " come from the ", v.subject(), " migration, expected until ")
		v.put(v.OneOf("Friday", "month end", "the next release", "Q3"), ".")
	}
}

func (v *Value) firstName() string { f := firstNames(); return f[v.Index(len(f))] }

// putTime writes a time of day.
func (v *Value) putTime() {
	h := v.Int(0, 23)
	v.putNumber(h / 10)
	v.putNumber(h % 10)
	v.put(":", v.OneOf("00", "15", "30"))
}

// Phrase is an everyday saying from gofakeit's list.
func (v *Value) Phrase() string { return v.faker.Phrase() }
