//! What the program inherited for a signal.

/// Whether `signal` came in as ignored, as under `nohup`: it is then to stay so.
#[cfg(unix)]
pub(crate) fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: without a new action the call only writes the present one to `action`, which has its size and alignment.
    let result = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: the call succeeded, so it has filled `action`.
    result == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}
