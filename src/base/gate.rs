//! The gate before publishing: whoever gives up a run and the run itself agree on whether it may still publish.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::error::{Error, Kind, Result};

const OPEN: u8 = 0;
const PASSED: u8 = 1;
const SHUT: u8 = 2;

/// A gate that a run passes once, right before it publishes. Shut before that, the run ends without a trace; passed,
/// it can no longer be shut.
#[derive(Debug, Default)]
pub struct Gate(AtomicU8);

impl Gate {
    /// Passes the gate; an error where it has been shut. Passing twice is fine.
    pub fn pass(&self) -> Result<()> {
        match self.0.compare_exchange(OPEN, PASSED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) | Err(PASSED) => Ok(()),
            Err(_) => Err(Error::new(Kind::Busy, "the run was given up, so nothing is published")),
        }
    }

    /// Shuts the gate, and says whether that came in time.
    pub fn shut(&self) -> bool {
        self.0.compare_exchange(OPEN, SHUT, Ordering::AcqRel, Ordering::Acquire) != Err(PASSED)
    }

    /// Whether the gate was shut: a long run looks now and then, to end early.
    pub fn is_shut(&self) -> bool {
        self.0.load(Ordering::Acquire) == SHUT
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
    }
}
