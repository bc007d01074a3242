package audit

import (
	"slices"
	"strings"

	"github.com/qarion/seedbed/internal/catalog"
	"github.com/qarion/seedbed/internal/sqltext"
)

// definerBody is the body of a function that runs as its owner, read for what it lets its
// caller reach.
type definerBody struct {
	a          *audit
	f          *catalog.Function
	statements [][]sqltext.Token
	names      []string            // arguments, and the variables that it declares
	from       map[string][]string // names that a variable's value was found by
	session    map[string]bool     // variables that hold something of the session, or of what a secret leads to
	made       map[string]bool     // … and rows that the function has made
	guards     [][]sqltext.Token   // conditions on which it goes on
	returns    [][]sqltext.Token   // what it returns
}

// keepsToSession reports whether a function hands out, and acts on, what the session may
// reach, which is what it is for: wherever it looks for rows of tenants it compares them with
// who the session is, or with a secret that it was given, or goes on only after it has
// compared what chooses them with who the session is. It runs no text that it is given.
func (a *audit) keepsToSession(f *catalog.Function, depth int) bool {
	tokens := sqltext.Tokens(f.Body)
	if depth > 3 || slices.ContainsFunc(tokens, func(t sqltext.Token) bool { return t.Is("EXECUTE") }) {
		return false
	}
	b := &definerBody{a: a, f: f, statements: statementsOf(tokens), from: map[string][]string{}, session: map[string]bool{}, made: map[string]bool{}}
	for _, name := range append(parameters(f), variables(f)...) {
		if name != "" {
			b.names = append(b.names, strings.ToLower(name))
		}
	}
	for range 2 { // a variable may be found by a later one, in a loop
		b.readVariables()
	}
	b.readGuards()
	asks, looks := a.namesSession(tokens), false
	for _, statement := range b.statements {
		for _, x := range b.accesses(statement) {
			looks = true
			switch {
			case x.people && asks && namesArgument(f, x.filter):
			case !b.boundBySession(x) && !b.guarded(x.filter) && !b.asked(x):
				return false
			}
		}
		inserts, ok := b.insertsGuarded(statement)
		if looks = looks || inserts && asks; !ok {
			return false
		}
		for _, call := range b.reachingCalls(statement, depth) {
			if looks = true; !b.asksWho(call) && !b.guarded(call) {
				return false
			}
		}
	}
	return looks
}

// statementsOf splits a body at each semicolon: END IF closes no CASE.
func statementsOf(tokens []sqltext.Token) (all [][]sqltext.Token) {
	start := 0
	for i, t := range tokens {
		if t.Is(";") {
			all, start = append(all, tokens[start:i]), i+1
		}
	}
	return append(all, tokens[start:])
}

// readVariables finds what the variables of a function were found by: SELECT … INTO v, v := …,
// FOR v IN SELECT ….
func (b *definerBody) readVariables() {
	for _, statement := range b.statements {
		for i, t := range statement {
			switch {
			case t.Is("INTO") && i > 0 && !statement[i-1].Is("INSERT") && !statement[i-1].Is("MERGE"):
				source := statement[lastIndex(statement[:i], "SELECT", "INSERT", "UPDATE", "DELETE"):]
				made := source[0].Is("INSERT")
				for j := i + 1; j < len(statement) && (b.known(statement[j].Text) || statement[j].Is("STRICT") || statement[j].Is(",")); j++ {
					if b.known(statement[j].Text) {
						b.assign(statement[j].Text, source, made)
					}
				}
			case t.Is(":="), t.Is("=") && isAssignment(statement, i):
				for j := i - 1; j >= 0; j-- {
					if b.known(statement[j].Text) {
						b.assign(statement[j].Text, statement[i+1:], false)
						break
					}
				}
			case t.Is("FOR") && i+2 < len(statement) && statement[i+2].Is("IN") && b.known(statement[i+1].Text):
				end := sqltext.Index(statement[i:], "loop")
				if end < 0 {
					end = len(statement) - i
				}
				b.assign(statement[i+1].Text, statement[i+3:i+end], false)
			}
		}
	}
}

// isAssignment reports whether an = is that of an assignment.
func isAssignment(statement []sqltext.Token, i int) bool {
	return i == 1 || i > 1 && slices.ContainsFunc([]string{"BEGIN", "THEN", "ELSE", "LOOP"}, statement[i-2].Is)
}

