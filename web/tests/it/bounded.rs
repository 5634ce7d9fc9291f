//! Every answer is bounded, however many rows belong to what it shows.

use reqwest::Method;

use crate::support::{Clinic, Page};

/// Largest size of a page, in bytes.
const MAX_PAGE: usize = 256 << 10;

on_both! {
    fn page_is_at_most_256_kib_with_100_000_visits(clinic) {
        let description = "<'&\">🐕".repeat(40);
        let numbers = |rows: i32| format!(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})"
        );
        let concat = |text: &str| if clinic.is_mysql() { format!("CONCAT('{text}', n)") } else { format!("'{text}' || n") };
        clinic.execute(&format!(
            "INSERT INTO visit (pet_id, visit_date, description) {} SELECT 1, '2024-05-06', '{}' FROM numbers",
            numbers(100_000),
            description.replace('\'', "''"),
        ));
        clinic.execute(&format!(
            "INSERT INTO pet (name, birth_date, type_id, owner_id) {} SELECT {}, '2020-01-01', 1, 1 FROM numbers",
            numbers(20_000),
            concat("pet"),
        ));
        for path in [
            "/owners/1",
            "/owners/1?page=2",
            "/owners/1?page=1000",
            "/owners?lastName=",
            "/owners/1/pets/1/visits",
            "/owners/1/pets/1/visits?before=2024-05-06,50000",
            "/owners/1/pets/1/visits/new",
            "/owners/1/pets/1/edit",
        ] {
            for accept in ["text/html", "application/json"] {
                let page = Page::of(clinic.request(Method::GET, path).header("accept", accept).send().unwrap());
                assert_eq!(page.status, 200, "{path}");
                assert!(page.text.len() <= MAX_PAGE, "{path} as {accept} has {} bytes", page.text.len());
            }
        }
        let next = clinic.json("/owners/1/pets/1/visits")["pages"]["next"].as_str().unwrap().to_owned();
        assert_eq!(clinic.json(&next)["visits"].as_array().unwrap().len(), 50);
        let visit = [("date", "2024-05-06"), ("description", "one more")];
        clinic.post("/owners/1/pets/1/visits/new", &visit).refuses("date", "too many");
        let pet = [("name", "One more"), ("birthDate", "2020-01-01"), ("type", "cat")];
        clinic.post("/owners/1/pets/new", &pet).refuses("name", "too many");
    }
}

impl Clinic {
    fn is_mysql(&self) -> bool {
        self.url().starts_with("mysql")
    }

    /// Runs a statement as another program would.
    fn execute(&self, sql: &str) {
        use diesel::Connection as _;
        use diesel::connection::SimpleConnection;
        if let Some(path) = self.url().strip_prefix("sqlite:") {
            diesel::SqliteConnection::establish(path).unwrap().batch_execute(sql).unwrap();
        } else {
            let connection = &mut diesel::MysqlConnection::establish(self.url()).unwrap();
            connection
                .batch_execute("SET SESSION /*!80000 cte_max_recursion_depth */ /*M! max_recursive_iterations */ = 1000000")
                .unwrap();
            connection.batch_execute(sql).unwrap();
        }
    }
}
