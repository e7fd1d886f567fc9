//! Ctrl-C, kill and a closed terminal: the first signal asks the work to stop and leave what it has, the second ends the
//! program at once. A signal that came in as ignored (`nohup`, a background job) stays ignored.

use super::error::CliError;
use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Installs the handler, once; the flag becomes true with the first signal. For verbs that look at it: without it a
/// signal ends the program as usual.
///
/// # Errors
/// When the system refuses the handler.
pub fn install(quiet: bool) -> Result<&'static AtomicBool, CliError> {
    if !INSTALLED.swap(true, Ordering::SeqCst) {
        listen(quiet).map_err(|e| CliError::failed(format!("cannot handle Ctrl-C: {e}")))?;
    }
    Ok(&INTERRUPTED)
}

#[cfg(unix)]
fn listen(quiet: bool) -> std::io::Result<()> {
    use crate::raw::signals::is_ignored;
    use crate::refusal::Kind;
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use std::io::Write as _;

    let heeded: Vec<i32> = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| !is_ignored(*signal))
        .collect();
    let mut signals = signal_hook::iterator::Signals::new(heeded)?;
    let wait = move || {
        for _ in signals.forever() {
            if INTERRUPTED.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(Kind::Interrupted.code()));
            }
            if !quiet {
                let words = "stopping after the step in hand; once more to stop at once";
                // Nobody is left to be told when standard error is closed.
                let _ = writeln!(std::io::stderr(), "{words}");
            }
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(wait)?;
    Ok(())
}

#[cfg(not(unix))]
fn listen(_: bool) -> std::io::Result<()> {
    use crate::refusal::Kind;
    use signal_hook::consts::{SIGINT, SIGTERM};
    use std::sync::{Arc, LazyLock};

    // The library wants a flag of its own; a thread carries it over.
    static SEEN: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
    for signal in [SIGINT, SIGTERM] {
        let code = i32::from(Kind::Interrupted.code());
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&SEEN))?;
        signal_hook::flag::register(signal, Arc::clone(&SEEN))?;
    }
    std::thread::Builder::new().name("signals".to_owned()).spawn(|| {
        while !SEEN.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        INTERRUPTED.store(true, Ordering::SeqCst);
    })?;
    Ok(())
}
