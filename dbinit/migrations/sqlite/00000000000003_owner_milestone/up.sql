-- Milestones in the list of owners by name (dbinit::owner_list, which also fills this table): how many owners come before
-- one of them.
CREATE TABLE owner_milestone (
    last_name_key TEXT NOT NULL CHECK (length(last_name_key) <= 255),
    owner_id INTEGER NOT NULL,
    owners_before INTEGER NOT NULL,
    PRIMARY KEY (last_name_key, owner_id)
) WITHOUT ROWID;