// lastIndex is where the last of these words stands, or 0.
func lastIndex(tokens []sqltext.Token, words ...string) int {
	depth := 0
	for i, t := range slices.Backward(tokens) {
		switch {
		case t.Is(")"):
			depth++
		case t.Is("("):
			depth--
		case depth == 0 && slices.ContainsFunc(words, t.Is):
			return i
		}
	}
	return 0
}

func (b *definerBody) known(name string) bool {
	return slices.Contains(b.names, strings.ToLower(name))
}

// assign notes by what a variable was found.
func (b *definerBody) assign(name string, source []sqltext.Token, made bool) {
	name = strings.ToLower(name)
	if made {
		b.made[name] = true
		return
	}
	b.from[name] = append(b.from[name], without(b.namesIn(source), []string{name})...)
	b.session[name] = b.session[name] || b.asksWho(source) && !b.opensAside(source) || comparesSecret(b.f, source[lastIndex(source, "WHERE"):])
}

// namesIn are the arguments and variables in tokens, and those by which they were found. In
// SQL, and where plpgsql is told so, a name that a table's column has is the column.
func (b *definerBody) namesIn(tokens []sqltext.Token) (names []string) {
	column := func(string) bool { return false }
	if b.f.Language == "sql" || sqltext.Mentions(b.f.Body, "use_column") {
		tables := b.a.tablesIn(tokens)
		column = func(name string) bool {
			return slices.ContainsFunc(tables, func(r *catalog.Relation) bool { return r.Column(name) != nil })
		}
	}
	add := func(name string) {
		for _, n := range append([]string{name}, b.from[name]...) {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	for i, t := range tokens {
		ofFunction := i > 1 && tokens[i-1].Is(".") && strings.EqualFold(tokens[i-2].Text, b.f.Name)
		switch {
		case t.Kind == sqltext.Parameter:
			add(t.Text)
			if at := int(t.Text[len(t.Text)-1] - '1'); len(t.Text) == 2 && at >= 0 && at < len(parameters(b.f)) {
				add(strings.ToLower(parameters(b.f)[at]))
			}
		case !t.IsIdentifier() || !b.known(t.Text):
		case ofFunction, i == 0 || !tokens[i-1].Is(".") && !column(t.Text):
			add(strings.ToLower(t.Text))
		}
	}
	return names
}

// asksWho reports whether tokens compare with who the session is: more than whether it is
// anybody.
func (b *definerBody) asksWho(tokens []sqltext.Token) bool {
	for _, side := range conditions(tokens) {
		n := len(side)
		anybody := n > 2 && side[n-1].Is("NULL") && (side[n-2].Is("IS") || side[n-3].Is("IS") && side[n-2].Is("NOT"))
		session := b.a.namesSession(side) || slices.ContainsFunc(side, func(t sqltext.Token) bool { return t.IsIdentifier() && b.session[strings.ToLower(t.Text)] })
		if session && !anybody {
			return true
		}
	}
	return false
}

// conditions are what a condition, or a statement with one, consists of: the pieces between AND
// and OR.
func conditions(tokens []sqltext.Token) (all [][]sqltext.Token) {
	for _, side := range sqltext.TopLevel(tokens, "AND") {
		for _, piece := range sqltext.TopLevel(side, "OR") {
			if piece = sqltext.Unwrap(piece); len(piece) > 1 && piece[0].Is("NOT") {
				piece = sqltext.Unwrap(piece[1:])
			}
			if len(sqltext.TopLevel(piece, "AND"))+len(sqltext.TopLevel(piece, "OR")) > 2 && len(piece) < len(tokens) {
				all = append(all, conditions(piece)...)
			} else {
				all = append(all, piece)
			}
		}
	}
	return all
}

// opensAside reports whether a query, or one within it, goes by the session on one side of an
// OR and lets rows through on another: m.user_id = auth.uid() OR m.is_owner.
func (b *definerBody) opensAside(tokens []sqltext.Token) bool {
	for i, t := range tokens {
		if !t.Is("WHERE") && !t.Is("ON") && !(t.Is("(") && sqltext.Index(tokens[:i], "where") >= 0) {
			continue
		}
		inner := tokens[i+1:]
		if end := closingOf(inner); end >= 0 {
			inner = inner[:end]
		}
		for _, all := range sqltext.TopLevel(inner, "AND") {
			sides := sqltext.TopLevel(all, "OR")
			asks := func(side []sqltext.Token) bool { return b.a.namesSession(side) || showsShared(side) }
			if len(sides) > 1 && slices.ContainsFunc(sides, b.a.namesSession) && slices.ContainsFunc(sides, func(side []sqltext.Token) bool { return !asks(side) }) {
				return true
			}
		}
	}
	return false
}

// closingOf is where a parenthesis closes that was opened before tokens; -1: none does.
func closingOf(tokens []sqltext.Token) int {
	depth := 0
	for i, t := range tokens {
		if t.Is("(") {
			depth++
		}
		if t.Is(")") {
			if depth--; depth < 0 {
				return i
			}
		}
	}
	return -1
}

// readGuards finds the conditions that a function acts upon: those of IF, unless all it does
// is log, ASSERT, and calls of functions that raise an error.
func (b *definerBody) readGuards() {
	for n, statement := range b.statements {
		for i, t := range statement {
			switch {
			case t.Is("IF") || t.Is("ELSIF") || t.Is("ELSEIF"):
				end := sqltext.Index(statement[i:], "then")
				if end < 0 || logs(statement[i+end:]) {
					continue
				}
				condition := statement[i+1 : i+end]
				if sqltext.Index(condition, "found") >= 0 && n > 0 {
					condition = slices.Concat(condition, b.statements[n-1])
				}
				b.guards = append(b.guards, condition)
			case t.Is("ASSERT"), t.Is(":=") && b.raises(statement[i:]), t.Is("=") && isAssignment(statement, i) && b.raises(statement[i:]):
				b.guards = append(b.guards, statement[i+1:])
			case t.Is("RETURN"):
				b.returns = append(b.returns, statement[i+1:])
			case (t.Is("PERFORM") || t.Is("SELECT")) && sqltext.Index(statement[i:], "from") < 0 && b.raises(statement[i:]):
				b.guards = append(b.guards, statement[i+1:])
			}
		}
	}
}

// logs reports whether what follows THEN is a message that stops nothing.
func logs(then []sqltext.Token) bool {
	return len(then) > 2 && then[1].Is("RAISE") && slices.ContainsFunc([]string{"NOTICE", "WARNING", "LOG", "INFO", "DEBUG"}, then[2].Is)
}

// raises reports whether a statement calls a function that may raise an error of its own.
func (b *definerBody) raises(statement []sqltext.Token) bool {
	return slices.ContainsFunc(b.a.calledIn(statement), func(g *catalog.Function) bool {
		return g.Language == "plpgsql" && slices.ContainsFunc(sqltext.Tokens(g.Body), func(t sqltext.Token) bool { return t.Is("RAISE") || t.Is("ASSERT") })
	})
}

// guarded reports whether a guard compares with who the session is what chooses rows, or asks
// for more than to be a member somewhere.
func (b *definerBody) guarded(choose []sqltext.Token) bool {
	chosen := b.linked(b.namesIn(choose))
	return slices.ContainsFunc(b.guards, func(guard []sqltext.Token) bool {
		for _, side := range append(conditions(guard), guard) {
			if !b.asksWho(side) && !b.founds(side) || b.opensAside(side) {
				continue
			}
			names := b.namesIn(side)
			shares := slices.ContainsFunc(names, func(n string) bool { return slices.Contains(chosen, n) })
			if shares || len(names) == 0 && !b.looksAmongTenants(side) {
				return true
			}
		}
		return false
	})
}

// linked are names, and those with which a condition that a function acts upon compares them:
// it goes on only where the project is of the organization that it was given.
func (b *definerBody) linked(names []string) []string {
	for range 2 {
		for _, guard := range b.guards {
			for _, side := range conditions(guard) {
				others := b.namesIn(side)
				shares := slices.ContainsFunc(others, func(n string) bool { return slices.Contains(names, n) })
				if compares := slices.ContainsFunc(side, func(t sqltext.Token) bool { return t.Is("=") || t.Is("<>") || t.Is("!=") || t.Is("DISTINCT") }); shares && compares && !b.asksWho(side) {
					names = slices.Concat(names, without(others, names))
				}
			}
		}
	}
	return names
}

// founds reports whether a condition is a variable that was found by who the session is.
func (b *definerBody) founds(side []sqltext.Token) bool {
	return slices.ContainsFunc(side, func(t sqltext.Token) bool { return t.IsIdentifier() && b.session[strings.ToLower(t.Text)] })
}

// looksAmongTenants reports whether a condition looks for the session among tenants, their
// members or their rows: one of any tenant fulfils it, where it names no tenant.
func (b *definerBody) looksAmongTenants(side []sqltext.Token) bool {
	return slices.ContainsFunc(b.a.tablesIn(b.a.expanded(side, 0)), func(r *catalog.Relation) bool {
		s := b.a.subject(r)
		return s != nil && !b.a.ofPeople(s)
	})
}
