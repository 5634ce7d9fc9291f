//! Compressing a segment of access lines, and decoding it: `cargo bench -p logshipper --bench gzip`.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use logshipper::gzip::read::digest;
use logshipper::gzip::write::compress;

/// Default of `ROTATE_BYTES`.
const SEGMENT: usize = 10 << 20;
/// Default of `COMPRESS_LEVEL`.
const LEVEL: u32 = 5;

fn segment() -> String {
    let mut lines = String::with_capacity(SEGMENT);
    let mut random = fastrand::Rng::with_seed(1);
    while lines.len() < SEGMENT {
        let (micros, owner, bytes, port) = (random.u32(..1_000_000), random.u32(..), random.u16(..), random.u16(32_768..));
        writeln!(
            lines,
            "{{\"timestamp\":\"2026-07-23T00:00:00.{micros:06}Z\",\"level\":\"INFO\",\"message\":\"request\",\"method\":\"GET\",\
             \"path\":\"/owners/{owner}\",\"status\":200,\"bytes\":{bytes},\"peer\":\"10.0.0.1:{port}\",\"request_id\":\"{:032x}\"}}",
            random.u128(..)
        )
        .unwrap();
    }
    lines
}

fn benches(criterion: &mut Criterion) {
    let plain = segment();
    let pack = || {
        let mut gz = Vec::new();
        compress(&mut plain.as_bytes(), plain.len() as u64, &mut gz, LEVEL, None, &mut || Ok(())).unwrap();
        gz
    };
    let gz = pack();
    let mut group = criterion.benchmark_group("gzip");
    group.throughput(Throughput::Bytes(plain.len() as u64)).sample_size(20);
    group.bench_function("compress", |bencher| bencher.iter(|| black_box(pack())));
    group.bench_function("decode", |bencher| bencher.iter(|| black_box(digest(gz.as_slice()).unwrap())));
    group.finish();
}

criterion_group!(gzip, benches);
criterion_main!(gzip);
