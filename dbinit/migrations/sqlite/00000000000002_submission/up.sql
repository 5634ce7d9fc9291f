-- Forms that were saved: a second click on the same form finds its first one here.
CREATE TABLE submission (
    token TEXT NOT NULL PRIMARY KEY CHECK (length(token) <= 64),
    location TEXT NOT NULL CHECK (length(location) <= 255),
    saved_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX submission_by_time ON submission (saved_at);
