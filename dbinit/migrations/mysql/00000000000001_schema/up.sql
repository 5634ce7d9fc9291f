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
-- width, and REPLACE unites the two Turkish i. `initials` are the leading consonants of a Korean name's first syllables
-- (ㄱㅁㅈ): INTERVAL finds the consonant's range among the codes of the syllables. A telephone number is found by any part,
-- as the beginning of its digits or of its last 4 to 11 ones. The columns are generated, so that a row has its keys whoever
-- writes it.
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
    initials VARCHAR(5) COLLATE utf8mb4_bin GENERATED ALWAYS AS (NULLIF(CONCAT_WS('',
            ELT(INTERVAL(ORD(SUBSTR(CONCAT(last_name, first_name), 1, 1)),15380608,15382924,15434392,15436708,15439024,15441340,15443848,15446164,15448480,15499948,15502264,15504772,15507088,15509404,15511720,15514036,15565696,15568012,15570328,15572644),'ㄱ','ㄲ','ㄴ','ㄷ','ㄸ','ㄹ','ㅁ','ㅂ','ㅃ','ㅅ','ㅆ','ㅇ','ㅈ','ㅉ','ㅊ','ㅋ','ㅌ','ㅍ','ㅎ'),
            ELT(INTERVAL(ORD(SUBSTR(CONCAT(last_name, first_name), 2, 1)),15380608,15382924,15434392,15436708,15439024,15441340,15443848,15446164,15448480,15499948,15502264,15504772,15507088,15509404,15511720,15514036,15565696,15568012,15570328,15572644),'ㄱ','ㄲ','ㄴ','ㄷ','ㄸ','ㄹ','ㅁ','ㅂ','ㅃ','ㅅ','ㅆ','ㅇ','ㅈ','ㅉ','ㅊ','ㅋ','ㅌ','ㅍ','ㅎ'),
            ELT(INTERVAL(ORD(SUBSTR(CONCAT(last_name, first_name), 3, 1)),15380608,15382924,15434392,15436708,15439024,15441340,15443848,15446164,15448480,15499948,15502264,15504772,15507088,15509404,15511720,15514036,15565696,15568012,15570328,15572644),'ㄱ','ㄲ','ㄴ','ㄷ','ㄸ','ㄹ','ㅁ','ㅂ','ㅃ','ㅅ','ㅆ','ㅇ','ㅈ','ㅉ','ㅊ','ㅋ','ㅌ','ㅍ','ㅎ'),
            ELT(INTERVAL(ORD(SUBSTR(CONCAT(last_name, first_name), 4, 1)),15380608,15382924,15434392,15436708,15439024,15441340,15443848,15446164,15448480,15499948,15502264,15504772,15507088,15509404,15511720,15514036,15565696,15568012,15570328,15572644),'ㄱ','ㄲ','ㄴ','ㄷ','ㄸ','ㄹ','ㅁ','ㅂ','ㅃ','ㅅ','ㅆ','ㅇ','ㅈ','ㅉ','ㅊ','ㅋ','ㅌ','ㅍ','ㅎ'),
            ELT(INTERVAL(ORD(SUBSTR(CONCAT(last_name, first_name), 5, 1)),15380608,15382924,15434392,15436708,15439024,15441340,15443848,15446164,15448480,15499948,15502264,15504772,15507088,15509404,15511720,15514036,15565696,15568012,15570328,15572644),'ㄱ','ㄲ','ㄴ','ㄷ','ㄸ','ㄹ','ㅁ','ㅂ','ㅃ','ㅅ','ㅆ','ㅇ','ㅈ','ㅉ','ㅊ','ㅋ','ㅌ','ㅍ','ㅎ')), '')) VIRTUAL,
    telephone_digits VARCHAR(20) GENERATED ALWAYS AS (REPLACE(telephone, '+', '')) VIRTUAL,
    telephone_4 VARCHAR(4) GENERATED ALWAYS AS (RIGHT(telephone, 4)) VIRTUAL,
    telephone_5 VARCHAR(5) GENERATED ALWAYS AS (RIGHT(telephone, 5)) VIRTUAL,
    telephone_6 VARCHAR(6) GENERATED ALWAYS AS (RIGHT(telephone, 6)) VIRTUAL,
    telephone_7 VARCHAR(7) GENERATED ALWAYS AS (RIGHT(telephone, 7)) VIRTUAL,
    telephone_8 VARCHAR(8) GENERATED ALWAYS AS (RIGHT(telephone, 8)) VIRTUAL,
    telephone_9 VARCHAR(9) GENERATED ALWAYS AS (RIGHT(telephone, 9)) VIRTUAL,
    telephone_10 VARCHAR(10) GENERATED ALWAYS AS (RIGHT(telephone, 10)) VIRTUAL,
    telephone_11 VARCHAR(11) GENERATED ALWAYS AS (RIGHT(telephone, 11)) VIRTUAL,
    KEY owner_by_name (name_key, id),
    KEY owner_by_given_name (given_name_key, id),
    KEY owner_by_initials (initials, id),
    KEY owner_by_telephone (telephone_digits, id),
    KEY owner_by_telephone_4 (telephone_4, id),
    KEY owner_by_telephone_5 (telephone_5, id),
    KEY owner_by_telephone_6 (telephone_6, id),
    KEY owner_by_telephone_7 (telephone_7, id),
    KEY owner_by_telephone_8 (telephone_8, id),
    KEY owner_by_telephone_9 (telephone_9, id),
    KEY owner_by_telephone_10 (telephone_10, id),
    KEY owner_by_telephone_11 (telephone_11, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

CREATE TABLE IF NOT EXISTS pet (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    birth_date DATE NOT NULL,
    type_id INT NOT NULL,
    owner_id INT NOT NULL,
    name_key VARCHAR(255) COLLATE utf8mb4_0900_ai_ci GENERATED ALWAYS AS (REPLACE(name, 'ı', 'i')) VIRTUAL,
    UNIQUE KEY pet_name_within_owner (owner_id, name),
    KEY pet_by_name (name_key, owner_id),
    KEY pet_by_type (type_id),
    CONSTRAINT pet_type FOREIGN KEY (type_id) REFERENCES pet_type (id),
    CONSTRAINT pet_owner FOREIGN KEY (owner_id) REFERENCES owner (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

CREATE TABLE IF NOT EXISTS visit (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    pet_id INT NOT NULL,
    visit_date DATE NOT NULL,
    visit_time TIME,
    vet_id INT,
    status VARCHAR(10) NOT NULL DEFAULT 'booked',
    description VARCHAR(255) NOT NULL,
    note VARCHAR(2000),
    KEY visit_by_pet (pet_id, visit_date),
    KEY visit_by_day (visit_date, visit_time),
    KEY visit_by_vet (vet_id, visit_date, visit_time),
    CONSTRAINT visit_pet FOREIGN KEY (pet_id) REFERENCES pet (id),
    CONSTRAINT visit_vet FOREIGN KEY (vet_id) REFERENCES vet (id),
    CONSTRAINT visit_status CHECK (status IN ('booked', 'arrived', 'done', 'cancelled'))
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;

-- Forms that were saved: a repeated submission of the same form finds the first one here, on whichever pod.
CREATE TABLE IF NOT EXISTS idempotency_key (
    token VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    location VARCHAR(255) NOT NULL,
    saved_at BIGINT NOT NULL,
    KEY idempotency_key_by_time (saved_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;
