//! The gate before publishing: whoever gives up a run and the run itself agree on whether it may still publish.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::error::{Error, Kind, Result};

const OPEN: u8 = 0;
const PASSED: u8 = 1;
const SHUT: u8 = 2;

/// A gate that a run passes once, right before it publishes. Shut before that, the run ends without a trace; passed,
/// it can no longer be shut.
///
/// Apart from that a run may be asked to give way to a newer one. It does so of its own accord, as long as it can take
/// everything back, and whoever asks has to wait for its end.
#[derive(Debug, Default)]
pub struct Gate {
    state: AtomicU8,
    is_outdated: AtomicBool,
}

impl Gate {
    /// Passes the gate; an error where it has been shut. Passing twice is fine.
    pub fn pass(&self) -> Result<()> {
        match self.state.compare_exchange(OPEN, PASSED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) | Err(PASSED) => Ok(()),
            Err(_) => Err(Error::new(Kind::Busy, "the run was given up, so nothing is published")),
        }
    }

    /// Shuts the gate, and says whether that came in time.
    pub fn shut(&self) -> bool {
        self.state.compare_exchange(OPEN, SHUT, Ordering::AcqRel, Ordering::Acquire) != Err(PASSED)
    }

    /// Asks the run to give way.
    pub fn give_way(&self) {
        self.is_outdated.store(true, Ordering::Release);
    }

    /// An error where the run was asked to give way.
    pub fn check(&self) -> Result<()> {
        match self.is_outdated() {
            true => Err(Error::new(Kind::Busy, "files have changed again, so the build begins anew")),
            false => Ok(()),
        }
    }

    /// Whether the run was asked to give way.
    pub fn is_outdated(&self) -> bool {
        self.is_outdated.load(Ordering::Acquire)
    }

    /// Whether the gate was shut: a long run looks now and then, to end early.
    pub fn is_shut(&self) -> bool {
        self.state.load(Ordering::Acquire) == SHUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_is_passed_or_shut_but_not_both() {
        let gate = Gate::default();
        assert!(gate.pass().is_ok() && !gate.shut() && gate.pass().is_ok());
        let gate = Gate::default();
        assert!(gate.shut() && gate.pass().is_err() && gate.is_shut());
        let gate = Gate::default();
        assert!(gate.check().is_ok());
        gate.give_way();
        assert!(gate.check().is_err() && gate.pass().is_ok());
    }
}
