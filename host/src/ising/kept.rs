//! Spins in the file of a kept run: a byte each, 1 for +1 and 0 for -1.

use crate::keep::{KeepError, Shelf};

/// Puts states of one length.
pub(super) fn put_spins<'a>(shelf: &mut Shelf<'_>, name: &str, states: impl IntoIterator<Item = &'a [i8]>) {
    let (mut rows, mut n, mut bytes) = (0, 0, Vec::new());
    for state in states {
        (rows, n) = (rows + 1, state.len());
        bytes.extend(state.iter().map(|s| u8::from(*s > 0)));
    }
    shelf.put(name, &[rows, n], bytes);
}

/// Takes `rows` states of `n` spins.
///
/// # Errors
/// `Damaged` when they are missing, of other numbers, or hold other bytes.
pub(super) fn take_spins(
    shelf: &mut Shelf<'_>,
    name: &str,
    rows: usize,
    n: usize,
) -> Result<Vec<Vec<i8>>, KeepError> {
    let bytes = shelf.take::<u8>(name, &[rows, n])?;
    if bytes.iter().any(|byte| *byte > 1) {
        return Err(shelf.damaged(format_args!("`{name}` holds other bytes than 0 and 1")));
    }
    let spin = |byte: &u8| if *byte == 1 { 1 } else { -1 };
    let state = |row: &[u8]| row.iter().map(spin).collect();
    Ok(bytes.chunks(n.max(1)).map(state).collect())
}
