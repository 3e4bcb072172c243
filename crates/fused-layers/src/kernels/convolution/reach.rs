//! Which taps along an axis read a sample of the source, and which sample.

use std::ops::Range;

use super::Convolution;

/// One axis of a pass: target `p` reads sample `step·p + slope·t + origin` of the source through tap `t`.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    step: isize,
    slope: isize,
    origin: isize,
    taps: usize,
    pub sources: usize,
    pub targets: usize,
}

/// Neighboring targets with the same contributing taps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    pub targets: Range<usize>,
    pub taps: Range<usize>,
}

impl Reach {
    /// From input to output.
    pub fn forward(conv: &Convolution, axis: usize) -> Self {
        Reach {
            step: conv.stride[axis] as isize,
            slope: conv.dilation[axis] as isize,
            origin: -(conv.padding[axis].0 as isize),
            taps: conv.kernel[axis],
            sources: conv.sizes[axis],
            targets: conv.output_sizes()[axis],
        }
    }

    /// From the gradient of the output to that of the input, for a stride of 1.
    pub fn adjoint(conv: &Convolution, axis: usize) -> Self {
        Reach {
            step: 1,
            slope: -(conv.dilation[axis] as isize),
            origin: conv.padding[axis].0 as isize,
            taps: conv.kernel[axis],
            sources: conv.output_sizes()[axis],
            targets: conv.sizes[axis],
        }
    }

    /// The sample that tap `tap` reads for target `target`; it must exist.
    pub fn sample(&self, target: usize, tap: usize) -> usize {
        let sample = self.step * target as isize + self.slope * tap as isize + self.origin;
        debug_assert!((0..self.sources as isize).contains(&sample));
        sample as usize
    }

    fn reaches(&self, target: usize, tap: usize) -> bool {
        let sample = self.step * target as isize + self.slope * tap as isize + self.origin;
        (0..self.sources as isize).contains(&sample)
    }

    /// The targets for which tap `tap` reads a sample; they are contiguous.
    pub fn targets_of(&self, tap: usize) -> Range<usize> {
        let mut reached = (0..self.targets).filter(|target| self.reaches(*target, tap));
        match reached.next() {
            Some(first) => first..first + 1 + reached.count(),
            None => 0..0,
        }
    }

    /// All targets, grouped by their contributing taps; the taps of a target are contiguous.
    pub fn classes(&self) -> Vec<Class> {
        let mut classes: Vec<Class> = Vec::new();
        for target in 0..self.targets {
            let mut reaching = (0..self.taps).filter(|tap| self.reaches(target, *tap));
            let taps = match reaching.next() {
                Some(first) => first..first + 1 + reaching.count(),
                None => 0..0,
            };
            match classes.last_mut() {
                Some(last) if last.taps == taps => last.targets.end = target + 1,
                _ => classes.push(Class {
                    targets: target..target + 1,
                    taps,
                }),
            }
        }
        classes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_separate_the_border_from_the_interior() {
        let conv = Convolution {
            batch: 1,
            groups: 1,
            in_per_group: 1,
            out_per_group: 1,
            sizes: [7, 2],
            kernel: [3, 3],
            stride: [1, 1],
            dilation: [1, 1],
            padding: [(1, 1), (1, 1)],
        };
        let class = |targets, taps| Class { targets, taps };
        let forward = Reach::forward(&conv, 0);
        assert_eq!(
            forward.classes(),
            [class(0..1, 1..3), class(1..6, 0..3), class(6..7, 0..2)]
        );
        assert_eq!(
            [0, 1, 2].map(|tap| forward.targets_of(tap)),
            [1..7, 0..7, 0..6]
        );
        assert_eq!(
            Reach::adjoint(&conv, 1).classes(),
            [class(0..1, 0..2), class(1..2, 1..3)]
        );
    }

    #[test]
    fn padding_beyond_the_kernel_has_no_taps() {
        let conv = Convolution {
            batch: 1,
            groups: 1,
            in_per_group: 1,
            out_per_group: 1,
            sizes: [1, 1],
            kernel: [2, 1],
            stride: [1, 1],
            dilation: [1, 1],
            padding: [(2, 0), (0, 0)],
        };
        let classes = Reach::forward(&conv, 0).classes();
        assert_eq!(classes[0].taps, 0..0);
        assert_eq!(classes[1].taps, 1..2);
    }
}
