//! Errors of handlers, and the status that each is answered with.

use http::{HeaderValue, Method, StatusCode};
use warp::reply::Response;

/// The challenge of a 401.
pub const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"petclinic\"");

/// Errors of a request. Each becomes an error page, or problem details where JSON is asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// No such path or row.
    #[error("not found")]
    NotFound,
    /// A page of a list behind those that are reached by number.
    #[error("page number too large")]
    PageTooFar,
    /// The path is there, and takes these methods.
    #[error("method not allowed")]
    MethodNotAllowed(&'static [Method]),
    /// For operators alone, and the request has no token of theirs.
    #[error("no admin token")]
    Unauthorized,
    /// A page of another site has sent it.
    #[error("sent by another site")]
    CrossSite,
    /// A query or a form that isn't percent-encoded UTF-8, or a body that broke off.
    #[error("malformed request")]
    Malformed,
    /// A limit was reached, with the status that the client gets.
    #[error("limit reached: {0}")]
    Rejected(StatusCode),
    /// Values that can't be saved: the problem of each field, as JSON.
    #[error("invalid values")]
    Invalid(serde_json::Value),
    /// Rows that depend on the row keep it from being deleted.
    #[error("row is in use")]
    Conflict,
    /// An `Idempotency-Key` was used before, with other values.
    #[error("idempotency key used with other values")]
    KeyReused,
    /// A request with the same `Idempotency-Key` is being answered.
    #[error("idempotency key in flight")]
    KeyInFlight,
    /// The row has another version than the one that `If-Match` names.
    #[error("precondition failed")]
    PreconditionFailed,
    /// A change without `If-Match`.
    #[error("precondition required")]
    PreconditionRequired,
    /// The body has another type than the route takes.
    #[error("unsupported media type")]
    UnsupportedMediaType,
    /// The database can't be reached, or refuses for now.
    #[error("the database can't be reached: {0}")]
    Unavailable(String),
    /// A statement failed.
    #[error("{0}")]
    Database(String),
    /// The page that shows what an error looks like.
    #[error("an error on purpose: /oups shows what happens")]
    OnPurpose,
    /// A handler panicked; the panic hook has logged where.
    #[error("a handler panicked")]
    Panicked,
    /// A page could not be made of its data.
    #[error("failed to render template: {0}")]
    Render(String),
}

impl Error {
    /// Makes an empty response that carries the error to the layer which renders it.
    pub fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::PageTooFar => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Rejected(status) => *status,
            Self::Invalid(_) | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict | Self::KeyInFlight => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database(_) | Self::OnPurpose | Self::Panicked | Self::Render(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Logs what is our fault. That the database is away is logged once, where it is noticed, and not for each request.
    pub fn log(&self) {
        if self.status() == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %self, "request failed");
        }
    }
}
