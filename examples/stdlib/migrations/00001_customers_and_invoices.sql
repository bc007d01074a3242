-- +goose Up
CREATE TABLE customers (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE invoices (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    cents       bigint NOT NULL CHECK (cents > 0),
    due         date NOT NULL,
    paid_at     timestamptz
);
CREATE INDEX invoices_customer ON invoices (customer_id);

CREATE TABLE payments (
    invoice_id bigint PRIMARY KEY REFERENCES invoices,
    reference  text NOT NULL UNIQUE
);

-- +goose Down
DROP TABLE payments;
DROP TABLE invoices;
DROP TABLE customers;
