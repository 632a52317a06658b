//! The budget of a render: what keeps a hostile template from doing harm.

use super::context::Context;
use super::error::{Error, ErrorKind};

/// How often the clock is looked at.
const STEPS_PER_LOOK: u64 = 4096;

impl<'a> Context<'a> {
    #[inline]
    pub(super) fn step(&mut self, count: u64) -> Result<(), Error> {
        self.steps += count;
        // Both limits are looked at here, so that neither text nor loops can run away.
        if self.steps % STEPS_PER_LOOK < count {
            self.look_at_clock()?;
        }
        if self.steps > self.scene.options.limits.steps || self.out.len() > self.scene.options.limits.output {
            return Err(self.exhausted());
        }
        Ok(())
    }

    #[cold]
    fn exhausted(&self) -> Error {
        let limits = &self.scene.options.limits;
        if self.steps > limits.steps {
            Error::new(ErrorKind::Limit, format!("the render takes more than {} steps", limits.steps))
        } else {
            self.too_much_output()
        }
    }

    pub(super) fn too_much_output(&self) -> Error {
        let most = self.scene.options.limits.output;
        Error::new(ErrorKind::Limit, format!("the output has more than {most} bytes"))
    }

    #[cold]
    fn look_at_clock(&self) -> Result<(), Error> {
        let most = self.scene.options.limits.time;
        if self.scene.clock.elapsed() > most {
            return Err(Error::new(ErrorKind::Limit, format!("the render takes longer than {most:?}")));
        }
        Ok(())
    }

    /// Accounts for bytes of a string or list that is being made. Filters that make large ones call it first.
    pub fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        let limits = &self.scene.options.limits;
        if bytes > limits.string {
            let message = format!("a value of {bytes} bytes; at most {}", limits.string);
            return Err(Error::new(ErrorKind::Limit, message));
        }
        self.memory = self.memory.saturating_add(bytes);
        if self.memory > limits.memory {
            let message = format!("the values made take more than {} bytes", limits.memory);
            return Err(Error::new(ErrorKind::Limit, message));
        }
        self.step(1 + bytes as u64 / 256)
    }

    /// Accounts for work of a filter, such as elements gone through.
    pub fn spend(&mut self, steps: usize) -> Result<(), Error> {
        self.step(steps as u64)
    }
}
