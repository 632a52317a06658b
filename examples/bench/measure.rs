//! Runs a program and reads off what it cost.

use std::fmt;
use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4 as _;

/// What one run cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of processor time, user and system.
    pub(crate) cpu: f64,
    /// The largest resident set, in megabytes.
    pub(crate) peak: f64,
    /// Files that were written.
    pub(crate) written: usize,
}

impl Measured {
    /// The run with the median wall time.
    pub(crate) fn median(mut runs: Vec<Self>) -> Self {
        runs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
        runs.get(runs.len() / 2).copied().unwrap_or_default()
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} | {:.3} | {:.0} | {}", self.wall, self.cpu, self.peak, self.written)
    }
}

/// Runs a command to its end; one that fails is an error with what it printed.
pub(crate) fn measure(command: &mut Command) -> Result<Measured, String> {
    // A process that begins counts the largest resident set of the one that began it as its own. On Linux this forgets ours
    // (proc(5), `clear_refs`); elsewhere the figure may be ours where that is larger.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let begun = Instant::now();
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|e| format!("cannot run {command:?}: {e}"))?;
    let used = child.wait4().map_err(|e| format!("cannot wait for {command:?}: {e}"))?;
    let wall = begun.elapsed().as_secs_f64();
    if !used.status.success() {
        return Err(format!("{command:?} failed: {}", used.status));
    }
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    Ok(Measured { wall, cpu, peak: used.rusage.maxrss as f64 / 1e6, written: 0 })
}
