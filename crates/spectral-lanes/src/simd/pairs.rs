//! Reversal, deinterleaving and interleaving of vectors, for x86.

/// Operations on `__m512`.
pub mod pairs_16 {
    use std::arch::x86_64::*;

    /// The lanes in reverse order.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn reversed(a: __m512) -> __m512 {
        let places = _mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        _mm512_permutexvar_ps(places, a)
    }

    /// The even-indexed elements of `a` followed by those of `b`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn evens(a: __m512, b: __m512) -> __m512 {
        let places = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        _mm512_permutex2var_ps(a, places, b)
    }

    /// The odd-indexed elements of `a` followed by those of `b`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn odds(a: __m512, b: __m512) -> __m512 {
        let places = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        _mm512_permutex2var_ps(a, places, b)
    }

    /// The first half of the interleaving of `a` and `b`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn first(a: __m512, b: __m512) -> __m512 {
        let places = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        _mm512_permutex2var_ps(a, places, b)
    }

    /// The second half of the interleaving of `a` and `b`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn second(a: __m512, b: __m512) -> __m512 {
        let places =
            _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        _mm512_permutex2var_ps(a, places, b)
    }
}

/// Operations on `__m512d`.
pub mod pairs_8_wide {
    use std::arch::x86_64::*;

    /// The lanes in reverse order.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn reversed(a: __m512d) -> __m512d {
        let places = _mm512_setr_epi64(7, 6, 5, 4, 3, 2, 1, 0);
        _mm512_permutexvar_pd(places, a)
    }

    /// The even-indexed elements of `a` followed by those of `b`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn evens(a: __m512d, b: __m512d) -> __m512d {
        let places = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
        _mm512_permutex2var_pd(a, places, b)
    }

    /// The odd-indexed elements of `a` followed by those of `b`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn odds(a: __m512d, b: __m512d) -> __m512d {
        let places = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
        _mm512_permutex2var_pd(a, places, b)
    }

    /// The first half of the interleaving of `a` and `b`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn first(a: __m512d, b: __m512d) -> __m512d {
        let places = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
        _mm512_permutex2var_pd(a, places, b)
    }

    /// The second half of the interleaving of `a` and `b`.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn second(a: __m512d, b: __m512d) -> __m512d {
        let places = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
        _mm512_permutex2var_pd(a, places, b)
    }
}

/// Operations on `__m256`.
pub mod pairs_8 {
    use std::arch::x86_64::*;

    /// Reorders quarters 0, 2, 1, 3.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn sorted(quarters: __m256) -> __m256 {
        _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(
            quarters,
        )))
    }

    /// The lanes in reverse order.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn reversed(a: __m256) -> __m256 {
        let places = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
        _mm256_permutevar8x32_ps(a, places)
    }

    /// The even-indexed elements of `a` followed by those of `b`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn evens(a: __m256, b: __m256) -> __m256 {
        sorted(_mm256_shuffle_ps::<0b10_00_10_00>(a, b))
    }

    /// The odd-indexed elements of `a` followed by those of `b`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn odds(a: __m256, b: __m256) -> __m256 {
        sorted(_mm256_shuffle_ps::<0b11_01_11_01>(a, b))
    }

    /// The first half of the interleaving of `a` and `b`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn first(a: __m256, b: __m256) -> __m256 {
        let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        _mm256_permute2f128_ps::<0x20>(low, high)
    }

    /// The second half of the interleaving of `a` and `b`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn second(a: __m256, b: __m256) -> __m256 {
        let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        _mm256_permute2f128_ps::<0x31>(low, high)
    }
}

/// Operations on `__m256d`.
pub mod pairs_4 {
    use std::arch::x86_64::*;

    /// The lanes in reverse order.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn reversed(a: __m256d) -> __m256d {
        _mm256_permute4x64_pd::<0b00_01_10_11>(a)
    }

    /// The even-indexed elements of `a` followed by those of `b`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn evens(a: __m256d, b: __m256d) -> __m256d {
        _mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_unpacklo_pd(a, b))
    }

    /// The odd-indexed elements of `a` followed by those of `b`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn odds(a: __m256d, b: __m256d) -> __m256d {
        _mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_unpackhi_pd(a, b))
    }

    /// The first half of the interleaving of `a` and `b`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn first(a: __m256d, b: __m256d) -> __m256d {
        let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        _mm256_permute2f128_pd::<0x20>(low, high)
    }

    /// The second half of the interleaving of `a` and `b`.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn second(a: __m256d, b: __m256d) -> __m256d {
        let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
        _mm256_permute2f128_pd::<0x31>(low, high)
    }
}
