//! Frequency-domain neural network layers for Burn.
