//! From the route table to a response: the macro that reads the table, and the one function that answers.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Buf;
use futures_util::{FutureExt, Stream};
use http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::extract::{Client, Context, MatchedRoute, RequestId};
use super::state::App;
use crate::views::{Error, Reply, RequestPreferences};

/// A handler's answer on its way.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send>>;

/// Calls the handler of one of a line's methods.
pub(crate) type Handle = Box<dyn FnOnce(&Method, Context) -> Answer + Send>;

/// A line of the table whose path is that of the request, with the path's parameters taken in.
pub(crate) struct Matched {
    pub(crate) template: &'static str,
    pub(crate) methods: &'static [Method],
    pub(crate) handle: Handle,
}

/// Reads a table of `(path) => { METHOD: handler, … }` lines into one filter that finds the line of a request's path.
///
/// A path is literals and `{name}`s (an id; `{name: Type}` for another type), which the handler gets after its context.
macro_rules! routes {
    ($( ($($path:tt)*) => $methods:tt )+) => { routes!(@or $( [routes!(@path warp::any(); [] []; [$($path)*] $methods)] )+) };

    // Boxed line by line: the type of twenty filters in one another takes the compiler minutes.
    (@or [$first:expr] $( [$next:expr] )*) => { $first.boxed()$(.or($next).unify().boxed())* };

    (@path $filter:expr; $params:tt [$($template:expr,)*]; [] { $($method:ident : $handler:expr),+ $(,)? }) => {
        $filter.and(warp::path::end()).map(routes!(@closure $params [
            match concat!($($template),*) { "" => "/", template => template }
        ] { $($method: $handler),+ }))
    };
    (@path $filter:expr; $params:tt [$($template:expr,)*]; [$literal:literal $(/ $($rest:tt)+)?] $methods:tt) => {
        routes!(@path $filter.and(warp::path($literal)); $params [$($template,)* "/", $literal,]; [$($($rest)+)?] $methods)
    };
    (@path $filter:expr; $params:tt $template:tt; [{$name:ident} $(/ $($rest:tt)+)?] $methods:tt) => {
        routes!(@path $filter; $params $template; [{$name: crate::app::extract::Id} $(/ $($rest)+)?] $methods)
    };
    (@path $filter:expr; [$($params:tt)*] [$($template:expr,)*]; [{$name:ident: $type:ty} $(/ $($rest:tt)+)?] $methods:tt) => {
        routes!(
            @path $filter.and(warp::path::param::<$type>());
            [$($params)* ($name: $type)] [$($template,)* "/{", stringify!($name), "}",]; [$($($rest)+)?] $methods
        )
    };

    (@closure [$(($name:ident: $type:ty))*] [$template:expr] $methods:tt) => {
        |$($name: $type),*| routes!(@matched [$($name)*] [$template] $methods)
    };
    (@matched $names:tt [$template:expr] { $($method:ident : $handler:expr),+ }) => {
        crate::app::router::Matched {
            template: $template,
            methods: &[$(http::Method::$method),+],
            handle: Box::new(move |method, cx| match *method {
                $(http::Method::$method => routes!(@call $handler, cx, $names),)+
                _ => Box::pin(std::future::ready(Err(crate::views::Error::NotFound))),
            }),
        }
    };
    (@call $handler:expr, $cx:ident, [$($name:ident)*]) => { Box::pin($handler($cx $(, $name)*)) };
}

/// Answers each request by the line of `table` that has its path, and by an error page where there is none.
pub(crate) fn answer<T>(table: T, app: App) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone
where
    T: Filter<Extract = (Matched,), Error = Rejection> + Clone + Send + Sync + 'static,
    T::Future: Send,
{
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    table
        .map(Some)
        .or(warp::any().map(|| None))
        .unify()
        .and(warp::method())
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<RequestId>())
        .and(warp::ext::optional::<Client>())
        .and(warp::body::stream())
        .then(move |matched, method, path, query, headers, id, client: Option<Client>, body| {
            let app = app.clone();
            async move {
                let head = Head { method, path, query, headers, id, client: client.unwrap_or_default() };
                respond(app, matched, head, body).await
            }
        })
}

/// A request without its body.
struct Head {
    method: Method,
    path: FullPath,
    query: String,
    headers: HeaderMap,
    id: Option<RequestId>,
    client: Client,
}

async fn respond<S, B, E>(app: App, matched: Option<Matched>, head: Head, body: S) -> Response
where
    S: Stream<Item = Result<B, E>> + Send,
    B: Buf,
{
    let views = app.views.clone();
    let (id, https) = (head.id.clone().map(|id| id.0), head.client.https == Some(true));
    let preferences = RequestPreferences::new(&head.headers, head.path.as_str(), &head.query, id, https, app.cookies.clone());
    let route = matched.as_ref().map(|matched| MatchedRoute(matched.template));
    let result = match matched {
        Some(matched) => handle(app, matched, head, body).await,
        None => Err(Error::NotFound),
    };
    let mut response = views.respond(result, &preferences);
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

/// Dispatches by method; a handler that panics has answered with an internal error.
async fn handle<S, B, E>(app: App, matched: Matched, head: Head, body: S) -> Result<Reply, Error>
where
    S: Stream<Item = Result<B, E>> + Send,
    B: Buf,
{
    let method = if head.method == Method::HEAD { Method::GET } else { head.method };
    if method == Method::OPTIONS {
        return Ok(Reply::Allow(matched.methods));
    }
    if !matched.methods.contains(&method) {
        return Err(Error::MethodNotAllowed(matched.methods));
    }
    if head.client.cross_site {
        return Err(Error::CrossSite);
    }
    let limits = Arc::clone(&app.limits);
    let get = method == Method::GET;
    let body = if get { bytes::Bytes::new() } else { limits.body(head.client.address, &head.headers, body).await? };
    let cx = Context::new(app, head.query, head.headers, body);
    let answer = AssertUnwindSafe((matched.handle)(&method, cx)).catch_unwind();
    limits.answer(matched.template, answer.map(|result| result.unwrap_or(Err(Error::Panicked)))).await
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use http::{Request, StatusCode};
    use tower_service::Service;

    use super::*;
    use crate::app::auth::AdminAuth;
    use crate::app::health::Health;
    use crate::app::limits::Limits;
    use crate::config::Config;
    use crate::db::Db;
    use crate::shutdown::Draining;
    use crate::telemetry::metrics::Metrics;
    use crate::views::Views;

    #[tokio::test]
    async fn a_handler_that_panics_has_answered_500() {
        let config = Config::parse_from(["web", "--database-url", "sqlite:never-opened"]);
        let (metrics, _) = Metrics::new();
        let db = Db::new(config.database.url.clone(), &config.pool, metrics.clone());
        let limits = Limits::new(config.limits.clone(), metrics);
        let app = App {
            db: db.clone(),
            health: Health::new(db, Draining::default()),
            admin: AdminAuth::default(),
            cookies: config.cookies.key().unwrap(),
            limits: Arc::new(limits),
            views: Arc::new(Views::new(config.pages.source())),
            vets: Arc::default(),
            commit: config.git_commit,
        };
        let table = warp::path::end().map(|| Matched {
            template: "/",
            methods: &[Method::GET],
            handle: Box::new(|_, _| Box::pin(async { panic!("on purpose") })),
        });
        let mut service = warp::service(answer(table, app));
        for _ in 0..2 {
            let response = service.call(Request::new(String::new())).await.unwrap();
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
}
