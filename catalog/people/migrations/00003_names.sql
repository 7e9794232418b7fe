-- +goose Up

-- Names that people had before. Rows are only added: sessions that were recorded name people so for good.
CREATE TABLE names (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    person TEXT    NOT NULL COLLATE NOCASE,
    name   TEXT    NOT NULL
);
