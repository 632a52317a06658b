//! `.aither/conflicts.json`: what both sides last agreed on, text by text, and where they do not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::base::digest::{Digest, Hasher};
use crate::base::files::{self, Lock};
use crate::base::report::Reporter;
use crate::error::{Error, Kind, Result};
use crate::model::conflict::{Conflict, ConflictStatus, Edit, Resolution, Standing};
use crate::model::push::TextField;

const VERSION: u32 = 1;

/// Conflicts that are decided are kept so far back.
const KEPT: usize = 200;

/// The conflicts of a site.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conflicts {
    version: u32,
    /// By course and field.
    agreed: BTreeMap<String, Agreed>,
    conflicts: Vec<Conflict>,
}

/// Hashes of what each side said when they last agreed, and when that was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Agreed {
    local: Digest,
    remote: Digest,
    at: Timestamp,
}

impl Conflicts {
    /// Reads the conflicts below `state`. A file that cannot be read is told of, and everything counts as agreed on.
    pub fn load(state: &Path, reporter: &dyn Reporter) -> Result<Self> {
        let path = path(state);
        let Some(bytes) = files::read_if_present(&path)? else { return Ok(Self::default()) };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(conflicts) if conflicts.version == VERSION => Ok(conflicts),
            _ => {
                reporter.warn(&format!("{} cannot be read: begun anew", path.display()));
                Ok(Self::default())
            }
        }
    }

    /// Reads, changes and writes them, while nobody else does.
    pub fn change<T>(
        state: &Path,
        reporter: &dyn Reporter,
        change: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let _turn = Lock::wait(&state.join("conflicts.lock"))?;
        let before = Self::load(state, reporter)?;
        let mut after = before.clone();
        let result = change(&mut after)?;
        if after != before {
            after.version = VERSION;
            files::replace(&path(state), &serde_json::to_vec(&after).unwrap_or_default())?;
        }
        Ok(result)
    }

    /// The conflicts, newest first.
    pub fn all(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().rev()
    }

    /// The conflict of this id.
    pub fn get(&self, id: &str) -> Option<&Conflict> {
        self.conflicts.iter().find(|conflict| conflict.id == id)
    }

    /// Says how an edit stands, and takes note of it. `synced_at` is when its source was last asked.
    pub fn weigh(
        &mut self,
        edit: &Edit,
        connector: &str,
        synced_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Standing {
        let (local, remote) = (hash(&edit.local), hash(&edit.remote));
        let key = key(edit);
        let agreed = self.agreed.entry(key).or_insert_with(|| {
            // An edit begins from what the source says when it is first seen.
            Agreed { local: remote, remote, at: synced_at.unwrap_or(now) }
        });
        if local == remote {
            if (agreed.local, agreed.remote) != (local, remote) {
                *agreed = Agreed { local, remote, at: now };
            }
            self.close(edit, None, now);
            return Standing::Agreed;
        }
        // What was pushed after the source was last asked is not in its answer yet.
        if agreed.local == local && agreed.remote == local && synced_at.is_none_or(|at| at <= agreed.at) {
            return Standing::Agreed;
        }
        match (local != agreed.local, remote != agreed.remote) {
            (true, true) => {
                self.open(edit, connector, now);
                Standing::Conflict
            }
            (true, false) => {
                self.close(edit, None, now);
                Standing::Edited
            }
            (false, _) => {
                self.close(edit, None, now);
                Standing::Superseded
            }
        }
    }

    /// The hash of what the source said when both sides last agreed on this edit.
    pub fn expected(&self, edit: &Edit) -> Option<Digest> {
        self.agreed.get(&key(edit)).map(|agreed| agreed.remote)
    }

    /// The conflict over exactly this edit, if there is or was one.
    pub fn over(&self, edit: &Edit) -> Option<&Conflict> {
        self.get(&id(edit)).filter(|conflict| conflict.local_snapshot == edit.local)
    }

    /// The source took what stands here.
    pub fn pushed(&mut self, edit: &Edit, now: Timestamp) {
        let local = hash(&edit.local);
        self.agreed.insert(key(edit), Agreed { local, remote: local, at: now });
        self.close(edit, Some(Resolution::Local), now);
    }

    /// The source said at a push that it has changed meanwhile.
    pub fn collided(&mut self, edit: &Edit, connector: &str, now: Timestamp) {
        self.open(edit, connector, now);
    }

    /// Decides a conflict.
    pub fn resolve(&mut self, id: &str, resolution: Resolution, now: Timestamp) -> Result<Conflict> {
        let Some(conflict) = self.conflicts.iter_mut().find(|conflict| conflict.id == id) else {
            return Err(Error::new(Kind::NotFound, format!("there is no conflict `{id}`"))
                .hint("`aither conflicts list` shows those that are open"));
        };
        if conflict.status == ConflictStatus::Resolved {
            return Err(Error::new(Kind::Busy, format!("the conflict `{id}` is resolved already")));
        }
        let (local, remote) = (hash(&conflict.local_snapshot), hash(&conflict.remote_snapshot));
        let key = format!("{} {}", conflict.record_id, conflict.field.name());
        // With the local text in force the remote one is what it was made over; else there is no edit any more.
        let local = match resolution {
            Resolution::Local => remote,
            Resolution::Remote => local,
        };
        self.agreed.insert(key, Agreed { local, remote, at: now });
        conflict.status = ConflictStatus::Resolved;
        conflict.resolution = Some(resolution);
        conflict.resolved_at = Some(now);
        conflict.last_updated_at = now;
        Ok(conflict.clone())
    }

    fn open(&mut self, edit: &Edit, connector: &str, now: Timestamp) {
        let id = id(edit);
        let known = self.conflicts.iter_mut().find(|conflict| conflict.id == id);
        if let Some(known) = &known
            && known.status == ConflictStatus::Open
            && (&known.local_snapshot, &known.remote_snapshot) == (&edit.local, &edit.remote)
        {
            return;
        }
        let created_at = known
            .as_ref()
            .filter(|known| known.status == ConflictStatus::Open)
            .map_or(now, |known| known.created_at);
        let conflict = Conflict {
            id: id.clone(),
            connector: connector.to_owned(),
            entity_type: match edit.field {
                // `participation 0f…`, `result 0f…`: see `Push::key`.
                TextField::Result => edit.course.split(' ').next().unwrap_or_default().to_owned(),
                TextField::Title | TextField::Description => "course".to_owned(),
            },
            record_id: edit.course.clone(),
            field: edit.field,
            status: ConflictStatus::Open,
            local_snapshot: edit.local.clone(),
            remote_snapshot: edit.remote.clone(),
            remote_updated_at: edit.remote_updated_at,
            resolution: None,
            created_at,
            resolved_at: None,
            last_updated_at: now,
        };
        self.conflicts.retain(|known| known.id != id);
        self.conflicts.push(conflict);
        let surplus = self.conflicts.len().saturating_sub(KEPT);
        let mut left = surplus;
        self.conflicts.retain(|known| {
            let goes = left > 0 && known.status == ConflictStatus::Resolved;
            left -= usize::from(goes);
            !goes
        });
    }

    fn close(&mut self, edit: &Edit, resolution: Option<Resolution>, now: Timestamp) {
        let id = id(edit);
        let open = |conflict: &&mut Conflict| conflict.id == id && conflict.status == ConflictStatus::Open;
        if let Some(conflict) = self.conflicts.iter_mut().find(open) {
            conflict.status = ConflictStatus::Resolved;
            conflict.resolution = resolution;
            conflict.resolved_at = Some(now);
            conflict.last_updated_at = now;
        }
    }
}

