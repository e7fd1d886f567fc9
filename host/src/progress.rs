//! How long work tells that it advances: a bar on a terminal, plain lines elsewhere, nothing when quiet.
//! All of it goes to standard error; standard output carries results only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Plain lines come at most this often.
const PAUSE: Duration = Duration::from_secs(5);

/// Receives the advance of one long task at a time. Callable from any thread.
pub trait Progress: Sync {
    /// A task of `steps` steps begins (0: unknown).
    fn begin(&self, task: &str, steps: u64);
    /// `steps` further steps are done.
    fn advance(&self, steps: u64);
    /// The task has ended; `line` says how.
    fn end(&self, line: &str);
    /// Something that the user should know, while the task goes on.
    fn note(&self, _line: &str) {}
}

/// Progress that is shown to nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self, _: &str) {}
}

/// A bar with the expected time to the end.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
}

impl Default for Bar {
    fn default() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self { bar }
    }
}

impl Progress for Bar {
    fn begin(&self, task: &str, steps: u64) {
        let template = if steps == 0 {
            "{spinner} {msg}  {elapsed}"
        } else {
            "{msg}  [{bar:30}] {pos}/{len}  {elapsed}, {eta} left"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.reset();
        self.bar.set_length(steps);
        self.bar.set_message(task.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    fn end(&self, line: &str) {
        self.bar.disable_steady_tick();
        self.bar.println(line);
        self.bar.set_message(String::new());
        self.bar.finish_and_clear();
    }

    fn note(&self, line: &str) {
        self.bar.println(format!("note: {line}"));
    }
}

/// Plain lines: the beginning, the end, and in between at most one every five seconds.
#[derive(Debug, Default)]
pub struct Lines {
    state: Mutex<LineState>,
}

#[derive(Debug, Default)]
struct LineState {
    task: String,
    steps: u64,
    done: u64,
    last: Option<Instant>,
}

impl Lines {
    fn with(&self, change: impl FnOnce(&mut LineState)) {
        // A poisoned lock only means that another thread died; its counter is still good enough to print.
        change(
            &mut self
                .state
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
    }
}

fn say(line: &str) {
    // Progress that nobody can read is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{line}");
}

impl Progress for Lines {
    fn begin(&self, task: &str, steps: u64) {
        self.with(|state| {
            *state = LineState {
                task: task.to_owned(),
                steps,
                done: 0,
                last: Some(Instant::now()),
            };
            say(&format!("{task} ..."));
        });
    }

    fn advance(&self, steps: u64) {
        self.with(|state| {
            state.done += steps;
            if state.last.is_some_and(|last| last.elapsed() >= PAUSE) {
                state.last = Some(Instant::now());
                say(&format!("{}: {} of {}", state.task, state.done, state.steps));
            }
        });
    }

    fn end(&self, line: &str) {
        self.with(|state| *state = LineState::default());
        say(line);
    }

    fn note(&self, line: &str) {
        say(&format!("note: {line}"));
    }
}

/// What suits standard error as it is now.
pub fn for_stderr(quiet: bool) -> Box<dyn Progress> {
    if quiet {
        Box::new(Silent)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bar::default())
    } else {
        Box::new(Lines::default())
    }
}
