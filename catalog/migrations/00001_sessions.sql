-- +goose Up

-- One row for each session that was opened. The folder is the truth; this is an index of it and can
-- be rebuilt (reindex). Instants are nanoseconds since 1970-01-01T00:00:00Z, 0 if they did not come.
CREATE TABLE sessions (
    session       TEXT    NOT NULL PRIMARY KEY,
    room          TEXT    NOT NULL,
    case_number   TEXT    NOT NULL,
    person        TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    mandatory     INTEGER NOT NULL,
    ending        TEXT    NOT NULL,
    opened        INTEGER NOT NULL,
    started       INTEGER NOT NULL,
    ended         INTEGER NOT NULL,
    sealed        INTEGER NOT NULL,
    folder        TEXT    NOT NULL,
    seal_hash     TEXT    NOT NULL,
    verdict       TEXT    NOT NULL,
    interruptions INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_opened ON sessions (opened DESC, session DESC);
CREATE INDEX sessions_room   ON sessions (room, opened DESC);
CREATE INDEX sessions_case   ON sessions (case_number, opened DESC);
CREATE INDEX sessions_person ON sessions (person, opened DESC);

-- Who took part, so that sessions are found by officer.
CREATE TABLE members (
    session TEXT NOT NULL REFERENCES sessions (session) ON DELETE CASCADE,
    role    TEXT NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (session, role, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_name ON members (name, session);

-- People who sign in. A person is never removed, only barred: journals name them.
CREATE TABLE people (
    id       TEXT    NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL,
    password TEXT    NOT NULL, -- argon2id, in its encoded form; empty: cannot sign in with one
    created  INTEGER NOT NULL,
    barred   INTEGER NOT NULL  -- since when; 0: not barred
) STRICT;

CREATE TABLE roles (
    person TEXT    NOT NULL REFERENCES people (id),
    role   TEXT    NOT NULL,
    room   TEXT    NOT NULL, -- empty: everywhere
    given  INTEGER NOT NULL,
    giver  TEXT    NOT NULL,
    PRIMARY KEY (person, role, room)
) STRICT, WITHOUT ROWID;

-- Approvals by rank: of copies, of views beyond one's authority, of going on unrecorded (Z29-2, Z33,
-- Z37).
CREATE TABLE approvals (
    id       INTEGER NOT NULL PRIMARY KEY,
    session  TEXT    NOT NULL,
    kind     TEXT    NOT NULL, -- as in unrecorded, copy, view
    approver TEXT    NOT NULL,
    rank     TEXT    NOT NULL,
    document TEXT    NOT NULL, -- its number
    reason   TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE INDEX approvals_session ON approvals (session, at);

-- +goose Down
DROP TABLE approvals;
DROP TABLE roles;
DROP TABLE people;
DROP TABLE members;
DROP TABLE sessions;
