-- +goose Up
CREATE TABLE bookmarks (
    id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL,
    url   text NOT NULL,
    UNIQUE (owner, url)
);

-- +goose Down
DROP TABLE bookmarks;
