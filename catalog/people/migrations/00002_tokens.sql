-- +goose Up

-- What other programs sign in with. token is the SHA-256 of what the program holds; nobody else has it.
CREATE TABLE tokens (
    id     TEXT    NOT NULL PRIMARY KEY,
    name   TEXT    NOT NULL,
    role   TEXT    NOT NULL, -- the office in which it acts
    scopes TEXT    NOT NULL, -- what it may of what the office may, a space between
    room   TEXT    NOT NULL, -- the only room that it reaches; empty: all
    until  INTEGER NOT NULL, -- the last instant at which it is good; 0: until it is shut
    token  BLOB    NOT NULL UNIQUE,
    shut   INTEGER NOT NULL
);