/// Line breaks and spaces are none of a text's meaning.
fn hash(text: &str) -> Digest {
    Digest::of(text.split_whitespace().collect::<Vec<_>>().join(" ").as_bytes())
}

fn key(edit: &Edit) -> String {
    format!("{} {}", edit.course, edit.field.name())
}

fn id(edit: &Edit) -> String {
    let mut hasher = Hasher::new("conflict");
    hasher.field(edit.course.as_bytes()).field(edit.field.name().as_bytes());
    format!("conflict-{:016x}", hasher.finish().short())
}

fn path(state: &Path) -> PathBuf {
    state.join("conflicts.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn edit(local: &str, remote: &str) -> Edit {
        Edit {
            course: "c1".into(),
            field: TextField::Title,
            local: local.into(),
            remote: remote.into(),
            remote_updated_at: None,
        }
    }

    fn weigh(conflicts: &mut Conflicts, local: &str, remote: &str, second: i64) -> Standing {
        conflicts.weigh(&edit(local, remote), "ods", Some(at(second)), at(second))
    }

    #[test]
    fn one_side_alone_merges_by_itself() {
        let mut conflicts = Conflicts::default();
        assert_eq!(weigh(&mut conflicts, "neu", "alt", 0), Standing::Edited);
        conflicts.pushed(&edit("neu", "alt"), at(5));
        assert_eq!(weigh(&mut conflicts, "neu", "alt", 5), Standing::Agreed, "not asked since the push");
        assert_eq!(weigh(&mut conflicts, "neu", " neu\n", 6), Standing::Agreed);
        assert_eq!(weigh(&mut conflicts, "neu", "noch neuer", 7), Standing::Superseded);
        assert_eq!(
            weigh(&mut conflicts, "wieder", "noch neuer", 8),
            Standing::Conflict,
            "edited over the old text"
        );
    }

    #[test]
    fn both_sides_are_a_conflict_until_somebody_decides() {
        for (resolution, after) in
            [(Resolution::Local, Standing::Edited), (Resolution::Remote, Standing::Superseded)]
        {
            let mut conflicts = Conflicts::default();
            weigh(&mut conflicts, "hier", "alt", 0);
            assert_eq!(weigh(&mut conflicts, "hier", "dort", 1), Standing::Conflict);
            assert_eq!(weigh(&mut conflicts, "hier", "dort", 2), Standing::Conflict);
            let open: Vec<Conflict> = conflicts.all().cloned().collect();
            assert_eq!(open.len(), 1);
            assert_eq!((&*open[0].local_snapshot, &*open[0].remote_snapshot), ("hier", "dort"));
            assert_eq!(open[0].created_at, at(1));
            conflicts.resolve(&open[0].id, resolution, at(3)).unwrap();
            assert_eq!(weigh(&mut conflicts, "hier", "dort", 4), after);
            assert!(conflicts.resolve(&open[0].id, resolution, at(5)).is_err());
            // Another change there is another conflict, if the edit here still stands.
            let again = weigh(&mut conflicts, "hier", "drüben", 6);
            let expected = if after == Standing::Edited { Standing::Conflict } else { Standing::Superseded };
            assert_eq!(again, expected);
        }
        assert!(Conflicts::default().resolve("x", Resolution::Local, at(0)).is_err());
    }
}
