//! Mutations seen red: 256 levels of 255, floor instead of round, planes written as pixels, the end of the file not
//! looked at, transparent pixels taken, rows without a margin, the shape compared after decoding.
use super::*;
use std::fs;

fn image(shape: [usize; 3]) -> Image {
    let size = shape.iter().product();
    let values = (0..size).map(|k| (k as f32 * 0.7).sin()).collect();
    Image { shape, values }
}

/// A PNG file of these samples.
fn raw(colour: ColorType, bits: BitDepth, width: u32, samples: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let bits_of_row = width as usize * colour.samples() * bits as usize;
    let height = samples.len() / bits_of_row.div_ceil(8);
    let mut encoder = Encoder::new(&mut bytes, width, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(bits);
    if colour == ColorType::Indexed {
        encoder.set_palette([255, 0, 0, 0, 0, 255].as_slice());
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test] // every level of either depth, and the ends
fn levels_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let grey = decode(
        &raw(
            ColorType::Grayscale,
            BitDepth::Eight,
            16,
            &(0..=255).collect::<Vec<u8>>(),
        ),
        None,
    )
    .unwrap();
    assert_eq!(grey.shape, [1, 16, 16]);
    for (level, value) in grey.values.iter().enumerate() {
        assert_eq!(*value, (level as f64 / 127.5 - 1.0) as f32);
    }
    let fine: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_be_bytes).collect();
    let fine = decode(&raw(ColorType::Grayscale, BitDepth::Sixteen, 256, &fine), None).unwrap();
    assert_eq!((fine.values[0], fine.values[65535]), (-1.0, 1.0));
    for (image, depth) in [
        (&grey, Depth::Eight),
        (&grey, Depth::Sixteen),
        (&fine, Depth::Sixteen),
    ] {
        write_png(&path, image, depth).unwrap();
        assert_eq!(&read_png(&path).unwrap(), image);
    }
}

#[test] // half a level of 8 or 16 bits; planes stay planes
fn colours_come_back_rounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let colour = image([3, 5, 7]);
    for (depth, half) in [(Depth::Eight, 1.0 / 255.0), (Depth::Sixteen, 1.0 / 65535.0)] {
        write_png(&path, &colour, depth).unwrap();
        let back = read_png_of(&path, [3, 5, 7]).unwrap();
        for (a, b) in back.values.iter().zip(&colour.values) {
            assert!((a - b).abs() <= half + f32::EPSILON, "{a} against {b}");
        }
    }
    let mut wild = image([1, 1, 4]);
    wild.values = vec![-7.0, 1.5, f32::INFINITY, 0.0];
    write_png(&path, &wild, Depth::Eight).unwrap();
    assert_eq!(read_png(&path).unwrap().values, [-1.0, 1.0, 1.0, 1.0 / 255.0]);
}

#[test]
fn palettes_small_depths_and_opaque_alpha_are_expanded() {
    let palette = decode(&raw(ColorType::Indexed, BitDepth::One, 3, &[0b1010_0000]), None).unwrap();
    assert_eq!(palette.shape, [3, 1, 3]);
    let (red, blue) = ([-1.0, 1.0, -1.0], [1.0, -1.0, 1.0]);
    assert_eq!(palette.values, [&red[..], &[-1.0; 3], &blue].concat());
    let bit = decode(&raw(ColorType::Grayscale, BitDepth::One, 2, &[0b0100_0000]), None).unwrap();
    assert_eq!(bit.values, [-1.0, 1.0]);
    let opaque = decode(&raw(ColorType::Rgba, BitDepth::Eight, 1, &[0, 255, 0, 255]), None).unwrap();
    assert_eq!(
        (opaque.shape, &opaque.values[..]),
        ([3, 1, 1], &[-1.0, 1.0, -1.0][..])
    );
    let samples = [0, 0, 255, 255, 255, 255, 255, 254];
    let clear = decode(
        &raw(ColorType::GrayscaleAlpha, BitDepth::Sixteen, 2, &samples),
        None,
    )
    .unwrap_err();
    assert!(clear.contains("pixel (1, 0) is transparent"), "{clear}");
}

