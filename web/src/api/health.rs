//! Health checks: the switch for a load balancer, liveness and readiness.

use http::StatusCode;
use serde_json::json;

use crate::app::extract::Context;
use crate::views::{Error, Reply};

/// `GET /healthcheck`
pub async fn check(cx: Context) -> Result<Reply, Error> {
    Ok(Reply::Empty(if cx.app.health.is_up() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }))
}

/// `DELETE /healthcheck`
pub async fn switch_down(cx: Context) -> Result<Reply, Error> {
    cx.require_admin()?;
    cx.app.health.switch(false);
    Ok(Reply::Empty(StatusCode::NO_CONTENT))
}

/// `POST /healthcheck`
pub async fn switch_up(cx: Context) -> Result<Reply, Error> {
    cx.require_admin()?;
    cx.app.health.switch(true);
    Ok(Reply::Empty(StatusCode::CREATED))
}

/// `GET /livez`: the program answers.
pub async fn live(_: Context) -> Result<Reply, Error> {
    Ok(Reply::Json(StatusCode::OK, json!({ "status": "UP" })))
}

/// `GET /readyz` and `/manage/health`, in the shape of Spring's actuator.
pub async fn ready(cx: Context) -> Result<Reply, Error> {
    let readiness = cx.app.health.readiness().await;
    let word = |up: bool| if up { "UP" } else { "DOWN" };
    let part = |up: bool| json!({ "status": word(up) });
    let body = json!({
        "status": word(readiness.is_ready()),
        "components": {
            "accepting": part(readiness.accepting),
            "db": part(readiness.database),
            "healthcheck": part(readiness.healthcheck),
        },
    });
    Ok(Reply::Json(if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, body))
}
