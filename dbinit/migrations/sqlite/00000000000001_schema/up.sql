-- The same tables as for MySQL. SQLite takes any length for a column, so the limits are checks; the whole file is one
-- transaction.

CREATE TABLE vet (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    first_name TEXT NOT NULL CHECK (length(first_name) <= 255),
    last_name TEXT NOT NULL CHECK (length(last_name) <= 255)
);

CREATE INDEX vet_by_last_name ON vet (last_name, id);

CREATE TABLE specialty (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (length(name) <= 255)
);

CREATE TABLE vet_specialty (
    vet_id INTEGER NOT NULL REFERENCES vet (id),
    specialty_id INTEGER NOT NULL REFERENCES specialty (id),
    PRIMARY KEY (vet_id, specialty_id)
) WITHOUT ROWID;

CREATE INDEX vet_specialty_by_specialty ON vet_specialty (specialty_id);

CREATE TABLE pet_type (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (length(name) <= 255)
);

-- Owners are found and listed by their name's base letters (schema::search). SQLite can't fold letters beyond ASCII by
-- itself, and a function of ours in an index would lock out other writers. So a new or renamed row has no keys (NULL) until
-- the next search fills them in.
CREATE TABLE owner (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    first_name TEXT NOT NULL CHECK (length(first_name) <= 255),
    last_name TEXT NOT NULL CHECK (length(last_name) <= 255),
    address TEXT NOT NULL CHECK (length(address) <= 255),
    city TEXT NOT NULL CHECK (length(city) <= 255),
    telephone TEXT NOT NULL CHECK (length(telephone) <= 20),
    name_key TEXT,
    given_name_key TEXT,
    initials TEXT,
    telephone_digits TEXT GENERATED ALWAYS AS (replace(telephone, '+', '')) VIRTUAL,
    telephone_4 TEXT GENERATED ALWAYS AS (substr(telephone, -4)) VIRTUAL,
    telephone_5 TEXT GENERATED ALWAYS AS (substr(telephone, -5)) VIRTUAL,
    telephone_6 TEXT GENERATED ALWAYS AS (substr(telephone, -6)) VIRTUAL,
    telephone_7 TEXT GENERATED ALWAYS AS (substr(telephone, -7)) VIRTUAL,
    telephone_8 TEXT GENERATED ALWAYS AS (substr(telephone, -8)) VIRTUAL,
    telephone_9 TEXT GENERATED ALWAYS AS (substr(telephone, -9)) VIRTUAL,
    telephone_10 TEXT GENERATED ALWAYS AS (substr(telephone, -10)) VIRTUAL,
    telephone_11 TEXT GENERATED ALWAYS AS (substr(telephone, -11)) VIRTUAL
);

CREATE INDEX owner_by_name ON owner (name_key, id);

CREATE INDEX owner_by_given_name ON owner (given_name_key, id);

CREATE INDEX owner_by_initials ON owner (initials, id);

CREATE INDEX owner_by_telephone ON owner (telephone_digits, id);

CREATE INDEX owner_by_telephone_4 ON owner (telephone_4, id);

CREATE INDEX owner_by_telephone_5 ON owner (telephone_5, id);

CREATE INDEX owner_by_telephone_6 ON owner (telephone_6, id);

CREATE INDEX owner_by_telephone_7 ON owner (telephone_7, id);

CREATE INDEX owner_by_telephone_8 ON owner (telephone_8, id);

CREATE INDEX owner_by_telephone_9 ON owner (telephone_9, id);

CREATE INDEX owner_by_telephone_10 ON owner (telephone_10, id);

CREATE INDEX owner_by_telephone_11 ON owner (telephone_11, id);

CREATE TRIGGER owner_renamed AFTER UPDATE OF first_name, last_name ON owner
BEGIN UPDATE owner SET name_key = NULL, given_name_key = NULL WHERE id = NEW.id; END;

CREATE TABLE pet (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE CHECK (length(name) <= 255),
    birth_date DATE NOT NULL,
    type_id INTEGER NOT NULL REFERENCES pet_type (id),
    owner_id INTEGER NOT NULL REFERENCES owner (id),
    name_key TEXT
);

CREATE UNIQUE INDEX pet_name_within_owner ON pet (owner_id, name);

CREATE INDEX pet_by_name ON pet (name_key, owner_id);

CREATE TRIGGER pet_renamed AFTER UPDATE OF name ON pet
BEGIN UPDATE pet SET name_key = NULL WHERE id = NEW.id; END;

CREATE INDEX pet_by_type ON pet (type_id);

CREATE TABLE visit (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    pet_id INTEGER NOT NULL REFERENCES pet (id),
    visit_date DATE NOT NULL,
    visit_time TIME,
    vet_id INTEGER REFERENCES vet (id),
    status TEXT NOT NULL DEFAULT 'booked' CHECK (status IN ('booked', 'arrived', 'done', 'cancelled')),
    description TEXT NOT NULL CHECK (length(description) <= 255),
    note TEXT CHECK (length(note) <= 2000)
);

CREATE INDEX visit_by_pet ON visit (pet_id, visit_date);

CREATE INDEX visit_by_day ON visit (visit_date, visit_time);

CREATE INDEX visit_by_vet ON visit (vet_id, visit_date, visit_time);

-- Forms that were saved: a repeated submission of the same form finds the first one here.
CREATE TABLE idempotency_key (
    token TEXT NOT NULL PRIMARY KEY CHECK (length(token) <= 64),
    location TEXT NOT NULL CHECK (length(location) <= 255),
    saved_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX idempotency_key_by_time ON idempotency_key (saved_at);
