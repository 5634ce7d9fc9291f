//! The statements of the pages that read the database, on SQLite: `cargo bench -p web --bench store`.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use schema::database::connect;
use web::pages::owners::store::{self, Start};

fn benches(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("petclinic.db").display());
    let mut connection = connect(&url.parse().unwrap()).unwrap();
    dbinit::prepare(&mut connection, Duration::from_mins(1)).unwrap();
    let mut group = criterion.benchmark_group("store");
    group.bench_function("details", |bencher| bencher.iter(|| black_box(store::details(&mut connection, 1, 0).unwrap())));
    group.bench_function("list", |bencher| {
        bencher.iter(|| black_box(store::search(&mut connection, "", &Start::Offset(0), 5).unwrap()));
    });
    group.bench_function("search", |bencher| {
        bencher.iter(|| black_box(store::search(&mut connection, "Dav", &Start::Offset(0), 5).unwrap()));
    });
    group.finish();
}

criterion_group!(store, benches);
criterion_main!(store);
