//! One axis of a convolution: which samples its frame holds, and the shift of each tap.

use super::Convolution;

/// How the samples of a source are laid out: position `j` of plane `p` is sample `step·j + phases[p] − origin`, or zero
/// if there is no such sample.
#[derive(Clone, Debug)]
pub struct FrameAxis {
    pub step: usize,
    pub phases: Vec<usize>,
    pub origin: isize,
    /// Number of positions that some result depends on.
    pub len: usize,
    /// Number of samples of the source.
    pub source: usize,
}

/// A tap, as an offset into a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    pub index: usize,
    /// The plane of the frame.
    pub plane: usize,
    pub shift: usize,
}

/// Results `first + step·p` for `p < count`: sums over the same taps, at position `p` plus the taps' shifts.
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
    /// Number of samples of the target.
    pub target: usize,
}

impl AxisPlan {
    /// From input to output. With a stride, the input is separated into planes of every `stride`-th sample.
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

    /// From the gradient of the output to that of the input: every `stride`-th sample is a separate line, which only
    /// some taps contribute to.
    pub fn adjoint(conv: &Convolution, axis: usize) -> Self {
        let (stride, dilation) = (conv.stride[axis], conv.dilation[axis]);
        let (before, size) = (conv.padding[axis].0, conv.sizes[axis]);
        // Padded sample `stride·m + phase` receives output `m − q` through tap `t` if `dilation·t = stride·q + phase`.
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

    /// Maximum number of results per line.
    pub fn most(&self) -> usize {
        self.lines.iter().map(|line| line.count).max().unwrap_or(0)
    }

    /// The largest shift.
    pub fn longest(&self) -> usize {
        let shifts = self.lines.iter().map(|line| longest(&line.taps));
        shifts.max().unwrap_or(0)
    }

    /// Distance between the rows of neighboring images. The zeros after one image may be shared with those before the
    /// next.
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
