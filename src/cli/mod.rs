//! The command line: arguments as typed, checked, run. The only room that prints, and the one that turns an error into
//! an exit code.

mod args;
mod commands;
mod exit;
mod inspect;
mod logs;
mod push;
mod queue;
mod serve;
mod talk;

use std::ffi::OsString;
use std::process::ExitCode;

/// Runs the program with these arguments, the program's name first, and gives its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match args::Arguments::read(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors: clap knows which stream and which code each of them wants.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::SUCCESS });
        }
    };
    let talk = talk::Talk::new(&arguments.talk);
    match commands::run(&arguments, &talk) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = exit::code(error.kind());
            talk.error(&error, code);
            ExitCode::from(code)
        }
    }
}
