-- As Rails has it: the class in one column, the id in the other, and no foreign key.
-- +goose Up
CREATE TABLE comments (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "tenantId"       bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
    commentable_type varchar(40) NOT NULL,
    commentable_id   bigint NOT NULL,
    "authorId"       bigint NOT NULL REFERENCES users,
    body             text NOT NULL
);
CREATE INDEX comments_commentable ON comments ("tenantId", commentable_type, commentable_id);
CREATE INDEX comments_author ON comments ("authorId");

-- +goose Down
DROP TABLE comments;
