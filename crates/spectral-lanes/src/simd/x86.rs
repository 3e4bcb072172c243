//! AVX2 + FMA and AVX-512 vectors.

use std::arch::x86_64::*;
use std::ops::{Add, Mul, Sub};

use super::pairs::{pairs_4, pairs_8, pairs_8_wide, pairs_16};
use super::select::{select_4, select_8, select_8_wide, select_16};
use super::transpose::{transpose_4, transpose_8, transpose_8_wide, transpose_16};
use super::{Kernel, MAX_LANES, Simd, Vector};

/// Proof that the processor supports AVX2 and FMA.
#[derive(Clone, Copy)]
pub struct Avx2(());

impl Avx2 {
    /// Returns the proof if the processor supports these instructions.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Avx2(()))
    }
}

/// Proof that the processor supports AVX-512F, AVX2 and FMA.
#[derive(Clone, Copy)]
pub struct Avx512(());

impl Avx512 {
    /// Returns the proof if the processor supports these instructions.
    pub fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && Avx2::detect().is_some()).then_some(Avx512(()))
    }
}

macro_rules! vector {
    ($name:ident, $raw:ty, $add:ident, $sub:ident, $mul:ident, $fmadd:ident, $fmsub:ident, $fnmadd:ident,
     $zero:ident, $max:ident, $keep:ident, $select:ident,
     $pairs:ident) => {
        /// A vector register; only the token can create one.
        #[derive(Clone, Copy)]
        pub struct $name($raw);

        impl Add for $name {
            type Output = Self;
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                // SAFETY: a vector can only be created through a token, which proves that the instructions are
                // supported.
                $name(unsafe { $add(self.0, other.0) })
            }
        }

        impl Sub for $name {
            type Output = Self;
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $sub(self.0, other.0) })
            }
        }

        impl Mul for $name {
            type Output = Self;
            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $mul(self.0, other.0) })
            }
        }

        impl Vector for $name {
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $fmadd(self.0, a.0, b.0) })
            }
            #[inline(always)]
            fn mul_sub(self, a: Self, b: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $fmsub(self.0, a.0, b.0) })
            }
            #[inline(always)]
            fn neg_mul_add(self, a: Self, b: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $fnmadd(self.0, a.0, b.0) })
            }
            #[inline(always)]
            fn relu(self) -> Self {
                // If either operand is NaN, the instruction returns the second.
                // SAFETY: as for `add`.
                $name(unsafe { $max($zero(), self.0) })
            }
            #[inline(always)]
            fn where_positive(self, x: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $keep(self.0, x.0) })
            }
            #[inline(always)]
            fn select_positive(self, a: Self, b: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $select::positive(self.0, a.0, b.0) })
            }
            #[inline(always)]
            fn select_above(self, other: Self, a: Self, b: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $select::above(self.0, other.0, a.0, b.0) })
            }
            #[inline(always)]
            fn select_equal(self, other: Self, a: Self, b: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $select::equal(self.0, other.0, a.0, b.0) })
            }
            #[inline(always)]
            fn reversed(self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $pairs::reversed(self.0) })
            }
            #[inline(always)]
            fn evens(self, next: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $pairs::evens(self.0, next.0) })
            }
            #[inline(always)]
            fn odds(self, next: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $pairs::odds(self.0, next.0) })
            }
            #[inline(always)]
            fn interleave_first(self, odds: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $pairs::first(self.0, odds.0) })
            }
            #[inline(always)]
            fn interleave_second(self, odds: Self) -> Self {
                // SAFETY: as for `add`.
                $name(unsafe { $pairs::second(self.0, odds.0) })
            }
        }
    };
}

vector!(
    F32x16,
    __m512,
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_fmadd_ps,
    _mm512_fmsub_ps,
    _mm512_fnmadd_ps,
    _mm512_setzero_ps,
    _mm512_max_ps,
    keep_16,
    select_16,
    pairs_16
);
vector!(
    F64x8,
    __m512d,
    _mm512_add_pd,
    _mm512_sub_pd,
    _mm512_mul_pd,
    _mm512_fmadd_pd,
    _mm512_fmsub_pd,
    _mm512_fnmadd_pd,
    _mm512_setzero_pd,
    _mm512_max_pd,
    keep_8_wide,
    select_8_wide,
    pairs_8_wide
);
vector!(
    F32x8,
    __m256,
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_fmadd_ps,
    _mm256_fmsub_ps,
    _mm256_fnmadd_ps,
    _mm256_setzero_ps,
    _mm256_max_ps,
    keep_8,
    select_8,
    pairs_8
);
vector!(
    F64x4,
    __m256d,
    _mm256_add_pd,
    _mm256_sub_pd,
    _mm256_mul_pd,
    _mm256_fmadd_pd,
    _mm256_fmsub_pd,
    _mm256_fnmadd_pd,
    _mm256_setzero_pd,
    _mm256_max_pd,
    keep_4,
    select_4,
    pairs_4
);

