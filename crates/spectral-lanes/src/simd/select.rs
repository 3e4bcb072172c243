//! Lane-wise selection between two vectors, for x86.

/// Operations on `__m512`.
pub mod select_16 {
    use std::arch::x86_64::*;

    /// `a` where `v` is positive or NaN, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn positive(v: __m512, a: __m512, b: __m512) -> __m512 {
        let mask = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(v, _mm512_setzero_ps());
        _mm512_mask_blend_ps(mask, b, a)
    }

    /// `a` where `v` is greater than `w` or NaN, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn above(v: __m512, w: __m512, a: __m512, b: __m512) -> __m512 {
        let greater = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(v, w);
        let unordered = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(v, v);
        _mm512_mask_blend_ps(greater | unordered, b, a)
    }

    /// `a` where `v` equals `w`, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn equal(v: __m512, w: __m512, a: __m512, b: __m512) -> __m512 {
        let mask = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(v, w);
        _mm512_mask_blend_ps(mask, b, a)
    }
}

/// Operations on `__m512d`.
pub mod select_8_wide {
    use std::arch::x86_64::*;

    /// `a` where `v` is positive or NaN, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn positive(v: __m512d, a: __m512d, b: __m512d) -> __m512d {
        let mask = _mm512_cmp_pd_mask::<_CMP_NLE_UQ>(v, _mm512_setzero_pd());
        _mm512_mask_blend_pd(mask, b, a)
    }

    /// `a` where `v` is greater than `w` or NaN, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn above(v: __m512d, w: __m512d, a: __m512d, b: __m512d) -> __m512d {
        let greater = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(v, w);
        let unordered = _mm512_cmp_pd_mask::<_CMP_UNORD_Q>(v, v);
        _mm512_mask_blend_pd(greater | unordered, b, a)
    }

    /// `a` where `v` equals `w`, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub fn equal(v: __m512d, w: __m512d, a: __m512d, b: __m512d) -> __m512d {
        let mask = _mm512_cmp_pd_mask::<_CMP_EQ_OQ>(v, w);
        _mm512_mask_blend_pd(mask, b, a)
    }
}

/// Operations on `__m256`.
pub mod select_8 {
    use std::arch::x86_64::*;

    /// `a` where `v` is positive or NaN, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn positive(v: __m256, a: __m256, b: __m256) -> __m256 {
        let mask = _mm256_cmp_ps::<_CMP_NLE_UQ>(v, _mm256_setzero_ps());
        _mm256_blendv_ps(b, a, mask)
    }

    /// `a` where `v` is greater than `w` or NaN, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn above(v: __m256, w: __m256, a: __m256, b: __m256) -> __m256 {
        let greater = _mm256_cmp_ps::<_CMP_GT_OQ>(v, w);
        let unordered = _mm256_cmp_ps::<_CMP_UNORD_Q>(v, v);
        _mm256_blendv_ps(b, a, _mm256_or_ps(greater, unordered))
    }

    /// `a` where `v` equals `w`, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn equal(v: __m256, w: __m256, a: __m256, b: __m256) -> __m256 {
        let mask = _mm256_cmp_ps::<_CMP_EQ_OQ>(v, w);
        _mm256_blendv_ps(b, a, mask)
    }
}

/// Operations on `__m256d`.
pub mod select_4 {
    use std::arch::x86_64::*;

    /// `a` where `v` is positive or NaN, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn positive(v: __m256d, a: __m256d, b: __m256d) -> __m256d {
        let mask = _mm256_cmp_pd::<_CMP_NLE_UQ>(v, _mm256_setzero_pd());
        _mm256_blendv_pd(b, a, mask)
    }

    /// `a` where `v` is greater than `w` or NaN, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn above(v: __m256d, w: __m256d, a: __m256d, b: __m256d) -> __m256d {
        let greater = _mm256_cmp_pd::<_CMP_GT_OQ>(v, w);
        let unordered = _mm256_cmp_pd::<_CMP_UNORD_Q>(v, v);
        _mm256_blendv_pd(b, a, _mm256_or_pd(greater, unordered))
    }

    /// `a` where `v` equals `w`, `b` elsewhere.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub fn equal(v: __m256d, w: __m256d, a: __m256d, b: __m256d) -> __m256d {
        let mask = _mm256_cmp_pd::<_CMP_EQ_OQ>(v, w);
        _mm256_blendv_pd(b, a, mask)
    }
}
