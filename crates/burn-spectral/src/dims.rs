//! Dimensions as arguments: signed, as Burn takes them, and checked with one message.

use burn::tensor::AsIndex;

/// The index of `dim`, which may count from the end, in a tensor of the given rank.
///
/// # Panics
/// When it is out of range, naming `function`.
#[track_caller]
pub(crate) fn dim_index(function: &str, dim: impl AsIndex, rank: usize) -> usize {
    match dim.try_dim_index(rank) {
        Ok(index) => index,
        Err(_) => panic!(
            "{function}: dim {} is out of range for a tensor of rank {rank} (accepted: -{rank} to {})",
            dim.as_index(),
            rank as isize - 1
        ),
    }
}

/// The indices of `dims` in their order.
///
/// # Panics
/// When there are none, one is out of range, or one is repeated, naming `function`.
#[track_caller]
pub(crate) fn dim_indices<I: AsIndex>(function: &str, dims: &[I], rank: usize) -> Vec<usize> {
    assert!(
        !dims.is_empty(),
        "{function}: dims is empty (accepted: 1 to {rank} different dims)"
    );
    let mut indices = Vec::with_capacity(dims.len());
    for dim in dims {
        let index = dim_index(function, dim, rank);
        assert!(
            !indices.contains(&index),
            "{function}: dim {} is repeated in dims {:?} of a tensor of rank {rank} (accepted: \
             different dims)",
            dim.as_index(),
            dims.iter().map(|dim| dim.as_index()).collect::<Vec<_>>()
        );
        indices.push(index);
    }
    indices
}
