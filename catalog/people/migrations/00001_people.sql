-- +goose Up

-- Who signs in. Nobody is ever removed: journals name them. Instants are nanoseconds since
-- 1970-01-01T00:00:00Z.
CREATE TABLE people (
    id       TEXT    NOT NULL PRIMARY KEY COLLATE NOCASE,
    name     TEXT    NOT NULL,
    role     TEXT    NOT NULL,
    password TEXT    NOT NULL, -- argon2id; empty: cannot sign in with one
    pin      TEXT    NOT NULL, -- argon2id; empty: cannot sign in at a panel
    shut     INTEGER NOT NULL, -- 1: cannot sign in
    epoch    INTEGER NOT NULL  -- grows with every change that ends the sign-ins there are
);

-- Machines that are panels of a room. token is the SHA-256 of what the machine holds.
CREATE TABLE panels (
    id    TEXT    NOT NULL PRIMARY KEY,
    room  TEXT    NOT NULL,
    name  TEXT    NOT NULL,
    token BLOB    NOT NULL UNIQUE,
    shut  INTEGER NOT NULL
);

-- Sign-ins that last. token is the SHA-256 of the cookie.
CREATE TABLE signins (
    token  BLOB    NOT NULL PRIMARY KEY,
    data   BLOB    NOT NULL,
    expiry INTEGER NOT NULL
);

-- What was changed, by whom. Rows are only added.
CREATE TABLE deeds (
    number  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    what    TEXT    NOT NULL,
    subject TEXT    NOT NULL
);
