package sanitize

import "slices"

// Rule explains what a finding is about. Names are stable.
type Rule struct {
	Name string // such as "invalid-utf8": Finding.Rule
	Why  string // why the rule exists
	Fix  string // what to do about a finding
}

// Rules returns every rule, in a fixed order.
func Rules() []Rule { return slices.Clone(rules) }

const (
	invalidUTF8      = "invalid-utf8"
	overlongUTF8     = "overlong-utf8"
	surrogateUTF8    = "surrogate-utf8"
	loneSurrogate    = "lone-surrogate"
	nul              = "nul"
	c0Control        = "c0-control"
	c1Control        = "c1-control"
	noncharacter     = "noncharacter"
	byteOrderMark    = "byte-order-mark"
	bidiControl      = "bidi-control"
	duplicateKey     = "duplicate-key"
	rawBinary        = "raw-binary"
	oversizeString   = "oversize-string"
	oversizePayload  = "oversize-payload"
	notFinite        = "not-finite"
	unsafeInteger    = "unsafe-integer"
	numberOutOfRange = "number-out-of-range"
	invalidNumber    = "invalid-number"
	timeOutOfRange   = "time-out-of-range"
	unencodable      = "unencodable"
	cycle            = "cycle"
	tooDeep          = "too-deep"
	invalidJSON      = "invalid-json"
	charsetMismatch  = "charset-mismatch"
	unreadable       = "unreadable"
)

var rules = []Rule{
	{invalidUTF8, "encoding/json turns it into U+FFFD silently, or passes it through to a reader that refuses the whole document.",
		"decode the text from the encoding it has, where it comes in"},
	{overlongUTF8, "A longer spelling of a character slips past filters that look for the short one.",
		"refuse it where it comes in"},
	{surrogateUTF8, "Half of a UTF-16 pair written as UTF-8 is not text to any strict reader.",
		"convert from UTF-16 or CESU-8 in whole pairs"},
	{loneSurrogate, "Some readers turn an escaped half of a UTF-16 pair into U+FFFD, others refuse the document.",
		"write the code point whole, and never cut a string between the halves"},
	{nul, "C libraries end the string there, and Postgres refuses it in text and jsonb when it is stored again.",
		"strip or refuse it where it comes in"},
	{c0Control, "Terminals, logs and XML act on it or break on it.",
		"strip it where it comes in, or allow it with Policy.Allow"},
	{c1Control, "It is invisible, some terminals obey it, and it mostly means that Windows-1252 was read as Latin-1.",
		"decode the source as Windows-1252, or allow it with Policy.Allow"},
	{noncharacter, "Unicode reserves it for use inside a program; readers may drop or refuse it.",
		"strip it where it comes in, or allow it with Policy.Allow"},
	{byteOrderMark, "It is invisible, breaks equality and prefixes, and makes decoders refuse a document that starts with it.",
		"cut it off where the file or feed is read, or allow it with Policy.Allow"},
	{bidiControl, "It reorders the text displayed around it, so that what people see is not what is stored.",
		"strip it where it comes in, or allow it with Policy.Allow"},
	{duplicateKey, "Readers keep the first, keep the last, or refuse: what arrives depends on the reader.",
		"make the keys differ where they are written"},
	{rawBinary, "Bytes go out unlabelled, as base64, as a list of numbers or as they are, whatever they hold.",
		"link to a download, give the type a MarshalText, or set Policy.AllowBinary"},
	{oversizeString, "One field dominates the response, and readers with a limit refuse it.",
		"page it, send a link to it, or raise Policy.MaxString"},
	{oversizePayload, "Gateways and readers cut or refuse it.",
		"page it, or raise Policy.MaxPayload"},
	{notFinite, "JSON has no such number: encoding/json fails the whole payload.",
		"decide what the reader gets instead: null, a string, no member"},
	{unsafeInteger, "Readers that keep numbers as float64, JavaScript first among them, round it silently.",
		"send it as a string (`json:\",string\"`), or set Policy.AllowUnsafeIntegers"},
	{numberOutOfRange, "Readers that keep numbers as float64 fail on it, or read it as infinite.",
		"send it as a string"},
	{invalidNumber, "A json.Number holds text that is no number: encoding/json fails the whole payload.",
		"parse it where it comes in, or keep it in a string"},
	{timeOutOfRange, "RFC 3339 has four digits for the year: encoding/json fails the whole payload; an infinity goes out as a number.",
		"decide what the reader gets instead"},
	{unencodable, "encoding/json fails the whole payload.",
		"do what its error says, such as to call the loader of a relation; repair the method that fails; or leave it out with `json:\"-\"`"},
	{cycle, "encoding/json fails the whole payload, after it has gone round a thousand times.",
		"send an identifier in place of the reference back"},
	{tooDeep, "Decoders give up at 64, 100 or 1,000 levels.",
		"flatten it, or raise Policy.MaxDepth"},
	{invalidJSON, "It does not parse, and encoding/json fails the whole payload that holds it.",
		"have an encoder write it"},
	{charsetMismatch, "The reader decodes the body as the header says, and gets other characters than were sent.",
		"send UTF-8, and say charset=utf-8 or nothing"},
	{unreadable, "It could not be read, or not to its end, and what was not read was not inspected.",
		"hand over a payload that can be read"},
}
