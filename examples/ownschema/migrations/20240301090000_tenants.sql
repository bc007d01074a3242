-- +goose Up
CREATE TABLE tenants (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE users (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "tenantId" bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    email      varchar(120) NOT NULL,
    UNIQUE ("tenantId", email)
);

-- +goose Down
DROP TABLE users;
DROP TABLE tenants;
