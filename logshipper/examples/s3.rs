//! An S3 server for tests: `s3 DIRECTORY ACCESS_KEY SECRET_KEY`. A bucket is a directory in DIRECTORY. The first line that
//! it prints is its port; then comes a line for each request. While a file DIRECTORY.down is there, it closes connections
//! without an answer; while DIRECTORY.hold is there, it does what a PUT asks for and keeps the answer back.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |name| arguments.next().context(name);
    let directory = PathBuf::from(next("DIRECTORY")?);
    let auth = SimpleAuth::from_single(next("ACCESS_KEY")?, next("SECRET_KEY")?);
    let files = s3s_fs::FileSystem::new(&directory).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let mut builder = S3ServiceBuilder::new(files);
    builder.set_auth(auth);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(serve(directory, builder.build()))
}

async fn serve(directory: PathBuf, store: S3Service) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    say(&listener.local_addr()?.port().to_string());
    loop {
        let (stream, _) = listener.accept().await?;
        if there(&directory, "down") {
            continue;
        }
        let (directory, store) = (directory.clone(), store.clone());
        tokio::spawn(async move {
            let answer = |request: hyper::Request<hyper::body::Incoming>| {
                let is_put = request.method() == hyper::Method::PUT;
                let range = request.headers().get("range").and_then(|range| range.to_str().ok()).unwrap_or("-");
                say(&format!("{} {} {range}", request.method(), request.uri()));
                // The server makes a bucket that isn't there; S3 doesn't.
                let bucket = request.uri().path().split('/').nth(1).is_some_and(|bucket| directory.join(bucket).is_dir());
                let (answer, directory) = (Service::call(&store, request), &directory);
                async move {
                    if !bucket {
                        return Ok(no_such_bucket());
                    }
                    let answer = answer.await;
                    while is_put && there(directory, "hold") {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    anyhow::ensure!(!there(directory, "down"), "down");
                    answer.map_err(|error| anyhow::anyhow!("{error:?}"))
                }
            };
            // A client that goes away has what it asked for.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

fn no_such_bucket() -> hyper::Response<s3s::Body> {
    let mut answer = hyper::Response::new(s3s::Body::from(String::from("<Error><Code>NoSuchBucket</Code></Error>")));
    *answer.status_mut() = hyper::StatusCode::NOT_FOUND;
    answer
}

fn there(directory: &Path, what: &str) -> bool {
    directory.with_extension(what).exists()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A test that has ended reads nothing more.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
