//! Memory under the pod's limit, whatever the tables hold.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use testkit::load::{Load, Report, RunConfig};
use testkit::until;

use crate::soak::{MIB, measurement};
use crate::support::Web;

/// The pod's limit in k8s/30-deployment.yaml.
const LIMIT: usize = 256 * MIB;
const READERS: usize = 32;
const MAX_PAGE: usize = 256 << 10;
const VISITS: u32 = 100_000;
const PETS: u32 = 20_000;

const SMALL: [&str; 1] = ["/owners/2"];
const LARGE: [&str; 10] = [
    "/owners/1",
    "/owners/1?page=1000",
    "/owners?lastName=",
    "/owners?lastName=&page=200",
    "/owners/1/pets/1/visits",
    "/owners/1/pets/1/visits/new",
    "/api/owners?size=100",
    "/api/owners/1",
    "/api/owners/1/pets?size=100",
    "/api/owners/1/pets/1/visits?size=100",
];

/// The tables with many visits on a pet, many pets of an owner, and so many owners.
fn fill(url: &str, owners: u32) {
    let rows = |count: u32| format!("WITH RECURSIVE rows (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM rows WHERE n < {count})");
    let connection = &mut schema::database::connect(&url.parse().unwrap()).unwrap();
    dbinit::prepare(connection, testkit::DEADLINE).unwrap();
    let visit = format!("SELECT 1, '2024-05-06', '{}' FROM rows", "<&\">🐕".repeat(50));
    let pet = "SELECT 'pet' || n, '2020-01-01', 1, 1 FROM rows";
    let owner = "SELECT 'First' || n, 'Last' || n, n || ' Elm St.', 'Madison', '6085551023' FROM rows";
    for statement in [
        format!("INSERT INTO visit (pet_id, visit_date, description) {} {visit}", rows(VISITS)),
        format!("INSERT INTO pet (name, birth_date, type_id, owner_id) {} {pet}", rows(PETS)),
        format!("INSERT INTO owner (first_name, last_name, address, city, telephone) {} {owner}", rows(owners)),
    ] {
        connection.batch_execute(&statement).unwrap();
    }
    schema::search::fill_keys(connection).unwrap();
}

/// Answers to 32 readers at once.
fn read(web: &Web, paths: &[&str], answers: u64) -> Report {
    let load = Load::start(RunConfig::closed_loop(web.address, READERS, paths));
    until("answers", || (load.answered() >= answers).then_some(()));
    let report = load.stop();
    assert!(report.failures().is_empty(), "{report}");
    report
}

fn p99(report: &Report) -> Duration {
    let mut times: Vec<_> = report.answers.iter().map(|answer| answer.took).collect();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

fn large_tables_are_read_within_the_limit(owners: u32, answers: u64) {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("petclinic.db").display());
    fill(&url, owners);
    let web = Web::start_with_memory(LIMIT, &url, directory);
    for path in LARGE {
        let page = testkit::http::get(web.url(path));
        assert_eq!(page.status(), 200, "{path}");
        let size = page.bytes().unwrap().len();
        assert!(size <= MAX_PAGE, "{path} has {size} bytes");
    }
    read(&web, &SMALL, answers / 4);
    let (small, large) = (p99(&read(&web, &SMALL, answers)), p99(&read(&web, &LARGE[..1], answers)));
    read(&web, &LARGE, answers);
    let peak = web.peak_memory();
    measurement(&format!("32 readers, {owners} owners: peak memory"), format!("{} MiB", peak / MIB), "<= 256 MiB");
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    measurement("p99 of an owner with 20 000 pets, compared with a small one", format!("{ratio:.2}"), "<= 3");
    assert!(peak <= LIMIT, "{peak} bytes");
}

#[test]
fn memory_with_100_000_owners_is_within_the_limit() {
    large_tables_are_read_within_the_limit(100_000, 1_000);
}

#[test]
#[ignore = "takes minutes: ./dev soak"]
fn memory_with_a_million_owners_is_within_the_limit() {
    large_tables_are_read_within_the_limit(1_000_000, 20_000);
}
