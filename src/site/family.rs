//! The files that each course has of its own: its page, its calendar, its card. There may be hundreds of thousands of them,
//! of which a build mostly makes a few, so one becomes a page only when somebody needs it.

use std::fmt;

use super::courses::Entry;
use super::page::Page;
use crate::base::order::sort_by_text;

/// The file of one kind that each course may have: in the folder of its page.
pub(super) struct Kind {
    /// Its name in that folder, and its ending.
    pub(super) name: fn(&Entry) -> [&str; 2],
    /// A quick hash of everything that the file of each course is made from, as [`Page::inputs`] has it; nothing for a course
    /// that has none. By the numbers of the courses.
    pub(super) inputs: Vec<Option<u64>>,
    /// Whether templates make it.
    pub(super) has_template: bool,
    /// The page of a course, by its number.
    pub(super) make: Make,
}

type Make = Box<dyn Fn(u32) -> Page + Send + Sync>;

/// The name of a course's page in its folder.
pub(super) fn index(_: &Entry) -> [&str; 2] {
    ["index", ".html"]
}

impl Kind {
    /// All pages of this kind.
    pub(super) fn pages(&self) -> impl Iterator<Item = Page> {
        (0..).zip(&self.inputs).filter(|(_, inputs)| inputs.is_some()).map(|(number, _)| (self.make)(number))
    }
}

/// All of these files, in the order of their paths.
#[derive(Default)]
pub struct Family {
    /// The paths, one behind the other: a text of its own for each of them would take longer to make than to look at.
    paths: String,
    members: Vec<Member>,
    /// By the numbers in members: whether templates make it, and what makes it.
    kinds: Vec<(bool, Make)>,
}

/// One file.
struct Member {
    /// Where its path ends; it begins where that of the one before does.
    end: usize,
    inputs: u64,
    course: u32,
    kind: u32,
}

fn name_of<'n>([name, ending]: &'n [&'n str; 2]) -> impl Iterator<Item = u8> + 'n {
    name.bytes().chain(ending.bytes())
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family").field("members", &self.members.len()).finish_non_exhaustive()
    }
}

impl Family {
    /// The files of all these kinds.
    pub(super) fn new(entries: &[Entry], kinds: Vec<Kind>) -> Self {
        // No folder is the beginning of another, since each ends in its slash: the files are in order if the folders are.
        let mut order: Vec<(u32, &Entry)> = (0..).zip(entries).collect();
        sort_by_text(&mut order, |(_, entry)| entry.route.path());
        let number: usize = kinds.iter().map(|kind| kind.inputs.len()).sum();
        let length: usize = entries.iter().map(|entry| entry.route.path().len() + entry.slug.len()).sum();
        let mut paths = String::with_capacity(length * kinds.len());
        let mut members = Vec::with_capacity(number);
        let mut here = Vec::with_capacity(kinds.len());
        for (course, entry) in order {
            let files = (0..).zip(&kinds).filter_map(|(at, kind)| {
                let inputs = kind.inputs.get(course as usize).copied().flatten()?;
                Some(((kind.name)(entry), at, inputs))
            });
            here.extend(files);
            here.sort_unstable_by(|(a, ..), (b, ..)| name_of(a).cmp(name_of(b)));
            for ([name, ending], kind, inputs) in here.drain(..) {
                [entry.route.folder(), name, ending].iter().for_each(|part| paths.push_str(part));
                members.push(Member { end: paths.len(), inputs, course, kind });
            }
        }
        let kinds = kinds.into_iter().map(|kind| (kind.has_template, kind.make)).collect();
        Self { paths, members, kinds }
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The path of the file at a place in the order.
    ///
    /// # Panics
    ///
    /// If there is none at this place, as with all that take one.
    pub fn path(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.members[before].end);
        &self.paths[start..self.members[at].end]
    }

    /// The paths of all files.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|at| self.path(at))
    }

    /// The page's [`Page::inputs`].
    pub fn inputs(&self, at: usize) -> u64 {
        self.members[at].inputs
    }

    /// Whether templates make it.
    pub fn has_template(&self, at: usize) -> bool {
        self.kinds[self.members[at].kind as usize].0
    }

    /// The page.
    pub fn page(&self, at: usize) -> Page {
        let Member { course, kind, .. } = self.members[at];
        (self.kinds[kind as usize].1)(course)
    }

    /// All pages.
    pub fn pages(&self) -> impl Iterator<Item = Page> {
        (0..self.len()).map(|at| self.page(at))
    }

    /// The place of a file.
    pub fn find(&self, path: &str) -> Option<usize> {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            match self.path(middle).cmp(path) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}
