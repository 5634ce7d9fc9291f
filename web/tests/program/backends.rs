use crate::support::Web;

/// Every route that only reads. Forms have a token of their own in each answer, and so are compared by status.
const SAME: [&str; 15] = [
    "/",
    "/owners/find",
    "/owners?lastName=",
    "/owners?lastName=&page=2",
    "/owners?lastName=dav",
    "/owners?lastName=Franklin",
    "/owners?lastName=%25",
    "/owners/6",
    "/search?q=d",
    "/search?q=6085551",
    "/search?q=lucky",
    "/vets/2",
    "/vets.html",
    "/vets.html?page=2",
    "/vets",
];
const FORMS: [&str; 7] = [
    "/owners/new",
    "/owners/1/edit",
    "/owners/1/pets/new",
    "/owners/1/pets/1/edit",
    "/owners/1/pets/1/visits/new",
    "/readyz",
    "/manage/health",
];
const MISSING: [&str; 4] = ["/owners/999", "/owners/1/pets/2/edit", "/owners/2/pets/1/visits/new", "/owners?lastName=&page=99"];

#[test]
fn both_databases_answer_the_same() {
    let database = testkit::mysql::database();
    let (sqlite, mysql) = (Web::start(&[]), Web::start_prepared(&database.url, tempfile::tempdir().unwrap(), &[]));
    let client = testkit::http::client();
    let answer = |web: &Web, path: &str| {
        let answer = client.get(web.url(path)).send().unwrap();
        let location = answer.headers().get("location").cloned();
        (answer.status().as_u16(), location, answer.text().unwrap())
    };
    for path in SAME {
        let (on_sqlite, on_mysql) = (answer(&sqlite, path), answer(&mysql, path));
        assert!((200..400).contains(&on_sqlite.0), "{path}: {}", on_sqlite.0);
        assert_eq!(on_sqlite, on_mysql, "{path}");
    }
    for (paths, status) in [(&FORMS[..], 200), (&MISSING[..], 404)] {
        for path in paths {
            assert_eq!((answer(&sqlite, path).0, answer(&mysql, path).0), (status, status), "{path}");
        }
    }
}
