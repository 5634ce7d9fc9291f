//! Requests that take long, to see what a rollout does to them: they hold no thread and no connection of the pool.

use std::time::Duration;

use crate::app::extract::Context;
use crate::views::{Error, Reply};

/// `GET /20process`
pub async fn twenty(_: Context) -> Result<Reply, Error> {
    after(20).await
}

/// `GET /40process`
pub async fn forty(_: Context) -> Result<Reply, Error> {
    after(40).await
}

async fn after(seconds: u64) -> Result<Reply, Error> {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    Ok(Reply::Text(format!("{seconds} sec Process finished")))
}
