package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// spelling is one way in which a session says who it is: a setting, and the claim in it
// where it holds the claims of a token.
type spelling struct {
	setting string
	claim   []string
}

// The settings in which PostgREST puts a token: each claim in one of its own, or all in one.
const (
	postgrestClaim  = "request.jwt.claim."
	postgrestClaims = "request.jwt.claims"
)

// spellings are the other ways of saying what a setting says: PostgREST's two, and those
// that a function reads in its place.
func (a *audit) spellings(setting string, claim []string) (out []spelling) {
	switch name, single := strings.CutPrefix(strings.ToLower(setting), postgrestClaim); {
	case single:
		out = append(out, spelling{postgrestClaims, []string{name}})
	case strings.EqualFold(setting, postgrestClaims) && len(claim) == 1:
		out = append(out, spelling{setting: postgrestClaim + claim[0]})
	}
	if strings.HasPrefix(strings.ToLower(setting), "request.jwt.") {
		return out
	}
	for _, f := range a.cat.Functions {
		tokens := sqltext.Tokens(f.Body)
		read := a.readers[f.Name]
		if len(read) < 2 || !slices.Contains(read, setting) || slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Is("FROM") || t.Is("AND") }) {
			continue
		}
		for i := range tokens {
			name := sqltext.CustomSetting(tokens, i)
			known := func(s spelling) bool { return s.setting == name }
			if name != "" && name != setting && !slices.ContainsFunc(out, known) {
				out = append(out, spelling{setting: name})
			}
		}
	}
	return out
}

// saysWho reports whether an expression reads what a setting of the Model says, in whatever way.
func (a *audit) saysWho(tokens []sqltext.Token, setting string) bool {
	if sqltext.IsRoleSetting(setting) {
		return a.asksRole(tokens, 0)
	}
	read := a.readers.In(tokens)
	if slices.ContainsFunc(read, func(name string) bool { return strings.EqualFold(name, setting) }) {
		return true
	}
	var path []string
	return slices.ContainsFunc(a.spellings(setting, a.claimOf(setting)), func(s spelling) bool {
		if !slices.Contains(read, s.setting) {
			return false
		}
		if len(s.claim) > 0 && path == nil {
			path = claimPath(a.expanded(tokens, 0))
		}
		return len(s.claim) == 0 || slices.Equal(path, s.claim)
	})
}

// claimOf is where in a setting of the Model the key stands.
func (a *audit) claimOf(setting string) []string {
	for _, m := range a.model.Memberships {
		if m.Setting == setting {
			return m.Claim
		}
	}
	for _, t := range a.model.Tenants {
		if t.Setting == setting {
			return t.Claim
		}
	}
	return nil
}

// withRole adds the claim by which PostgREST says which role it has taken, where a session
// has any of its settings.
func withRole(settings map[string]string, role string) {
	for name := range settings {
		if strings.HasPrefix(name, "request.jwt.") {
			settings[postgrestClaim+"role"] = role
			settings[postgrestClaims] = withClaim(settings[postgrestClaims], []string{"role"}, role)
			return
		}
	}
}

// isAnonymous reports whether a role is that of PostgREST for who has not logged in, whose
// token makes no claims: anon, web_anon.
func isAnonymous(role *catalog.Role, settings map[string]string) bool {
	if role == nil || !slices.ContainsFunc(words(role.Name), func(w string) bool { return w == "anon" || w == "anonymous" }) {
		return false
	}
	return len(settings) > 0 && gatewaySets(settings)
}

// asksRole reports whether an expression names the session's database role, itself or in a
// function that it calls. In a function with its owner's rights, current_user is the owner.
func (a *audit) asksRole(tokens []sqltext.Token, depth int) bool {
	for i, t := range tokens {
		if sqltext.NamesRole(tokens, i) != "" {
			return true
		}
		if !t.IsIdentifier() || i+1 == len(tokens) || !tokens[i+1].Is("(") || depth > 3 {
			continue
		}
		for _, f := range a.cat.Functions {
			if f.Name == t.Text && (!f.SecurityDefiner || sqltext.Mentions(f.Body, "session_user")) && a.asksRole(code(f), depth+1) {
				return true
			}
		}
	}
	return false
}
