//! Tensors of any ranks as one argument or result.

use burn::backend::DispatchTensor;
use burn::tensor::Tensor;

/// The tensors that an operation takes or returns: a tensor, a struct of tensors, or a tuple of these.
pub trait TensorGroup: Sized {
    /// How many tensors there are.
    const COUNT: usize;

    /// Appends them to `list`.
    fn append_to(self, list: &mut Vec<DispatchTensor>);

    /// Takes them from `list`, which has at least [`COUNT`](Self::COUNT).
    fn take_from(list: &mut impl Iterator<Item = DispatchTensor>) -> Self;

    /// As a list.
    fn into_list(self) -> Vec<DispatchTensor> {
        let mut list = Vec::with_capacity(Self::COUNT);
        self.append_to(&mut list);
        list
    }

    /// From a list.
    fn from_list(list: Vec<DispatchTensor>) -> Self {
        Self::take_from(&mut list.into_iter())
    }
}

impl<const D: usize> TensorGroup for Tensor<D> {
    const COUNT: usize = 1;

    fn append_to(self, list: &mut Vec<DispatchTensor>) {
        list.push(self.into_dispatch());
    }

    fn take_from(list: &mut impl Iterator<Item = DispatchTensor>) -> Self {
        Self::from_dispatch(list.next().expect("a tensor for each place in the group"))
    }
}

macro_rules! tuple {
    ($($group:ident)+) => {
        impl<$($group: TensorGroup),+> TensorGroup for ($($group,)+) {
            const COUNT: usize = $($group::COUNT +)+ 0;

            #[allow(non_snake_case)]
            fn append_to(self, list: &mut Vec<DispatchTensor>) {
                let ($($group,)+) = self;
                $($group.append_to(list);)+
            }

            fn take_from(list: &mut impl Iterator<Item = DispatchTensor>) -> Self {
                ($($group::take_from(list),)+)
            }
        }
    };
}

tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