#[test] // two rows of two with a margin, the last place empty
fn grids_are_laid_out_in_rows() {
    let cell = |value: f32| Image {
        shape: [1, 1, 2],
        values: vec![value, -value],
    };
    let sheet = grid(&[cell(0.1), cell(0.2), cell(0.3)], 2, 1, 9.0).unwrap();
    assert_eq!(sheet.shape, [1, 5, 7]);
    #[rustfmt::skip]
    assert_eq!(sheet.values, [
        9.0, 9.0,  9.0, 9.0, 9.0,  9.0, 9.0,
        9.0, 0.1, -0.1, 9.0, 0.2, -0.2, 9.0,
        9.0, 9.0,  9.0, 9.0, 9.0,  9.0, 9.0,
        9.0, 0.3, -0.3, 9.0, 9.0,  9.0, 9.0,
        9.0, 9.0,  9.0, 9.0, 9.0,  9.0, 9.0,
    ]);
    let colour = image([3, 4, 5]);
    assert_eq!(grid(std::slice::from_ref(&colour), 8, 0, 0.0).unwrap(), colour);
    let row = grid(&[colour.clone(), colour.clone()], 2, 0, 0.0).unwrap();
    assert_eq!(row.shape, [3, 4, 10]);
    for (line, pixels) in row.values.chunks_exact(10).enumerate() {
        assert_eq!(pixels[..5], colour.values[line * 5..][..5]);
        assert_eq!(pixels[5..], pixels[..5]);
    }
    assert_eq!(grid(&[], 2, 1, 0.0), Err(GridError::Empty));
    assert_eq!(grid(&[cell(0.0)], 0, 1, 0.0), Err(GridError::Empty));
    let mixed = grid(&[cell(0.0), colour], 2, 1, 0.0).unwrap_err().to_string();
    assert!(mixed.contains("image 1 has shape [3, 4, 5]"), "{mixed}");
}

#[test]
fn broken_files_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let refused = |expected: &str| {
        let message = read_png_of(&path, [1, 6, 5]).unwrap_err().to_string();
        assert!(
            message.contains("a.png") && message.contains(expected),
            "{message}"
        );
    };
    refused("no such file");
    let good = encode(&image([1, 6, 5]), Depth::Eight).unwrap();
    for cut in 0..good.len() {
        fs::write(&path, &good[..cut]).unwrap();
        refused("not a usable PNG");
    }
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        let _ = decode(&bytes, None); // whatever it says, it says it
    }
    fs::write(&path, b"GIF89a").unwrap();
    refused("not a usable PNG");
    write_png(&path, &image([3, 6, 5]), Depth::Eight).unwrap();
    refused("5 x 6 pixels, colour, expected 5 x 6 pixels, grey");
    write_png(&path, &image([1, 5, 6]), Depth::Eight).unwrap();
    refused("6 x 5 pixels, grey, expected 5 x 6 pixels, grey");
    let mut moving = Vec::new();
    let mut encoder = Encoder::new(&mut moving, 5, 6);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for _ in 0..2 {
        writer.write_image_data(&[7; 30]).unwrap();
    }
    writer.finish().unwrap();
    fs::write(&path, moving).unwrap();
    refused("animation");
    // 2^31 - 1 pixels square
    fs::write(&path, announcing(&good, i32::MAX as u32, i32::MAX as u32)).unwrap();
    refused("not a usable PNG");
}

/// A picture with another size in a header that is otherwise right.
fn announcing(picture: &[u8], width: u32, height: u32) -> Vec<u8> {
    let mut bytes = picture.to_vec();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc(&bytes[12..29]).to_be_bytes();
    bytes[29..33].copy_from_slice(&crc);
    bytes
}

#[test] // the header is judged first: none of these pictures has the pixels that it announces
fn sizes_are_judged_before_anything_is_decoded() {
    let small = encode(&image([1, 6, 5]), Depth::Eight).unwrap();
    let of = |width, height, shape| decode(&announcing(&small, width, height), shape).unwrap_err();
    let expected = of(8000, 8000, Some([1, 6, 5]));
    assert_eq!(expected, "8000 x 8000 pixels, grey, expected 5 x 6 pixels, grey");
    assert_eq!(of(16_383, 16_384, None), "16383 x 16384 pixels are too many");
    assert_eq!(
        of(16_383, 16_384, Some([1, 16_384, 16_383])),
        "16383 x 16384 pixels are too many"
    );
    assert!(
        !of(9, 9, None).contains("too many"),
        "it is the pixels that are missing"
    );
}

/// The checksum of PNG chunks, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1));
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[test]
fn images_that_cannot_be_written_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let refused = |image: Image, expected: &str| {
        let message = write_png(&path, &image, Depth::Eight).unwrap_err().to_string();
        assert!(
            message.contains("a.png") && message.contains(expected),
            "{message}"
        );
        assert!(!path.exists());
    };
    refused(image([2, 3, 3]), "2 channels");
    refused(image([1, 0, 3]), "3 x 0 pixels");
    let mut short = image([1, 3, 3]);
    short.values.pop();
    refused(short, "8 values for shape [1, 3, 3]");
    let mut poisoned = image([1, 3, 3]);
    poisoned.values[4] = f32::NAN;
    refused(poisoned, "value 4 is NaN");
}
