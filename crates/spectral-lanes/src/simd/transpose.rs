//! In-register transposes of square blocks, for x86.

use std::arch::x86_64::*;

/// Interleaves rows in groups of four: 128-bit lane `l` of vector `4g + c` then holds column `4l + c` of rows
/// `4g..4g + 4`.
#[inline]
#[target_feature(enable = "avx512f")]
fn interleave_16(r: [__m512; 16]) -> [__m512; 16] {
    let mut u = r;
    for g in 0..4 {
        let [a, b, c, d] = [r[4 * g], r[4 * g + 1], r[4 * g + 2], r[4 * g + 3]];
        let low = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
        let high = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
        let low2 = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
        let high2 = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));
        u[4 * g] = _mm512_castpd_ps(_mm512_unpacklo_pd(low, low2));
        u[4 * g + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(low, low2));
        u[4 * g + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(high, high2));
        u[4 * g + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(high, high2));
    }
    u
}

#[inline]
#[target_feature(enable = "avx512f")]
pub fn transpose_16(r: [__m512; 16]) -> [__m512; 16] {
    let u = interleave_16(r);
    let mut out = u;
    for c in 0..4 {
        let x0 = _mm512_shuffle_f32x4::<0x44>(u[c], u[4 + c]);
        let x1 = _mm512_shuffle_f32x4::<0xee>(u[c], u[4 + c]);
        let y0 = _mm512_shuffle_f32x4::<0x44>(u[8 + c], u[12 + c]);
        let y1 = _mm512_shuffle_f32x4::<0xee>(u[8 + c], u[12 + c]);
        out[c] = _mm512_shuffle_f32x4::<0x88>(x0, y0);
        out[4 + c] = _mm512_shuffle_f32x4::<0xdd>(x0, y0);
        out[8 + c] = _mm512_shuffle_f32x4::<0x88>(x1, y1);
        out[12 + c] = _mm512_shuffle_f32x4::<0xdd>(x1, y1);
    }
    out
}

#[inline]
#[target_feature(enable = "avx512f")]
pub fn transpose_8_wide(r: [__m512d; 8]) -> [__m512d; 8] {
    let mut u = r;
    for g in 0..4 {
        u[2 * g] = _mm512_unpacklo_pd(r[2 * g], r[2 * g + 1]);
        u[2 * g + 1] = _mm512_unpackhi_pd(r[2 * g], r[2 * g + 1]);
    }
    let mut out = u;
    for c in 0..2 {
        let x0 = _mm512_shuffle_f64x2::<0x44>(u[c], u[2 + c]);
        let x1 = _mm512_shuffle_f64x2::<0xee>(u[c], u[2 + c]);
        let y0 = _mm512_shuffle_f64x2::<0x44>(u[4 + c], u[6 + c]);
        let y1 = _mm512_shuffle_f64x2::<0xee>(u[4 + c], u[6 + c]);
        out[c] = _mm512_shuffle_f64x2::<0x88>(x0, y0);
        out[2 + c] = _mm512_shuffle_f64x2::<0xdd>(x0, y0);
        out[4 + c] = _mm512_shuffle_f64x2::<0x88>(x1, y1);
        out[6 + c] = _mm512_shuffle_f64x2::<0xdd>(x1, y1);
    }
    out
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn transpose_8(r: [__m256; 8]) -> [__m256; 8] {
    let mut u = r;
    for g in 0..2 {
        let [a, b, c, d] = [r[4 * g], r[4 * g + 1], r[4 * g + 2], r[4 * g + 3]];
        let low = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
        let high = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
        let low2 = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
        let high2 = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));
        u[4 * g] = _mm256_castpd_ps(_mm256_unpacklo_pd(low, low2));
        u[4 * g + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(low, low2));
        u[4 * g + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(high, high2));
        u[4 * g + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(high, high2));
    }
    let mut out = u;
    for c in 0..4 {
        out[c] = _mm256_permute2f128_ps::<0x20>(u[c], u[4 + c]);
        out[4 + c] = _mm256_permute2f128_ps::<0x31>(u[c], u[4 + c]);
    }
    out
}

#[inline]
#[target_feature(enable = "avx2")]
pub fn transpose_4(r: [__m256d; 4]) -> [__m256d; 4] {
    let u = [
        _mm256_unpacklo_pd(r[0], r[1]),
        _mm256_unpackhi_pd(r[0], r[1]),
        _mm256_unpacklo_pd(r[2], r[3]),
        _mm256_unpackhi_pd(r[2], r[3]),
    ];
    [
        _mm256_permute2f128_pd::<0x20>(u[0], u[2]),
        _mm256_permute2f128_pd::<0x20>(u[1], u[3]),
        _mm256_permute2f128_pd::<0x31>(u[0], u[2]),
        _mm256_permute2f128_pd::<0x31>(u[1], u[3]),
    ]
}
