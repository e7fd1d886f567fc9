//! Configurations as bits and as pictures.

/// Rows of `width` spins as bits, first spin in the highest bit of the first byte, +1 as 1, each row filled up with
/// zeros to a whole byte: what `numpy.packbits` makes and `numpy.unpackbits` reads.
pub fn packed_rows(spins: &[i8], width: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(spins.len().div_ceil(8));
    for row in spins.chunks(width.max(1)) {
        for eight in row.chunks(8) {
            let bits = eight.iter().enumerate();
            bytes.push(bits.fold(0, |byte, (i, spin)| byte | (u8::from(*spin > 0) << (7 - i))));
        }
    }
    bytes
}

/// The spins of one packed row.
pub fn unpacked_row(packed: &[u8], width: usize) -> impl Iterator<Item = i8> {
    let bits = packed
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    bits.take(width).map(|bit| if bit == 1 { 1 } else { -1 })
}

/// A PNG of one bit per site from packed rows: +1 is white.
///
/// # Errors
/// When the encoder refuses (a side of 0 or beyond 2^31).
pub fn png(packed: &[u8], width: usize, height: usize) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut bytes, side(width), side(height));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(packed)?;
    writer.finish()?;
    Ok(bytes)
}
