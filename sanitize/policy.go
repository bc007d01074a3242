package sanitize

// Policy says what is allowed. Its zero value is the default.
type Policy struct {
	// MaxString is the longest string or key, in bytes of UTF-8. Zero means
	// 1 MiB. It is at least 64, so that markers fit, and at most an eighth of
	// MaxPayload, so that one string fits a payload however it is escaped.
	MaxString int

	// MaxPayload is the largest payload, in bytes as encoding/json writes it
	// without HTML escaping; of a document, in the bytes it has. Zero means
	// 10 MiB. It is at least 1024. What lies beyond it is not looked at.
	MaxPayload int

	// MaxDepth is how deep objects and lists may nest. Zero means 64, which is
	// what the strictest of the widespread decoders accepts. At most 10,000,
	// where encoding/json gives up.
	MaxDepth int

	// MaxFindings ends Inspect once so many are found. Zero means 100.
	MaxFindings int

	// Allow lists code points that pass although a rule names them, such as
	// "\x1b" for terminal output, or "\u2066\u2067\u2068\u2069" where the service puts
	// isolates around names itself. It does not make invalid UTF-8 pass.
	Allow string

	// AllowBinary lets []byte pass as base64 and [N]byte as a list of numbers.
	AllowBinary bool

	// AllowUnsafeIntegers lets integers beyond ±(2^53-1) pass as numbers. Readers
	// that keep numbers as float64, JavaScript first among them, round those.
	AllowUnsafeIntegers bool
}

const (
	defaultMaxString   = 1 << 20
	defaultMaxPayload  = 10 << 20
	defaultMaxDepth    = 64
	defaultMaxFindings = 100

	leastString  = 64
	leastPayload = 1024
	mostDepth    = 10_000
)

// filled returns p with its zeros replaced and its limits within bounds.
func (p Policy) filled() Policy {
	p.MaxString = max(orDefault(p.MaxString, defaultMaxString), leastString)
	p.MaxPayload = max(orDefault(p.MaxPayload, defaultMaxPayload), leastPayload)
	p.MaxDepth = min(orDefault(p.MaxDepth, defaultMaxDepth), mostDepth)
	p.MaxFindings = orDefault(p.MaxFindings, defaultMaxFindings)
	p.MaxString = max(leastString, min(p.MaxString, p.MaxPayload/8))
	return p
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}
