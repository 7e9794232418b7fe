-- +goose Up

-- What is known of a sealed session's transcript: none, agrees, differs, explained, unreadable; empty
-- until someone has looked. The journal of later additions in the session's folder is the truth. The
-- ordinal is the number of the interrogation as the transcript gives it, 0 if it gives none.
ALTER TABLE sessions ADD COLUMN transcript TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN ordinal INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE sessions DROP COLUMN ordinal;
ALTER TABLE sessions DROP COLUMN transcript;
