//! Lists of courses cut into pages.

use super::route::Route;
use super::views::Addresses;
use crate::error::Result;
use crate::model::view::{List, Map, Value};

/// One page of a listing: its number from 1, its route, and the courses on it by their place in the catalogue.
pub(super) struct Slice {
    pub(super) route: Route,
    pub(super) number: usize,
    pub(super) courses: Vec<u32>,
    size: usize,
}

/// Cuts a list: the first page at `parts`, the others at `parts/page/N`. An empty list has one page.
pub(super) fn cut(parts: &[&str], courses: &[u32], size: usize) -> Result<Vec<Slice>> {
    let size = size.max(1);
    let total_pages = courses.len().div_ceil(size).max(1);
    (1..=total_pages)
        .map(|number| {
            let from = (number - 1) * size;
            let courses = courses[from..courses.len().min(from + size)].to_vec();
            Ok(Slice { route: page_route(parts, number)?, number, courses, size })
        })
        .collect()
}

fn page_route(parts: &[&str], number: usize) -> Result<Route> {
    if number == 1 {
        return Route::page(parts);
    }
    let number = number.to_string();
    Route::page(&[parts, &["page", &number]].concat())
}

/// Number and address of a page that is there, and nothing of one that is not.
pub(super) fn neighbour(slices: &[Slice], addresses: &Addresses, number: Option<usize>) -> (Value, Value) {
    let route = number.and_then(|number| slices.get(number.checked_sub(1)?)).map(|slice| &slice.route);
    (
        Value::maybe(route.and(number)),
        route.map_or(Value::Nil, |route| addresses.link(&route.address()).into()),
    )
}

impl Slice {
    /// The `paginator` of this page, with Jekyll's names; `link` gives number and address of a page that is there.
    pub(super) fn paginator(
        &self,
        courses: List,
        total_pages: usize,
        total: usize,
        link: impl Fn(Option<usize>) -> (Value, Value),
    ) -> Map {
        let (previous, previous_path) = link(self.number.checked_sub(1));
        let (next, next_path) = link(Some(self.number + 1));
        Map::new(vec![
            ("page".into(), self.number.into()),
            ("per_page".into(), self.size.into()),
            ("total_pages".into(), total_pages.into()),
            ("total_posts".into(), total.into()),
            ("posts".into(), courses.clone().into()),
            ("courses".into(), courses.into()),
            ("previous_page".into(), previous),
            ("previous_page_path".into(), previous_path),
            ("next_page".into(), next),
            ("next_page_path".into(), next_path),
        ])
    }
}
