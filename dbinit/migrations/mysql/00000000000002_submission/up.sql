-- Forms that were saved: a second click on the same form finds its first one here, on whichever pod.
CREATE TABLE IF NOT EXISTS submission (
    token VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
    location VARCHAR(255) NOT NULL,
    saved_at BIGINT NOT NULL,
    KEY submission_by_time (saved_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_0900_as_ci;
