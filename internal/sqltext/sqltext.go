// Package sqltext splits Postgres SQL into statements and tokens: quotes, dollar
// quotes, nested comments, BEGIN ATOMIC bodies. It reads scripts, and expressions as
// the catalog prints them, and knows no grammar.
//
//	for _, st := range sqltext.Split(text).Statements { … st.Tokens[0].Is("alter") … }
//
// It never fails: what ends in the middle of a quote, a comment or a body is
// reported as Open, which is how a statement that was cut in pieces looks. One
// pass over the text.
package sqltext

import "strings"

// Kind of a token.
type Kind int

// Kinds of tokens.
const (
	Word      Kind = iota // keyword or unquoted identifier; Text in lower case
	Quoted                // "identifier"; Text without its quotes
	String                // literal of any quoting; Text is what is between the quotes
	Number                // numeric literal
	Parameter             // $1
	Symbol                // an operator, or one character of punctuation
)

// Token is one lexical element; comments and white space are none.
type Token struct {
	Kind Kind
	Text string
	Pos  int // byte offset in the text that was split
	End  int // where it ends
}

// Is reports whether the token is this keyword, in any case, or this symbol.
func (t Token) Is(word string) bool {
	return (t.Kind == Word || t.Kind == Symbol) && strings.EqualFold(t.Text, word)
}

// Name reports whether the token can be an identifier.
func (t Token) Name() bool { return t.Kind == Word || t.Kind == Quoted }

// Statement is what stands between two semicolons.
type Statement struct {
	Text   string // trimmed of white space and leading comments, without the semicolon
	Pos    int    // where Text starts
	Tokens []Token
}

// Starts reports whether the statement begins with these keywords.
func (s Statement) Starts(words ...string) bool { return At(s.Tokens, 0, words...) }

// At reports whether these keywords follow one another from tokens[i].
func At(tokens []Token, i int, words ...string) bool {
	if i < 0 || len(tokens)-i < len(words) {
		return false
	}
	for n, w := range words {
		if !tokens[i+n].Is(w) {
			return false
		}
	}
	return true
}

// Index is where these keywords first follow one another, or -1.
func Index(tokens []Token, words ...string) int {
	for i := range tokens {
		if At(tokens, i, words...) {
			return i
		}
	}
	return -1
}

// Result of Split.
type Result struct {
	Statements []Statement // empty ones left out
	// Open names what the text ends inside of: "a quoted string", "a dollar-quoted
	// string", "a quoted identifier", "a comment", "parentheses", "BEGIN ATOMIC".
	// Empty: of nothing.
	Open string
}

// Split cuts text at its top-level semicolons.
func Split(text string) Result {
	l := lexer{text: text}
	tokens := l.run()
	r := Result{Open: l.open}
	from, depth, atomic := 0, 0, atomicBody{}
	for i, t := range tokens {
		switch {
		case t.Is("("):
			depth++
		case t.Is(")"):
			depth = max(0, depth-1)
		case t.Is(";") && depth == 0 && !atomic.inside():
			r.add(text, tokens[from:i], t.Pos)
			from, atomic = i+1, atomicBody{}
		default:
			atomic.see(tokens[from:i], t)
		}
	}
	r.add(text, tokens[from:], len(text))
	if r.Open == "" && from < len(tokens) {
		switch {
		case atomic.inside():
			r.Open = "BEGIN ATOMIC"
		case depth > 0:
			r.Open = "parentheses"
		}
	}
	return r
}

func (r *Result) add(text string, tokens []Token, end int) {
	if len(tokens) == 0 {
		return
	}
	pos := tokens[0].Pos
	r.Statements = append(r.Statements, Statement{Text: strings.TrimSpace(text[pos:end]), Pos: pos, Tokens: tokens})
}

// Tokens are all tokens of text, semicolons included.
func Tokens(text string) []Token {
	l := lexer{text: text}
	return l.run()
}

// atomicBody follows the BEGIN ATOMIC … END of a function in the SQL standard's
// form, in which semicolons separate nothing.
type atomicBody struct{ depth int }

func (a *atomicBody) inside() bool { return a.depth > 0 }

func (a *atomicBody) see(before []Token, t Token) {
	switch {
	case t.Is("atomic") && len(before) > 0 && before[len(before)-1].Is("begin") && before[0].Is("create"):
		a.depth = 1
	case a.depth > 0 && t.Is("case"):
		a.depth++
	case a.depth > 0 && t.Is("end"):
		a.depth--
	}
}
