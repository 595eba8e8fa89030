-- Loaded once, when the database is made.
CREATE TABLE orders (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item       text NOT NULL,
    quantity   integer NOT NULL CHECK (quantity > 0),
    state      text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done')),
    total      numeric(10, 2),
    handled_by text,
    created    timestamptz NOT NULL DEFAULT now(),
    handled    timestamptz
);
