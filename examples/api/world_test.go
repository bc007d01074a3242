package desk

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/qarion/seedbed/factory"
	"github.com/qarion/seedbed/pgtest"
)

var pg = &pgtest.Server{Migrations: Migrations}

// The service's own structs are what the factories make; a method says of which table.

type Space struct {
	ID   uuid.UUID
	Name string
}

func (Space) TableName() string    { return "spaces" }
func (Member) TableName() string   { return "members" }
func (Provider) TableName() string { return "providers" }
func (Dataset) TableName() string  { return "datasets" }
func (Comment) TableName() string  { return "comments" }

var (
	spaces  = factory.New(factory.Definition[Space]{})
	members = factory.New(factory.Definition[Member]{
		Row: func(m *Member, c *factory.Cells) {
			m.Name, m.Email = c.Of("name").Name(), c.Of("email").Email()
		},
	})
	providers = factory.New(factory.Definition[Provider]{
		Row: func(p *Provider, c *factory.Cells) {
			p.Name, p.Type, p.Active = c.Of("name").Words(), "webhook", true
			p.Config = json.RawMessage(`{"url": "https://` + c.Of("config").Host() + `/in"}`)
		},
	})
	datasets = factory.New(factory.Definition[Dataset]{
		Row:     func(d *Dataset, c *factory.Cells) { d.Name = c.Of("name").Dataset() },
		Parents: []factory.Maker{providers},
	})
	comments = factory.New(factory.Definition[Comment]{
		Row: func(m *Comment, c *factory.Cells) {
			m.Body, m.CreatedAt = c.Of("body").Comment(), c.Of("created_at").IncreasingTime()
		},
		Parents: []factory.Maker{members},
	})
)

// A world is two spaces with the same sort of things in them, and the service in
// front of them as production runs it.
type world struct {
	*pgtest.DB              // as the owner, to look at what is there
	app          *pgtest.DB // as the service
	mine, theirs Space
	provider     Provider // mine, as all that follows
	dataset      Dataset
	author       Member
	comments     []Comment
	handler      http.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := pg.DB(t)
	w := &world{DB: db, app: db.As(t, "desk_app", nil), mine: spaces.Create(t, db), theirs: spaces.Create(t, db)}
	w.handler = (&Service{Pool: w.app.Pool}).Handler()
	for _, space := range []Space{w.theirs, w.mine} {
		in := factory.In(space)
		w.provider = providers.With(in).Create(t, db)
		w.dataset = datasets.With(in, factory.On(w.provider)).Create(t, db)
		w.author = members.With(in).Create(t, db)
		w.comments = comments.With(factory.On(w.dataset), factory.By(w.author)).CreateN(t, db, 3)
	}
	return w
}

// get asks the service, and returns the response as a client has it.
func (w *world) get(t *testing.T, path ...string) *http.Response {
	t.Helper()
	return w.do(httptest.NewRequestWithContext(t.Context(), "GET", "/"+strings.Join(path, "/"), nil))
}

func (w *world) post(t *testing.T, body string, path ...string) *http.Response {
	t.Helper()
	return w.do(httptest.NewRequestWithContext(t.Context(), "POST", "/"+strings.Join(path, "/"), strings.NewReader(body)))
}

func (w *world) do(r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	res := rec.Result()
	res.Request = r
	return res
}

// decode reads a response of status 200.
func decode[T any](t *testing.T, res *http.Response) T {
	t.Helper()
	var v T
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s", res.Request.Method, res.Request.URL, res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatalf("%s %s: %v", res.Request.Method, res.Request.URL, err)
	}
	return v
}
