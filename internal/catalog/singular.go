package catalog

import (
	"slices"
	"strings"
)

var irregular = map[string]string{"analyses": "analysis", "indices": "index", "media": "medium", "mice": "mouse", "lives": "life", "toes": "toe", "leave": "leaf"}

// irregularEndings are those of plurals whose singular no rule gives: of bookshelves,
// salespeople and schoolchildren, too. Absences are called leaves as well, so leave and leaf
// are one word here.
var irregularEndings = []struct{ plural, singular string }{
	{"people", "person"}, {"children", "child"}, {"quizzes", "quiz"}, {"movies", "movie"}, {"cookies", "cookie"}, {"series", "series"}, {"species", "species"},
	{"shoes", "shoe"}, {"caches", "cache"}, {"leaves", "leaf"}, {"loaves", "loaf"}, {"thieves", "thief"}, {"knives", "knife"}, {"wives", "wife"},
	{"shelves", "shelf"}, {"halves", "half"}, {"calves", "calf"}, {"wolves", "wolf"}, {"scarves", "scarf"},
}

// Singular returns an English word's singular. Its mistakes do no harm where both sides
// of a comparison go through it.
func Singular(word string) string {
	if one := irregular[word]; one != "" {
		return one
	}
	for _, e := range irregularEndings {
		if stem, found := strings.CutSuffix(word, e.plural); found {
			return stem + e.singular
		}
	}
	ends := func(suffixes ...string) bool {
		return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(word, s) })
	}
	switch n := len(word); {
	case n > 4 && ends("ies"):
		return word[:n-3] + "y"
	case n > 4 && ends("sses", "xes", "ches", "shes", "oes", "buses", "tuses", "ruses", "puses", "nuses", "suses"):
		return word[:n-2]
	case n > 2 && ends("s") && !ends("ss", "us", "is"):
		return word[:n-1]
	}
	return word
}
