package fake

// Word is a common noun.
func (v *Value) Word() string { return nouns[v.Index(len(nouns))] }

// Words is a title of two or three words.
func (v *Value) Words() string {
	v.title(v.adjective())
	v.put(" ", v.Word())
	return v.take()
}

func (v *Value) adjective() string { return adjectives[v.Index(len(adjectives))] }

// Sentence is one remark of a person who works with data.
func (v *Value) Sentence() string {
	v.remark()
	return v.take()
}

// Comment is one remark or a few, seldom a long one: sizes are skewed as people's
// are. One allocation.
func (v *Value) Comment() string {
	for n := v.Size(1, 12); ; n-- {
		v.remark()
		if n <= 1 {
			return v.take()
		}
		v.put(" ")
	}
}

func (v *Value) subject() string { return subjects[v.Index(len(subjects))] }

func (v *Value) remark() {
	switch v.Index(12) {
	case 0:
		v.put("Row count of ", v.subject(), " dropped ")
		v.number(v.Int(3, 80))
		v.put("% since the ")
		v.hour()
		v.put(" load.")
	case 1:
		v.put("Is ", measures[v.Index(len(measures))], " net or gross here?")
	case 2:
		v.put("Backfilled ", v.subject(), " for the last ")
		v.number(v.Int(2, 90))
		v.put(" days, please rerun the checks.")
	case 3:
		v.put("@", v.first(), " can you confirm that ", keys[v.Index(len(keys))], " is the right join key?")
	case 4:
		v.put("Duplicates again: ")
		v.number(v.Size(2, 90_000))
		v.put(" rows share the same ", keys[v.Index(len(keys))], ".")
	case 5:
		v.put("The ", v.subject(), " feed is late, the source says ")
		v.hour()
		v.put(".")
	case 6:
		v.put("Looks good to me.")
	case 7:
		v.put("Fixed upstream in ", v.OneOf("the extractor", "dbt", "the ERP", "the mapping table"), "; closing.")
	case 8:
		v.put("We agreed with ", v.first(), " to keep the ", v.adjective(), " ones out of ", v.subject(), ".")
	case 9:
		v.put("Threshold of ")
		v.number(v.Int(1, 99))
		v.put(" is too tight for ", facets[v.Index(len(facets))], " data.")
	case 10:
		v.put("Who owns ", layers[v.Index(len(layers))], "_", v.subject(), " since the reorganisation?")
	default:
		v.put("Nulls in ", measures[v.Index(len(measures))], " come from the ", v.subject(), " migration, expected until ")
		v.put(v.OneOf("Friday", "month end", "the next release", "Q3"), ".")
	}
}

func (v *Value) first() string { f := firsts(); return f[v.Index(len(f))] }

func (v *Value) hour() {
	h := v.Int(0, 23)
	v.number(h / 10)
	v.number(h % 10)
	v.put(":", v.OneOf("00", "15", "30"))
}

// Phrase is an idle saying, as gofakeit knows them.
func (v *Value) Phrase() string { return v.faker.Phrase() }
