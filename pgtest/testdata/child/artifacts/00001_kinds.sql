-- +goose Up
CREATE TABLE kinds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, score numeric(8,2), active bool, doc jsonb, tags text[]);
INSERT INTO kinds (name) VALUES ('of the template');
CREATE TABLE events (kind bigint NOT NULL REFERENCES kinds, at date NOT NULL, next date GENERATED ALWAYS AS (at + 1) STORED) PARTITION BY RANGE (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE events_rest PARTITION OF events DEFAULT;
