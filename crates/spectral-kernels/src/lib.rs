//! Batched real and complex FFTs and spectral contractions on plain slices.
