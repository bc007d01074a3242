package desk

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/qarion/seedbed/sanitize"
)

// A failure is an error that the caller may read.
type failure struct {
	Status  int    `json:"-"`
	Message string `json:"error"`
}

func (f *failure) Error() string { return f.Message }

var errNotFound = &failure{http.StatusNotFound, "no such resource in this space"}

// An operation reads or writes in one space, and returns what is to be sent.
type operation func(tx pgx.Tx, r *http.Request, space uuid.UUID) (any, error)

// answer is the one place that everything leaves through, and so the one that
// sanitizes.
func (s *Service) answer(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := s.run(op, r)
		status := http.StatusOK
		if err != nil {
			var f *failure
			if !errors.As(err, &f) {
				slog.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "err", err)
				f = &failure{http.StatusInternalServerError, "something went wrong on our side"}
			}
			body, status = f, f.Status
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if err := sanitize.NewEncoder(w, sanitize.Policy{}).Encode(body); err != nil {
			slog.WarnContext(r.Context(), "response not sent", "path", r.URL.Path, "err", err)
		}
	}
}

func (s *Service) run(op operation, r *http.Request) (body any, err error) {
	space, err := uuid.Parse(r.PathValue("space"))
	if err != nil {
		return nil, errNotFound
	}
	err = s.inSpace(r.Context(), space, func(tx pgx.Tx) error {
		body, err = op(tx, r, space)
		return err
	})
	return body, err
}
