//! Lists of courses cut into pages.

use super::route::Route;
use crate::error::Result;
use crate::model::view::{List, Map, Value};

/// One page of a listing: its number from 1, its route, and the courses on it.
pub(super) struct Slice<'a> {
    pub(super) route: Route,
    pub(super) number: usize,
    pub(super) courses: &'a [Map],
    total_pages: usize,
    total: usize,
    size: usize,
}

/// Cuts a list: the first page at `parts`, the others at `parts/page/N`. An empty list has one page.
pub(super) fn cut<'a>(parts: &[&str], courses: &'a [Map], size: usize) -> Result<Vec<Slice<'a>>> {
    let size = size.max(1);
    let total_pages = courses.len().div_ceil(size).max(1);
    (1..=total_pages)
        .map(|number| {
            let from = (number - 1) * size;
            let courses_here = &courses[from..courses.len().min(from + size)];
            let route = page_route(parts, number)?;
            Ok(Slice { route, number, courses: courses_here, total_pages, total: courses.len(), size })
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

impl Slice<'_> {
    /// The `paginator` of this page, with Jekyll's names; `link` makes an address of a route.
    pub(super) fn paginator(&self, parts: &[&str], link: &dyn Fn(&Route) -> String) -> Result<Map> {
        let neighbour = |number: Option<usize>| -> Result<(Value, Value)> {
            Ok(match number {
                Some(number) => (number.into(), link(&page_route(parts, number)?).into()),
                None => (Value::Nil, Value::Nil),
            })
        };
        let (previous, previous_path) = neighbour(Some(self.number - 1).filter(|n| *n > 0))?;
        let (next, next_path) = neighbour(Some(self.number + 1).filter(|n| *n <= self.total_pages))?;
        let courses: List = self.courses.iter().cloned().collect();
        Ok(Map::new(vec![
            ("page".into(), self.number.into()),
            ("per_page".into(), self.size.into()),
            ("total_pages".into(), self.total_pages.into()),
            ("total_posts".into(), self.total.into()),
            ("posts".into(), courses.clone().into()),
            ("courses".into(), courses.into()),
            ("previous_page".into(), previous),
            ("previous_page_path".into(), previous_path),
            ("next_page".into(), next),
            ("next_page_path".into(), next_path),
        ]))
    }
}
