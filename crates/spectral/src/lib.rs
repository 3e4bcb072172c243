//! A lab for frequency-domain neural networks.
