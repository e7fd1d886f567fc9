//! The negative control: an index that may be out of range. This program must not link.
#![no_std]
#![no_main]

use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(control);

fn control() {
    let items = [1_u32, 2, 3];
    taken(items[given(1_usize)]);
}
