//! From the route table to a response: the macro that reads the table, and the one function that answers.

use std::pin::Pin;
use std::sync::Arc;

use http::Method;
use warp::reply::Response;
use warp::{Filter, Rejection};

use super::extract::{Context, MatchedRoute, RequestBody};
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
    ($( ($($path:tt)*) => $methods:tt )+) => {
        (
            routes!(@or $( [routes!(@path warp::any(); [] [routes!(@template $($path)*)]; [$($path)*] $methods)] )+),
            crate::app::router::Templates(std::sync::Arc::new([$( (routes!(@template $($path)*), routes!(@methods $methods)) ),+])),
        )
    };

    (@methods { $($method:ident : $handler:expr),+ $(,)? }) => { &[$(http::Method::$method),+] as &[http::Method] };
    (@template $($path:tt)*) => { concat!("/", $( routes!(@segment $path) ),*) };
    (@segment /) => { "/" };
    (@segment {$name:ident $($type:tt)*}) => { concat!("{", stringify!($name), "}") };
    (@segment $literal:literal) => { $literal };

    // Boxed line by line: the type of twenty filters in one another takes the compiler minutes. A line is tried only where
    // those before it have another path.
    (@or [$last:expr]) => { $last.boxed() };
    (@or [$first:expr] $($rest:tt)+) => { $first.or(routes!(@or $($rest)+)).unify().boxed() };

    (@path $filter:expr; $params:tt $template:tt; [] { $($method:ident : $handler:expr),+ $(,)? }) => {
        $filter.and(warp::path::end()).map(routes!(@closure $params $template { $($method: $handler),+ }))
    };
    (@path $filter:expr; $params:tt $template:tt; [$literal:literal $(/ $($rest:tt)+)?] $methods:tt) => {
        routes!(@path $filter.and(warp::path($literal)); $params $template; [$($($rest)+)?] $methods)
    };
    (@path $filter:expr; $params:tt $template:tt; [{$name:ident} $(/ $($rest:tt)+)?] $methods:tt) => {
        routes!(@path $filter; $params $template; [{$name: crate::app::extract::Id} $(/ $($rest)+)?] $methods)
    };
    (@path $filter:expr; [$($params:tt)*] $template:tt; [{$name:ident: $type:ty} $(/ $($rest:tt)+)?] $methods:tt) => {
        routes!(
            @path $filter.and(warp::path::param::<$type>()); [$($params)* ($name: $type)] $template; [$($($rest)+)?] $methods
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

/// The paths of a table, as they stand in it, with their methods. Clones share them.
#[derive(Clone, Debug)]
pub struct Templates(pub(crate) Arc<[(&'static str, &'static [Method])]>);

impl Templates {
    /// The route of a request that no handler has seen, because a layer has rejected it.
    pub(crate) fn find(&self, path: &str) -> Option<&'static str> {
        let given = || path.strip_suffix('/').unwrap_or(path).split('/');
        let is_path = |template: &&str| {
            let parts = || template.strip_suffix('/').unwrap_or(template).split('/');
            parts().count() == given().count()
                && parts().zip(given()).all(|(part, given)| part == given || part.starts_with('{') && !given.is_empty())
        };
        self.0.iter().map(|(template, _)| *template).find(is_path)
    }
}

/// Answers each request by the line of `table` that has its path, and by an error where there is none.
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
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<RequestBody>())
        .and(warp::ext::get::<MatchedRoute>())
        .and(warp::ext::get::<Arc<RequestPreferences>>())
        .then(
            move |matched: Option<Matched>,
                  method,
                  query,
                  headers,
                  body: Option<RequestBody>,
                  route: MatchedRoute,
                  preferences: Arc<_>| {
                let app = app.clone();
                async move {
                    let Some(matched) = matched else { return Error::NotFound.into_response() };
                    route.set(matched.template);
                    let views = app.views.clone();
                    let context = Context::new(app, query, headers, body.unwrap_or_default().0);
                    let reply = handle(matched, method, context).await;
                    reply.and_then(|reply| views.reply(reply, &preferences)).unwrap_or_else(Error::into_response)
                }
            },
        )
}

/// Dispatches by method.
async fn handle(matched: Matched, method: Method, context: Context) -> Result<Reply, Error> {
    let method = if method == Method::HEAD { Method::GET } else { method };
    if method == Method::OPTIONS {
        return Ok(Reply::Allow(matched.methods));
    }
    if !matched.methods.contains(&method) {
        return Err(Error::MethodNotAllowed(matched.methods));
    }
    (matched.handle)(&method, context).await
}

#[cfg(test)]
mod tests {
    use super::Templates;

    #[test]
    fn route_of_rejected_request_is_found() {
        let paths = ["/", "/owners/new", "/owners/{owner}", "/owners/{owner}/edit"];
        let templates = Templates(paths.map(|path| (path, &[] as &[_])).into());
        for (path, route) in [
            ("/", Some("/")),
            ("/owners/new", Some("/owners/new")),
            ("/owners/7/", Some("/owners/{owner}")),
            ("/owners/7/edit", Some("/owners/{owner}/edit")),
            ("/owners//edit", None),
            ("/owners", None),
            ("/owners/7/edit/x", None),
            ("*", None),
        ] {
            assert_eq!(templates.find(path), route, "{path}");
        }
    }
}
