-- +goose Up
CREATE TABLE posts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "tenantId"  bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    "authorId"  bigint NOT NULL REFERENCES users,
    title       text NOT NULL,
    "createdAt" timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX posts_tenant ON posts ("tenantId", "createdAt");
CREATE INDEX posts_author ON posts ("authorId");

CREATE TYPE photo_state AS ENUM ('uploaded', 'ready', 'broken');

CREATE TABLE photos (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "tenantId" bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    "postId"   bigint REFERENCES posts ON DELETE SET NULL,
    state      photo_state NOT NULL DEFAULT 'uploaded',
    width      integer NOT NULL CHECK (width BETWEEN 1 AND 20000),
    height     integer NOT NULL CHECK (height BETWEEN 1 AND 20000)
);
CREATE INDEX photos_tenant ON photos ("tenantId");
CREATE INDEX photos_post ON photos ("postId");

-- +goose Down
DROP TABLE photos;
DROP TYPE photo_state;
DROP TABLE posts;
