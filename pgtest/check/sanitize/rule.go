package sanitize

// Rule names what a finding is about. The names are stable.
type Rule string

// The rules. Rules and Rule.Doc say why each exists and what to do about it.
const (
	InvalidUTF8      Rule = "invalid-utf8"
	OverlongUTF8     Rule = "overlong-utf8"
	SurrogateUTF8    Rule = "surrogate-utf8"
	LoneSurrogate    Rule = "lone-surrogate"
	NUL              Rule = "nul"
	C0Control        Rule = "c0-control"
	C1Control        Rule = "c1-control"
	Noncharacter     Rule = "noncharacter"
	ByteOrderMark    Rule = "byte-order-mark"
	BidiControl      Rule = "bidi-control"
	DuplicateKey     Rule = "duplicate-key"
	RawBinary        Rule = "raw-binary"
	OversizeString   Rule = "oversize-string"
	OversizePayload  Rule = "oversize-payload"
	NotFinite        Rule = "not-finite"
	UnsafeInteger    Rule = "unsafe-integer"
	NumberOutOfRange Rule = "number-out-of-range"
	InvalidNumber    Rule = "invalid-number"
	TimeOutOfRange   Rule = "time-out-of-range"
	Unencodable      Rule = "unencodable"
	Cycle            Rule = "cycle"
	TooDeep          Rule = "too-deep"
	InvalidJSON      Rule = "invalid-json"
	Unreadable       Rule = "unreadable"
)

// RuleDoc explains a rule: why it exists, and what to do about a finding.
type RuleDoc struct {
	Rule Rule
	Why  string
	Fix  string
}

// Rules returns every rule with its explanation, in a fixed order.
func Rules() []RuleDoc { return append([]RuleDoc(nil), rules...) }

// Doc returns the explanation of r, or an empty one for a name that is no rule.
func (r Rule) Doc() RuleDoc {
	for _, d := range rules {
		if d.Rule == r {
			return d
		}
	}
	return RuleDoc{Rule: r}
}

var rules = []RuleDoc{
	{InvalidUTF8, "encoding/json turns it into U+FFFD without a word, or passes it through to a reader that refuses the whole document.",
		"decode the text from the encoding it has, where it comes in"},
	{OverlongUTF8, "A longer spelling of a character slips past filters that look for the short one.",
		"refuse it where it comes in"},
	{SurrogateUTF8, "Half of a UTF-16 pair written as UTF-8 is not text to any strict reader.",
		"convert from UTF-16 or CESU-8 in whole pairs"},
	{LoneSurrogate, "An escaped half of a UTF-16 pair reads as U+FFFD here, and as an error there.",
		"write the code point whole, and never cut a string between the halves"},
	{NUL, "C libraries end the string there, and Postgres refuses it in text and jsonb on the way back.",
		"strip or refuse it where it comes in"},
	{C0Control, "Terminals, logs and XML act on it or break on it.",
		"strip it where it comes in, or allow it with Policy.Allow"},
	{C1Control, "It is invisible, some terminals obey it, and it mostly means that Windows-1252 was read as Latin-1.",
		"decode the source as Windows-1252, or allow it with Policy.Allow"},
	{Noncharacter, "Unicode reserves it for use inside a program; readers may drop or refuse it.",
		"strip it where it comes in, or allow it with Policy.Allow"},
	{ByteOrderMark, "It is invisible, breaks equality and prefixes, and makes decoders refuse a document that starts with it.",
		"cut it off where the file or feed is read, or allow it with Policy.Allow"},
	{BidiControl, "It reorders the text displayed around it, so that what people see is not what is stored.",
		"strip it where it comes in, or choose another Policy.Bidi"},
	{DuplicateKey, "Readers keep the first, keep the last, or refuse: what arrives depends on who reads.",
		"make the keys differ where they are written"},
	{RawBinary, "Bytes go out as base64 or as a list of numbers, unlabelled, whatever they hold.",
		"link to a download, give the type a MarshalText, or set Policy.AllowBinary"},
	{OversizeString, "One field dominates the response, and readers with a limit refuse it.",
		"page it, link it, or raise Policy.MaxString"},
	{OversizePayload, "Gateways and readers cut or refuse it.",
		"page it, or raise Policy.MaxPayload"},
	{NotFinite, "JSON has no such number: encoding/json fails the whole payload.",
		"decide what the reader gets instead: null, a string, no member"},
	{UnsafeInteger, "Readers that keep numbers as float64, JavaScript first among them, round it without a word.",
		"send it as a string (`json:\",string\"`), or set Policy.AllowUnsafeIntegers"},
	{NumberOutOfRange, "Readers that keep numbers as float64 fail on it, or read it as infinite.",
		"send it as a string"},
	{InvalidNumber, "encoding/json fails the whole payload.",
		"parse it where it comes in, or keep it in a string"},
	{TimeOutOfRange, "RFC 3339 has four digits for the year: encoding/json fails the whole payload.",
		"decide what the reader gets instead"},
	{Unencodable, "encoding/json fails the whole payload.",
		"leave it out with `json:\"-\"`, or repair the method that fails"},
	{Cycle, "encoding/json fails the whole payload, after a thousand rounds.",
		"send an identifier in place of the reference back"},
	{TooDeep, "Decoders give up at 64, 100 or 1,000 levels.",
		"flatten it, or raise Policy.MaxDepth"},
	{InvalidJSON, "It does not parse, and encoding/json fails the whole payload that holds it.",
		"have an encoder write it"},
	{Unreadable, "Nothing could be inspected.",
		"hand over a payload that can be read"},
}
