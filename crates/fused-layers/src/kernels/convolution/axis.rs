//! One axis of a convolution: which samples its frame holds, and where each tap finds them.

use super::Convolution;

/// How samples of a source are laid out: sample `step·j + phases[p] − origin` at place `j` of plane `p`, zero where the
/// source has none.
#[derive(Clone, Debug)]
pub struct FrameAxis {
    pub step: usize,
    pub phases: Vec<usize>,
    pub origin: isize,
    /// Places that some result needs.
    pub len: usize,
    /// Samples of the source.
    pub source: usize,
}

/// A tap as an offset into a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    pub index: usize,
    /// The plane of the frame.
    pub plane: usize,
    pub shift: usize,
}

/// Results `first + step·p` for `p < count`: sums of the same taps, at place `p` plus their shifts.
#[derive(Clone, Debug)]
pub struct Line {
    pub first: usize,
    pub step: usize,
    pub count: usize,
    pub taps: Vec<Tap>,
}

/// One axis of a pass.
#[derive(Clone, Debug)]
pub struct AxisPlan {
    pub frame: FrameAxis,
    pub lines: Vec<Line>,
    /// Samples of the target.
    pub target: usize,
}

impl AxisPlan {
    /// From input to output. A stride takes the input apart into planes of every `stride`-th sample.
    pub fn forward(conv: &Convolution, axis: usize) -> Self {
        let (stride, dilation) = (conv.stride[axis], conv.dilation[axis]);
        let count = conv.output_sizes()[axis];
        let mut phases: Vec<usize> = (0..conv.kernel[axis])
            .map(|tap| tap * dilation % stride)
            .collect();
        phases.sort_unstable();
        phases.dedup();
        let taps: Vec<Tap> = (0..conv.kernel[axis])
            .map(|index| Tap {
                index,
                plane: phases
                    .binary_search(&(index * dilation % stride))
                    .expect("listed above"),
                shift: index * dilation / stride,
            })
            .collect();
        AxisPlan {
            frame: FrameAxis {
                step: stride,
                phases,
                origin: conv.padding[axis].0 as isize,
                len: count + longest(&taps),
                source: conv.sizes[axis],
            },
            lines: vec![Line {
                first: 0,
                step: 1,
                count,
                taps,
            }],
            target: count,
        }
    }

    /// From the output's gradient to the input's: every `stride`-th sample is a line of its own, which only some taps
    /// reach.
    pub fn adjoint(conv: &Convolution, axis: usize) -> Self {
        let (stride, dilation) = (conv.stride[axis], conv.dilation[axis]);
        let (before, size) = (conv.padding[axis].0, conv.sizes[axis]);
        // Padded sample `stride·m + phase` gathers output `m − q` by tap `t` where `dilation·t = stride·q + phase`.
        let start = |phase: usize| before.saturating_sub(phase).div_ceil(stride);
        let reach = |index: usize| {
            let phase = index * dilation % stride;
            (index * dilation / stride) as isize - start(phase) as isize
        };
        let origin = (0..conv.kernel[axis]).map(reach).max().unwrap_or(0);
        let mut taps_of: Vec<Vec<Tap>> = vec![Vec::new(); stride];
        for index in 0..conv.kernel[axis] {
            taps_of[index * dilation % stride].push(Tap {
                index,
                plane: 0,
                shift: (origin - reach(index)) as usize,
            });
        }
        let lines: Vec<Line> = (0..stride)
            .zip(taps_of)
            .map(|(phase, taps)| {
                let first = stride * start(phase) + phase - before;
                Line {
                    first,
                    step: stride,
                    count: size.saturating_sub(first).div_ceil(stride),
                    taps,
                }
            })
            .collect();
        let len = lines.iter().map(|line| line.count + longest(&line.taps));
        AxisPlan {
            frame: FrameAxis {
                step: 1,
                phases: vec![0],
                origin,
                len: len.max().unwrap_or(0),
                source: conv.output_sizes()[axis],
            },
            lines,
            target: size,
        }
    }

    /// Most results of a line.
    pub fn most(&self) -> usize {
        self.lines.iter().map(|line| line.count).max().unwrap_or(0)
    }

    /// The longest shift.
    pub fn longest(&self) -> usize {
        let shifts = self.lines.iter().map(|line| longest(&line.taps));
        shifts.max().unwrap_or(0)
    }

    /// Places from the start of a row of one image to that of the next beside it, so that the zeros after one may be the
    /// zeros before the next.
    pub fn pitch(&self) -> usize {
        let frame = &self.frame;
        let sample =
            |place: usize, phase: usize| (frame.step * place + phase) as isize - frame.origin;
        let (least, most) = (
            frame.phases.first().copied().unwrap_or(0),
            frame.phases.last().copied().unwrap_or(0),
        );
        let leading = (0..frame.len)
            .take_while(|place| sample(*place, most) < 0)
            .count();
        let trailing = (0..frame.len)
            .rev()
            .take_while(|place| sample(*place, least) >= frame.source as isize)
            .count();
        (frame.len - leading.min(trailing)).max(self.most()).max(1)
    }
}

fn longest(taps: &[Tap]) -> usize {
    taps.iter().map(|tap| tap.shift).max().unwrap_or(0)
}
