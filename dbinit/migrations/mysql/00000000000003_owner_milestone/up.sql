-- Milestones in the list of owners by name (dbinit::owner_list, which also fills this table): how many owners come before
-- one of them.
CREATE TABLE IF NOT EXISTS owner_milestone (
    last_name_key VARCHAR(255) COLLATE utf8mb4_0900_bin NOT NULL,
    owner_id INT NOT NULL,
    owners_before INT NOT NULL,
    PRIMARY KEY (last_name_key, owner_id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;
