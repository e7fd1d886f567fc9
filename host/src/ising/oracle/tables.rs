//! Numbers that other programs computed, to the digits that they gave: golden values of the oracles.

use super::onsager::CRITICAL_TEMPERATURE;

/// Temperatures of [`ENERGIES`].
pub(crate) const TEMPERATURES: [f64; 5] = [1.5, 2.0, CRITICAL_TEMPERATURE, 2.5, 3.0];

/// Energy per spin of the L x L torus, seven digits after the point.
pub(crate) const ENERGIES: [(usize, [f64; 5]); 6] = [
    (
        4,
        [
            -1.950_642_6,
            -1.755_380_3,
            -1.565_623_8,
            -1.379_116_5,
            -1.017_069_6,
        ],
    ),
    (
        6,
        [
            -1.951_093_0,
            -1.747_328_8,
            -1.516_873_1,
            -1.280_077_7,
            -0.886_879_3,
        ],
    ),
    (
        8,
        [
            -1.951_115_4,
            -1.745_683_2,
            -1.491_589_1,
            -1.222_320_6,
            -0.841_315_4,
        ],
    ),
    (
        16,
        [
            -1.951_116_6,
            -1.745_530_7,
            -1.453_064_9,
            -1.131_318_0,
            -0.817_689_4,
        ],
    ),
    (
        32,
        [
            -1.951_116_6,
            -1.745_564_5,
            -1.433_658_5,
            -1.107_291_7,
            -0.817_309_7,
        ],
    ),
    (
        64,
        [
            -1.951_116_6,
            -1.745_564_6,
            -1.423_938_4,
            -1.106_083_0,
            -0.817_309_6,
        ],
    ),
];
