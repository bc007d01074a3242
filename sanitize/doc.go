// Package sanitize keeps out of API responses what must not leave in them
// (Standard #185): bytes that are not text, text that is not what it looks like, and
// values that encoding/json refuses or silently changes.
//
//	http.ListenAndServe(addr, sanitize.Handler(mux, policy))        // every response of a service
//	sanitize.NewEncoder(w, policy).Encode(page)                     // one response, as json.Encoder
//	for _, f := range sanitize.Inspect(page, policy) { log.Println(f) } // what is wrong with it
//
// [Inspect] says what is wrong with a payload, each finding with its rule, path, offset
// and bytes. [Value] returns a payload that encodes and in which Inspect finds nothing;
// [Encoder] and [Handler] apply it. Tests call check.Sanitized.
//
// A Go value is seen as encoding/json sees it: exported fields, json tags, promotion of
// embedded fields, MarshalJSON and MarshalText, addressability. A first pass over the
// value lets clean ones through as they are; a second writes the others as a clean
// document. Value never writes to what it is given.
//
// # What stands in place of what
//
//	invalid, overlong and surrogate UTF-8,      U+FFFD for each; nothing is deleted, for
//	NUL, controls, non-characters, BOM, bidi    "<scr\x00ipt>" must not become "<script>"
//	[]byte, [N]byte                             {"type":"binary","length":…,"sha256":"…"}
//	[16]byte                                    the text of a uuid (that is how pgx reads one)
//	net.HardwareAddr                            its text (that is how pgx reads macaddr)
//	NaN, ±Inf                                   "NaN", "Infinity", "-Infinity"
//	integers beyond ±(2^53-1), 1e400            their digits, as a string
//	floats that would go out as such integers   the same number with an exponent
//	times outside the years 0 to 9999           ISO 8601 with a sign and six digits, as a string
//	pgtype.InfinityModifier                     "infinity", "-infinity" (it would go out as ±1)
//	strings and keys over Policy.MaxString      cut at a rune, with a marker that says how much went
//	payloads over Policy.MaxPayload             a marker alone: half a list would pass for all of it
//	JSON that does not parse                    a marker with its length and the start of its SHA-256
//	cycles, depth, chan, func, failing methods  a marker that says which
//	keys that become equal                      the later ones get ~2, ~3, …
//
// # Behind a MarshalJSON
//
// What a method writes is read as a document: text, numbers, keys and nesting are seen.
// Bytes are not, once they are text. They are seen, and replaced, in three cases: behind
// a [Wrapper], such as a loaded relation, whose value is looked at in place of the
// document; where a []byte in an exported field of the value stands in the document in
// standard base64; and where an exported field has text that is not UTF-8 and the
// document has U+FFFD. They are not seen where only unexported fields hold them, nor
// where the method writes them as hexadecimal, as a list of numbers, in base64 of another
// alphabet, or within other text; nor behind MarshalText, with which a type says what its
// bytes are as text. A type that keeps bytes to itself should be a Wrapper.
//
// # Cost
//
// Time and memory are proportional to what would be encoded, and bounded by
// Policy.MaxPayload whatever the value refers to, including shared pointers that unfold
// exponentially. On a clean payload of 10 KB, Inspect and Value take 0.2 to 0.6 of the
// time of json.Marshal: maps 0.2, structs 0.35, a document 0.55 (BenchmarkClean).
// Repairing a field in each of 20 structs takes 3 times as long as encoding them
// (BenchmarkDirty). Nothing here protects from a MarshalJSON that never returns.
package sanitize
