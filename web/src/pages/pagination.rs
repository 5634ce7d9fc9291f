//! Links from one page of a list to the others.

use serde::Serialize;

/// Pages that a list links to by their number, before and after the current one.
const NEAR: i64 = 3;

/// Where a list's other pages are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pages {
    current: i64,
    count: i64,
    first: Option<String>,
    previous: Option<String>,
    next: Option<String>,
    last: Option<String>,
    /// The pages around the current one, to go to directly.
    near: Vec<Near>,
}

/// A page near the current one; without a path, the current one itself.
#[derive(Debug, Serialize)]
struct Near {
    page: i64,
    path: Option<String>,
}

impl Pages {
    /// Page `current` of `count`; `link` names a page's path.
    pub fn linked(current: i64, count: i64, link: impl Fn(i64) -> String) -> Self {
        let (before, after) = (current > 1, current < count);
        // as many at either end of the list as in its middle
        let start = (current - NEAR).min(count - 2 * NEAR).max(1);
        let near = start..=(start + 2 * NEAR).min(count);
        Self {
            near: near.map(|page| Near { page, path: (page != current).then(|| link(page)) }).collect(),
            current,
            count,
            first: before.then(|| link(1)),
            previous: before.then(|| link(current - 1)),
            next: after.then(|| link(current + 1)),
            last: after.then(|| link(count)),
        }
    }
}
