//! Parts that all resources of the API share: lists, versions and preconditions.

use std::fmt::Debug;

use diesel::QueryResult;
use http::header::IF_MATCH;
use schema::database::{Connection, last_insert_id};
use serde::Serialize;
use serde_json::json;

use crate::app::extract::{Context, Id};
use crate::pages::idempotency::IdempotencyKey;
use crate::pages::pets::violation;
use crate::views::assets::fingerprint;
use crate::views::compression::TAG_SUFFIX;
use crate::views::form::Form;
use crate::views::{Error, Fields, Reply};

/// Largest number of items per page of a list.
const MAX_SIZE: i64 = 100;
/// Number of items per page, unless the client asks for another.
const SIZE: i64 = 20;

/// The size of a page: the query's `size`, from 1 to [`MAX_SIZE`].
pub(super) fn size(query: &Fields<'_>) -> Result<i64, Error> {
    match query.get("size") {
        None => Ok(SIZE),
        Some(size) => size.parse().ok().filter(|size| (1..=MAX_SIZE).contains(size)).ok_or(Error::Malformed),
    }
}

/// The id behind which a page begins: the query's `after`.
pub(super) fn after(query: &Fields<'_>) -> Result<i32, Error> {
    query.get("after").map_or(Ok(0), |after| after.parse().map(|id: Id| id.0).map_err(|()| Error::Malformed))
}

/// A page of a list; `after` is the position of its last item where there may be more behind it.
pub(super) fn list(path: &str, size: i64, items: &impl Serialize, after: Option<&str>) -> Reply {
    let query = |after| serde_urlencoded::to_string([("size", &*size.to_string()), ("after", after)]).unwrap_or_default();
    let next = after.map(|after| format!("{path}{}{}", if path.contains('?') { '&' } else { '?' }, query(after)));
    Reply::Resource { data: json!({ "items": items, "next": next }), version: None, location: None }
}

/// A page of a list in the order of ids.
pub(super) fn list_by_id<T: Serialize>(path: &str, size: i64, items: &[T], id: impl Fn(&T) -> i32) -> Reply {
    let full = i64::try_from(items.len()) == Ok(size);
    let last = items.last().filter(|_| full).map(|item| id(item).to_string());
    list(path, size, &items, last.as_deref())
}

/// A resource with the version of `form`; `location` is the path of one that was created.
pub(super) fn shown(data: &impl Serialize, form: &Form, location: Option<String>) -> Reply {
    Reply::Resource { data: json!(data), version: form.version().map(str::to_owned), location }
}

/// Checks `If-Match`, which a change must have: the version of `current`, or `*`.
pub(super) fn check_version(cx: &Context, current: &Form) -> Result<(), Error> {
    let wanted = cx.headers().get(IF_MATCH).ok_or(Error::PreconditionRequired)?;
    let wanted = wanted.to_str().map_err(|_| Error::Malformed)?;
    // the tag of a compressed response names the same version
    let version = |tag: &str| Some(tag.strip_prefix('"')?.strip_suffix('"')?.trim_end_matches(TAG_SUFFIX).to_owned());
    let is_current = |tag: &str| tag == "*" || version(tag).as_deref().is_some_and(|tag| Some(tag) == current.version());
    if wanted.split(',').any(|tag| is_current(tag.trim())) { Ok(()) } else { Err(Error::PreconditionFailed) }
}

/// Saves `values` with `insert`, once per `Idempotency-Key`, as a new item of the list at `path`. Returns its id and path.
///
/// The fingerprint of the values is recorded behind the path: with the same key they must be the same. A violation of a
/// constraint is a problem of `field`.
pub(super) async fn create<V: Clone + Debug + Send + 'static>(
    cx: &Context,
    statement: &'static str,
    path: String,
    (values, mut form, field): (&V, Form, &'static str),
    insert: impl Fn(&mut Connection, &V) -> QueryResult<()> + Send + 'static,
) -> Result<(i32, String), Error> {
    let key = IdempotencyKey::of_header(cx, &path)?;
    let (values, sent) = (values.clone(), format!("{:016x}", fingerprint(format!("{values:?}").as_bytes())));
    let tag = sent.clone();
    let save = move |conn: &mut Connection| {
        insert(conn, &values)?;
        Ok(format!("{path}/{}#{tag}", last_insert_id(conn)?))
    };
    let saved = cx.app.db.run(statement, move |conn| key.execute_once(conn, &save)).await;
    if let Some(problem) = violation(&saved) {
        form.add_error(field, problem);
        return Err(form.into_error());
    }
    let saved = saved?;
    let (location, recorded) = saved.split_once('#').unwrap_or((&saved, ""));
    if recorded != sent {
        return Err(Error::KeyReused);
    }
    let id = location.rsplit('/').next().and_then(|id| id.parse().ok());
    Ok((id.ok_or_else(|| Error::Render(format!("no id in {location}")))?, location.to_owned()))
}
