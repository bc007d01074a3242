// Package sqltext splits Postgres SQL into statements and tokens. It knows quotes,
// dollar quotes, nested comments and BEGIN ATOMIC bodies, but no grammar.
//
//	for _, st := range sqltext.Split(text).Statements { … st.Tokens[0].Is("alter") … }
//
// Split never fails. Where the text ends inside a quote, a comment or a body, as a
// statement does that was cut in pieces, Result.Unclosed says so.
package sqltext

import "strings"

// Kind of a token.
type Kind int

// Kinds of tokens.
const (
	Word      Kind = iota // keyword or unquoted identifier; Text is in lower case
	Quoted                // "identifier"; Text is without quotes
	String                // string literal of any quoting; Text is without quotes
	Number                // numeric literal
	Parameter             // $1
	Symbol                // an operator, or one character of punctuation
)

// Token is one lexical element. Comments and white space are not tokens.
type Token struct {
	Kind Kind
	Text string
	Pos  int // byte offset in the text
	End  int // byte offset after the token
}

// Is reports whether the token is this keyword, in any case, or this symbol.
func (t Token) Is(word string) bool {
	return (t.Kind == Word || t.Kind == Symbol) && strings.EqualFold(t.Text, word)
}

// IsIdentifier reports whether the token can be an identifier.
func (t Token) IsIdentifier() bool { return t.Kind == Word || t.Kind == Quoted }

// Statement is the text between two semicolons.
type Statement struct {
	Text   string // trimmed of white space and leading comments, without the semicolon
	Pos    int    // byte offset of Text
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

// Index returns the index of the first place where these keywords follow one another, or
// -1.
func Index(tokens []Token, words ...string) int {
	for i := range tokens {
		if At(tokens, i, words...) {
			return i
		}
	}
	return -1
}

// Result is the result of Split.
type Result struct {
	Statements []Statement // without empty ones
	// Unclosed names the construct in which the text ends: "a quoted string", "a
	// dollar-quoted string", "a quoted identifier", "a comment", "parentheses" or "BEGIN
	// ATOMIC". Empty if the text ends in none.
	Unclosed string
}

// Split splits text at its semicolons outside parentheses and BEGIN ATOMIC bodies.
func Split(text string) Result {
	l := lexer{text: text}
	tokens := l.run()
	r := Result{Unclosed: l.unclosed}
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
			atomic.advance(tokens[from:i], t)
		}
	}
	r.add(text, tokens[from:], len(text))
	if r.Unclosed == "" && from < len(tokens) {
		switch {
		case atomic.inside():
			r.Unclosed = "BEGIN ATOMIC"
		case depth > 0:
			r.Unclosed = "parentheses"
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

// Tokens returns all tokens of text, semicolons included.
func Tokens(text string) []Token {
	l := lexer{text: text}
	return l.run()
}

// atomicBody tracks the BEGIN ATOMIC … END of a function body in the form of the SQL
// standard. Semicolons within do not end the statement. depth counts END keywords to come.
type atomicBody struct{ depth int }

func (a *atomicBody) inside() bool { return a.depth > 0 }

func (a *atomicBody) advance(before []Token, t Token) {
	switch {
	case t.Is("atomic") && len(before) > 0 && before[len(before)-1].Is("begin") && before[0].Is("create"):
		a.depth = 1
	case a.depth > 0 && t.Is("case"):
		a.depth++
	case a.depth > 0 && t.Is("end"):
		a.depth--
	}
}