macro_rules! simd {
    ($token:ty, $features:literal, $t:ty, $v:ident, $lanes:literal, $set1:ident, $loadu:ident, $storeu:ident, $zero:ident,
     $mask:ident, $maskload:ident, $maskstore:ident, $transpose:ident) => {
        impl Simd<$t> for $token {
            type V = $v;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn call<K: Kernel<$t>>(self, kernel: K) -> K::Output {
                #[target_feature(enable = $features)]
                fn enabled<K: Kernel<$t>>(token: $token, kernel: K) -> K::Output {
                    kernel.run(token)
                }
                // SAFETY: the token proves that the instructions are supported.
                unsafe { enabled(self, kernel) }
            }

            #[inline(always)]
            fn splat(self, x: $t) -> $v {
                // SAFETY: the token proves that the instructions are supported.
                $v(unsafe { $set1(x) })
            }

            #[inline(always)]
            unsafe fn load(self, from: *const $t) -> $v {
                // SAFETY: the token proves that the instructions are supported; the caller guarantees that `from` is
                // readable.
                $v(unsafe { $loadu(from) })
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $t, v: $v) {
                // SAFETY: the token proves that the instructions are supported; the caller guarantees that `to` is
                // writable.
                unsafe { $storeu(to, v.0) }
            }

            #[inline(always)]
            unsafe fn load_part(self, from: *const $t, count: usize) -> $v {
                // SAFETY: the token proves that the instructions are supported; masked-out lanes are not accessed.
                $v(unsafe { $maskload(from, $mask(count)) })
            }

            #[inline(always)]
            unsafe fn store_part(self, to: *mut $t, v: $v, count: usize) {
                // SAFETY: the token proves that the instructions are supported; masked-out lanes are not accessed.
                unsafe { $maskstore(to, $mask(count), v.0) }
            }

            #[inline(always)]
            unsafe fn transpose(
                self,
                from: &[*const $t; MAX_LANES],
                read: usize,
                to: &[*mut $t; MAX_LANES],
                stores: usize,
                write: usize,
            ) {
                // SAFETY: the token proves that the instructions are supported; the caller guarantees that the pointers
                // are valid.
                unsafe {
                    let mut rows = [$zero(); $lanes];
                    if read == $lanes {
                        for i in 0..$lanes {
                            rows[i] = $loadu(from[i]);
                        }
                    } else {
                        let mask = $mask(read);
                        for i in 0..$lanes {
                            rows[i] = $maskload(from[i], mask);
                        }
                    }
                    let columns = $transpose(rows);
                    if write == $lanes {
                        for j in 0..$lanes {
                            if j < stores {
                                $storeu(to[j], columns[j]);
                            }
                        }
                    } else {
                        let mask = $mask(write);
                        for j in 0..$lanes {
                            if j < stores {
                                $maskstore(to[j], mask, columns[j]);
                            }
                        }
                    }
                }
            }
        }
    };
}

simd!(
    Avx512,
    "avx512f,avx2,fma",
    f32,
    F32x16,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_setzero_ps,
    mask_16,
    maskload_16,
    _mm512_mask_storeu_ps,
    transpose_16
);
simd!(
    Avx512,
    "avx512f,avx2,fma",
    f64,
    F64x8,
    8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_setzero_pd,
    mask_8_wide,
    maskload_8_wide,
    _mm512_mask_storeu_pd,
    transpose_8_wide
);
simd!(
    Avx2,
    "avx2,fma",
    f32,
    F32x8,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_setzero_ps,
    mask_8,
    _mm256_maskload_ps,
    _mm256_maskstore_ps,
    transpose_8
);
simd!(
    Avx2,
    "avx2,fma",
    f64,
    F64x4,
    4,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_setzero_pd,
    mask_4,
    _mm256_maskload_pd,
    _mm256_maskstore_pd,
    transpose_4
);

/// A mask of the first `count` of 16 lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn mask_16(count: usize) -> __mmask16 {
    ((1_u32 << count) - 1) as __mmask16
}

/// A mask of the first `count` of 8 lanes.
#[inline]
#[target_feature(enable = "avx512f")]
fn mask_8_wide(count: usize) -> __mmask8 {
    ((1_u32 << count) - 1) as __mmask8
}

/// A mask of the first `count` of 8 lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn mask_8(count: usize) -> __m256i {
    _mm256_cmpgt_epi32(
        _mm256_set1_epi32(count as i32),
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
    )
}

/// A mask of the first `count` of 4 lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn mask_4(count: usize) -> __m256i {
    _mm256_cmpgt_epi64(
        _mm256_set1_epi64x(count as i64),
        _mm256_setr_epi64x(0, 1, 2, 3),
    )
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn maskload_16(from: *const f32, mask: __mmask16) -> __m512 {
    // SAFETY: the caller guarantees that the lanes of the mask are readable.
    unsafe { _mm512_maskz_loadu_ps(mask, from) }
}

#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn maskload_8_wide(from: *const f64, mask: __mmask8) -> __m512d {
    // SAFETY: the caller guarantees that the lanes of the mask are readable.
    unsafe { _mm512_maskz_loadu_pd(mask, from) }
}

/// `x` where `a` is positive or NaN, zero elsewhere.
#[inline]
#[target_feature(enable = "avx512f")]
fn keep_16(a: __m512, x: __m512) -> __m512 {
    let kept = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(a, _mm512_setzero_ps());
    _mm512_maskz_mov_ps(kept, x)
}

/// Same as [`keep_16`].
#[inline]
#[target_feature(enable = "avx512f")]
fn keep_8_wide(a: __m512d, x: __m512d) -> __m512d {
    let kept = _mm512_cmp_pd_mask::<_CMP_NLE_UQ>(a, _mm512_setzero_pd());
    _mm512_maskz_mov_pd(kept, x)
}

/// Same as [`keep_16`].
#[inline]
#[target_feature(enable = "avx2")]
fn keep_8(a: __m256, x: __m256) -> __m256 {
    _mm256_and_ps(_mm256_cmp_ps::<_CMP_NLE_UQ>(a, _mm256_setzero_ps()), x)
}

/// Same as [`keep_16`].
#[inline]
#[target_feature(enable = "avx2")]
fn keep_4(a: __m256d, x: __m256d) -> __m256d {
    _mm256_and_pd(_mm256_cmp_pd::<_CMP_NLE_UQ>(a, _mm256_setzero_pd()), x)
}
