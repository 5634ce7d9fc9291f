-- Every statement may meet its own result: MySQL commits each of them at once, so a run that was killed leaves any
-- prefix of this file behind. Indexes stand inside CREATE TABLE, which is atomic.

CREATE TABLE IF NOT EXISTS vet (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    first_name VARCHAR(255) NOT NULL,
    last_name VARCHAR(255) NOT NULL,
    KEY vet_by_last_name (last_name, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

CREATE TABLE IF NOT EXISTS specialty (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    UNIQUE KEY specialty_by_name (name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

CREATE TABLE IF NOT EXISTS vet_specialty (
    vet_id INT NOT NULL,
    specialty_id INT NOT NULL,
    PRIMARY KEY (vet_id, specialty_id),
    KEY vet_specialty_by_specialty (specialty_id),
    CONSTRAINT vet_specialty_vet FOREIGN KEY (vet_id) REFERENCES vet (id),
    CONSTRAINT vet_specialty_specialty FOREIGN KEY (specialty_id) REFERENCES specialty (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

CREATE TABLE IF NOT EXISTS pet_type (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    UNIQUE KEY pet_type_by_name (name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

-- Owners are found and listed by their name's base letters (schema::search): the collation ignores case, accents and
-- width, and REPLACE unites the two Turkish i. The columns are generated, so that a row has its keys whoever writes it.
CREATE TABLE IF NOT EXISTS owner (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    first_name VARCHAR(255) NOT NULL,
    last_name VARCHAR(255) NOT NULL,
    address VARCHAR(255) NOT NULL,
    city VARCHAR(255) NOT NULL,
    telephone VARCHAR(20) NOT NULL,
    name_key VARCHAR(511) COLLATE utf8mb4_0900_ai_ci
        GENERATED ALWAYS AS (REPLACE(CONCAT(last_name, ' ', first_name), 'ı', 'i')) VIRTUAL,
    given_name_key VARCHAR(511) COLLATE utf8mb4_0900_ai_ci
        GENERATED ALWAYS AS (REPLACE(CONCAT(first_name, ' ', last_name), 'ı', 'i')) VIRTUAL,
    KEY owner_by_name (name_key, id),
    KEY owner_by_given_name (given_name_key, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

CREATE TABLE IF NOT EXISTS pet (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    birth_date DATE NOT NULL,
    type_id INT NOT NULL,
    owner_id INT NOT NULL,
    UNIQUE KEY pet_name_within_owner (owner_id, name),
    KEY pet_by_type (type_id),
    CONSTRAINT pet_type FOREIGN KEY (type_id) REFERENCES pet_type (id),
    CONSTRAINT pet_owner FOREIGN KEY (owner_id) REFERENCES owner (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

CREATE TABLE IF NOT EXISTS visit (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    pet_id INT NOT NULL,
    visit_date DATE NOT NULL,
    description VARCHAR(255) NOT NULL,
    KEY visit_by_pet (pet_id, visit_date),
    CONSTRAINT visit_pet FOREIGN KEY (pet_id) REFERENCES pet (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

-- Forms that were saved: a repeated submission of the same form finds the first one here, on whichever pod.
CREATE TABLE IF NOT EXISTS idempotency_key (
    token VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    location VARCHAR(255) NOT NULL,
    saved_at BIGINT NOT NULL,
    KEY idempotency_key_by_time (saved_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;
