//! Ctrl-C (SIGINT) and kill (SIGTERM): the first asks the work to stop and leave its checkpoint, the second
//! ends the program at once.

use super::error::{CliError, Kind};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Installs the handler; the flag becomes true with the first signal. To be called once, by a verb that can
/// stop and be resumed; without it a signal ends the program as usual.
///
/// # Errors
/// When the system refuses the handler.
pub fn install(quiet: bool) -> Result<&'static AtomicBool, CliError> {
    let handler = move || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(Kind::Interrupted.code()));
        }
        if !quiet {
            let _ = writeln!(
                std::io::stderr(),
                "stopping after the step in hand; once more to stop at once"
            );
        }
    };
    ctrlc::set_handler(handler).map_err(|e| CliError::failed(format!("cannot handle Ctrl-C: {e}")))?;
    Ok(&INTERRUPTED)
}
