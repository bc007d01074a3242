package mask

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/qarion/seedbed/internal/catalog"
)

func TestKindOf(t *testing.T) {
	for kind, names := range map[Kind]string{
		Secret:     "password password_hash apiKey api_key access-token refresh_tokens client_secret signing_key backup_codes credentials session_id dsn webhook_secret hashedKey hashed_key api_key_header_value slack_webhook_url discordWebhookUrl azure_account_key storageAccountKey shared_key stripe_webhook_secret github_token smtp_credential authentication_type_api_key_header_value auth__api_key__key hook_kind_secret",
		Identifier: "ssn tax_id vatNumber iban account_number card_number cvv passport_no pin otp routing_number sort_code tax_identification_number",
		Email:      "email e_mail mail_address billing_email emails contactEmail email_address",
		Phone:      "phone mobile phones fax_number work_phone phoneNumber",
		Birth:      "dob birthday birthdate date_of_birth",
		Network:    "ip client_ip last_ip ip_address remote_addr ips",
		Address:    "street address addr_line1 address_line_2 zip postal_code billing_address postcode street_name",
		Person:     "first_name lastName full_name customer_name surname display_name username nickname",
		Plain: "name title company_name organization_name file_name hostname token_type token_kind secret_type password_status hash_algorithm secret_version password_updated_at is_password_set max_tokens prompt_tokens input_tokens " +
			"secret_count content_hash shipping_method description equipment zipper emailed_at phone_verified email_verified_at has_email address_type webhook_id webhook_count primary_key foreign_key key_name keyboard monkey sort_key api_key_header_name",
	} {
		for _, name := range strings.Fields(names) {
			if got := KindOf("orders", name); got != kind {
				t.Errorf("KindOf(%s) = %d, want %d", name, got, kind)
			}
		}
	}
	if KindOf("users", "name") != Person || KindOf("companies", "name") != Plain || KindOf("accounts", "name") != Plain {
		t.Error("the table does not decide whether a name is a person's")
	}
}

// FreeText masks values of a private form anywhere in a text, and no text that only
// resembles them.
func TestFreeText(t *testing.T) {
	for _, private := range []string{
		"ann@corp.example", "o'brien+tag@münchen.example", "sk_live_51Habcdefgh", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SflKxwRJSMeKKF2QT4", "ghp_0123456789abcdefghij0123456789abcdef", "AKIAIOSFODNN7EXAMPLE",
		"-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "4111 1111 1111 1111",
		"Bearer abcdefghijklmnop", "postgres://app:hunter2@db/x",
	} {
		text := "see " + private + ", please"
		got := FreeText(text)
		if strings.Contains(got, private) || !strings.HasPrefix(got, "see ") || !strings.HasSuffix(got, ", please") {
			t.Errorf("%q becomes %q", text, got)
		}
		if again := FreeText(got); again != got {
			t.Errorf("masked twice: %q, then %q", got, again)
		}
	}
	for _, plain := range []string{"2024-01-02 10:00:00", "order 1234567890123", "DE12 3456 7890", "@ann said", "sk_live", "a@b", "version 1.2.3.4", "task-4111", "https://example.com/a:b@c"} {
		if got := FreeText(plain); got != plain {
			t.Errorf("%q becomes %q", plain, got)
		}
	}
}

func TestScrambleLike(t *testing.T) {
	for in, form := range map[string]string{
		"":                       `^$`,
		`\x0102ff`:               `^\\x01[0-9a-f]{4}$`,
		"+49 (30) 1234-56":       `^\+\d\d \(\d\d\) \d{4}-\d\d$`,
		"Ünï":                    `^[A-Z][a-z]{2}$`,
		"vault://kv/team-7/Key":  `^vault://[a-z]{2}/[a-z]{4}-[0-9]/[A-Z][a-z]{2}$`,
		strings.Repeat("a1", 32): `^[0-9a-f]{64}$`,
	} {
		got := ScrambleLike(in, 0)
		if !regexp.MustCompile(form).MatchString(got) || in != "" && got == in || got != ScrambleLike(in, 0) {
			t.Errorf("%q gives %q, not another value of the form %s", in, got, form)
		}
	}
	if s := ScrambleLike(strings.Repeat("a", 100), 0); s[:32] == s[32:64] {
		t.Errorf("a long value repeats itself: %s", s)
	}
	if got := ScrambleLike("$2a$10$abcdefgh", 4); !strings.HasPrefix(got, "$2") {
		t.Errorf("step 4 gives %q, which keeps less than two characters", got)
	}
}

// A masked integer has as many digits as before, the same sign, and fits its column.
func TestIntegersStayInRange(t *testing.T) {
	for name, c := range map[string]struct {
		bits   int
		values []string
	}{
		"int2": {16, []string{"-32768", "32767", "-9", "7"}},
		"int4": {32, []string{"-2147483648", "-2147483647", "2147483647", "-40", "0"}},
		"int8": {64, []string{"-9223372036854775808", "9223372036854775807"}},
	} {
		rule := For("accounts", &catalog.Column{Name: "account_number", SQLType: name, Type: &catalog.Type{Name: name, Category: "N"}})
		for _, v := range c.values {
			for attempt := range Tries {
				got := rule.Value(v, attempt)
				if _, err := strconv.ParseInt(got, 10, c.bits); err != nil || len(got) != len(v) || (got[0] == '-') != (v[0] == '-') {
					t.Errorf("%s %s becomes %s (attempt %d)", name, v, got, attempt)
				}
			}
		}
	}
}

// A text that only looks like a number of a person has further masks of its form, for a column
// whose CHECK wants that.
func TestPlainTextHasFurtherMasks(t *testing.T) {
	rule := For("crates", &catalog.Column{Name: "tag", SQLType: "character(15)", Length: 15, Type: &catalog.Type{Name: "bpchar", Category: "S"}})
	first := rule.Value("378282246310005", 0)
	if first == "378282246310005" {
		t.Fatal("the number is not masked")
	}
	seen := map[string]bool{}
	for attempt := 1; attempt < Tries; attempt++ {
		got := rule.Value("378282246310005", attempt)
		if !regexp.MustCompile(`^[0-9]{15}$`).MatchString(got) || got == "378282246310005" {
			t.Errorf("attempt %d gives %s", attempt, got)
		}
		seen[got] = true
	}
	if len(seen) < Tries/2 {
		t.Errorf("%d masks", len(seen))
	}
	if got := rule.Value("blue", 3); got != "blue" {
		t.Errorf("what is not private became %s", got)
	}
}
