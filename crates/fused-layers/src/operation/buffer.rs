//! Buffers for results, the large ones used again.
//!
//! A new buffer of many megabytes is made of pages that the system zeroes and maps one by one as
//! they are touched, which takes longer than the transform that fills them. So a large buffer comes
//! back here when its tensor goes, and serves the next result of its length.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[cfg(feature = "flex")]
use burn::backend::flex::Layout;
use burn::tensor::{AllocationProperty, Bytes, Element, Shape, TensorData};

use super::FlexTensor;
#[cfg(not(feature = "flex"))]
use super::absent::Layout;

/// Smallest buffer that is kept, in bytes. The allocator keeps the pages of smaller ones itself.
const LEAST: usize = 1 << 20;

/// Most bytes kept of one element type; the longest unused go first.
const MOST: usize = 256 << 20;

/// An element type whose buffers are kept.
pub trait Pooled: Element + bytemuck::Pod + Default {
    /// Where they are kept.
    fn shelf() -> &'static Shelf<Self>;
}

impl Pooled for f32 {
    fn shelf() -> &'static Shelf<f32> {
        static SHELF: Shelf<f32> = Shelf::new();
        &SHELF
    }
}

impl Pooled for f64 {
    fn shelf() -> &'static Shelf<f64> {
        static SHELF: Shelf<f64> = Shelf::new();
        &SHELF
    }
}

/// Buffers that wait for their next use, the longest unused first.
pub struct Shelf<E>(Mutex<VecDeque<Vec<E>>>);

impl<E> Shelf<E> {
    const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Vec<E>>> {
        // Whole buffers are moved in and out, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, count: usize) -> Option<Vec<E>> {
        let mut shelf = self.lock();
        let place = shelf.iter().rposition(|buffer| buffer.len() == count)?;
        shelf.remove(place)
    }

    fn give(&self, buffer: Vec<E>) {
        let mut gone = Vec::new();
        {
            let mut shelf = self.lock();
            shelf.push_back(buffer);
            let bytes = |buffer: &Vec<E>| size_of_val(buffer.as_slice());
            let mut kept: usize = shelf.iter().map(bytes).sum();
            while kept > MOST
                && let Some(oldest) = shelf.pop_front()
            {
                kept -= bytes(&oldest);
                gone.push(oldest);
            }
        }
        // The allocator unmaps them, which others need not wait for.
        drop(gone);
    }
}

/// A buffer of `count` elements of any value, for a result that overwrites them all.
pub fn take<E: Pooled>(count: usize) -> Vec<E> {
    let large = count * size_of::<E>() >= LEAST;
    large
        .then(|| E::shelf().take(count))
        .flatten()
        .unwrap_or_else(|| vec![E::default(); count])
}

/// A tensor over a buffer; a large one comes back when the last tensor over it goes.
pub fn into_tensor<E: Pooled>(buffer: Vec<E>, shape: &Shape) -> FlexTensor {
    if size_of_val(buffer.as_slice()) < LEAST {
        return FlexTensor::from_data(TensorData::new(buffer, shape.clone()));
    }
    let bytes = bytes::Bytes::from_owner(Returning(buffer));
    FlexTensor::new(
        Bytes::from_shared(bytes, AllocationProperty::Native),
        Layout::contiguous(shape.clone()),
        E::dtype(),
    )
}

/// A buffer that goes back to its shelf.
struct Returning<E: Pooled>(Vec<E>);

impl<E: Pooled> AsRef<[u8]> for Returning<E> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl<E: Pooled> Drop for Returning<E> {
    fn drop(&mut self) {
        E::shelf().give(core::mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::Flex;
    use burn::tensor::Tensor;

    /// A length of its own, so that tests beside this one cannot take its buffers.
    const COUNT: usize = LEAST / 8 + 12_345;

    #[test]
    fn a_large_buffer_comes_back_and_a_small_one_does_not() {
        let shape = Shape::new([COUNT]);
        let mut buffer = take::<f64>(COUNT);
        buffer[7] = 3.5;
        let tensor = into_tensor(buffer, &shape);
        let twin = tensor.clone();
        drop(tensor);
        assert_eq!(twin.as_slice::<f64>().unwrap()[7], 3.5);
        assert!(f64::shelf().take(COUNT).is_none(), "still in use");
        drop(twin);
        assert_eq!(f64::shelf().take(COUNT).unwrap()[7], 3.5);

        drop(into_tensor(take::<f64>(77), &Shape::new([77])));
        assert!(f64::shelf().take(77).is_none());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let shelf = Shelf::<f32>::new();
        let count = MOST / 4 / 3;
        for _ in 0..5 {
            shelf.give(vec![0.0; count]);
        }
        assert_eq!(shelf.lock().len(), 3);
        shelf.give(vec![0.0; 2 * MOST / 4]);
        assert!(shelf.lock().is_empty(), "one above the bound is not kept");
    }

    #[test]
    fn changing_a_tensor_in_place_leaves_its_twin_alone() {
        let shape = Shape::new([LEAST / 4]);
        let mut ones = take::<f32>(LEAST / 4);
        ones.fill(1.0);
        let x = Tensor::<1>::from_primitive::<Flex>(into_tensor(ones, &shape));
        let twin = x.clone();
        let changed = x * 2.0 + 1.0;
        assert_eq!(twin.max().into_scalar::<f32>(), 1.0);
        assert_eq!(changed.max().into_scalar::<f32>(), 3.0);
    }
}
