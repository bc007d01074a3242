-- +goose Up
CREATE TABLE widgets (name text NOT NULL);

-- +goose Down
DROP TABLE widgets;
