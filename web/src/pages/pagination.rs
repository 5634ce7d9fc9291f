//! Links between the pages of a list.

use serde::Serialize;

/// Pages that a list links to by their number, before and after the current one.
const NEAR: i64 = 3;

/// Links from one page of a list to its other pages.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pages {
    /// Number of this page; none where a list has too many rows to number its pages.
    pub current: Option<i64>,
    /// Number of numbered pages.
    pub count: Option<i64>,
    /// The first page, unless this is it.
    pub first: Option<String>,
    /// The page before, where its link is known.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// The last page, unless this is it or the list goes on behind the numbered pages.
    pub last: Option<String>,
    /// The pages around the current one, to go to directly.
    pub near: Vec<Near>,
    /// Numbers of rows per page to choose from.
    pub sizes: Vec<Near>,
}

/// A page near the current one, or a size of pages; without a path, the current one itself.
#[derive(Debug, Serialize)]
pub struct Near {
    page: i64,
    path: Option<String>,
}

impl Pages {
    /// Page `current` of `count`; `link` returns a page's path.
    pub fn numbered(current: i64, count: i64, link: impl Fn(i64) -> String) -> Self {
        let (before, after) = (current > 1, current < count);
        // as many at either end of the list as in its middle
        let start = (current - NEAR).min(count - 2 * NEAR).max(1);
        let near = start..=(start + 2 * NEAR).min(count);
        Self {
            near: near.map(|page| Near { page, path: (page != current).then(|| link(page)) }).collect(),
            current: Some(current),
            count: Some(count),
            first: before.then(|| link(1)),
            previous: before.then(|| link(current - 1)),
            next: after.then(|| link(current + 1)),
            last: after.then(|| link(count)),
            sizes: Vec::new(),
        }
    }

    /// Page `current` of a list that is read page by page and never counted; `more` if another page follows.
    pub fn uncounted(current: i64, more: bool, link: impl Fn(i64) -> String) -> Self {
        let before = current > 1;
        let (first, previous) = (before.then(|| link(1)), before.then(|| link(current - 1)));
        Self { previous, ..Self::unnumbered(first, more.then(|| link(current + 1))) }
    }

    /// The same links, and one to each size of pages.
    #[must_use]
    pub fn with_sizes(mut self, current: i64, sizes: &[i64], link: impl Fn(i64) -> String) -> Self {
        self.sizes = sizes.iter().map(|&size| Near { page: size, path: (size != current).then(|| link(size)) }).collect();
        self
    }

    /// A page known only by its neighbours.
    pub fn unnumbered(first: Option<String>, next: Option<String>) -> Self {
        Self { first, next, ..Self::default() }
    }
}
