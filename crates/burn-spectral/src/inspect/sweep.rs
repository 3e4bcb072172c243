//! The impulse responses of a map at every position of the image.

use super::kernel::EffectiveKernel;
use super::probe::{Images, Operator, energy};

/// Points in all, over positions and channels, unless an image has fewer.
const POINTS: usize = 4096;

/// Numbers that these points and their answers are made of, at most.
const NUMBERS: usize = 1 << 27;

/// Fewest positions, however many channels there are.
const POSITIONS: usize = 4;

/// Energy that counts as none.
const NOTHING: f64 = 1e-9;

/// Odd windows of taps are fitted up to this size.
pub(super) const LARGEST_WINDOW: usize = 15;

/// What of a map is a convolution, and how.
pub(super) struct Sweep {
    /// The circular convolution nearest to the map, and the one nearest to it after a reversal of
    /// the image. White noise in, nearest in squares: the answers' mean over positions.
    pub(super) circular: [EffectiveKernel; 2],
    /// The same with zeros around the image, within [`LARGEST_WINDOW`] around offset zero: the mean
    /// over the positions from which the tap stays inside. Elsewhere zero.
    pub(super) padded: [EffectiveKernel; 2],
    /// Energy from every input to every output channel, `[out, in]`.
    pub(super) pairs: Vec<f64>,
    /// For the image as it is and reversed, the share of the energy that goes the short way over
    /// the border of the height alone, of the width alone, and of both.
    over: [[f64; 3]; 2],
    /// The same sides' shares from further down and from further right, borders not crossed.
    ahead: [[f64; 2]; 2],
    /// How many positions were probed.
    pub(super) positions: usize,
}

impl Sweep {
    pub(super) fn of(operator: &Operator) -> Self {
        let probe = operator.probe;
        let (inputs, outputs) = (probe.channels, operator.outputs);
        let pixels = probe.pixels();
        let points = POINTS.min(NUMBERS / ((inputs + outputs) * pixels));
        let places = positions(probe.size, (points / inputs).max(POSITIONS));
        let channels = [outputs, inputs];
        let zeros = || EffectiveKernel::zeros(channels, probe.size);
        let mut sweep = Self {
            circular: [zeros(), zeros()],
            padded: [zeros(), zeros()],
            pairs: vec![0.0; outputs * inputs],
            over: [[0.0; 3]; 2],
            ahead: [[0.0; 2]; 2],
            positions: places.len(),
        };
        for input in 0..inputs {
            // As many points at a time as an image has pixels, to keep batches small.
            for batch in places.chunks(pixels.min(256)) {
                let mut points = Images::zeros(batch.len(), inputs, probe.size);
                for (image, &[row, column]) in batch.iter().enumerate() {
                    points.plane_mut(image, input)[row * probe.size[1] + column] = 1.0;
                }
                let answers = operator.apply(&points);
                for (image, &place) in batch.iter().enumerate() {
                    for output in 0..outputs {
                        sweep.add([output, input], place, answers.plane(image, output));
                    }
                }
            }
        }
        sweep.finish(&places);
        sweep
    }

    fn add(&mut self, [output, input]: [usize; 2], place: [usize; 2], answer: &[f64]) {
        let size = self.circular[0].size;
        let [height, width] = size;
        let inputs = self.circular[0].channels[1];
        self.pairs[output * inputs + input] += energy(answer);
        let start = (output * inputs + input) * height * width;
        let reach = window(size) / 2;
        let origins = [
            place,
            [0, 1].map(|axis| (size[axis] - place[axis]) % size[axis]),
        ];
        for (side, origin) in origins.into_iter().enumerate() {
            let circular = &mut self.circular[side].taps[start..start + height * width];
            let padded = &mut self.padded[side].taps[start..start + height * width];
            let (over, ahead) = (&mut self.over[side], &mut self.ahead[side]);
            for row in 0..height {
                let (y, [dy, over_y]) = (
                    (row + height - origin[0]) % height,
                    way(row, origin[0], height),
                );
                for column in 0..width {
                    let value = answer[row * width + column];
                    if value == 0.0 {
                        continue;
                    }
                    let x = (column + width - origin[1]) % width;
                    let [dx, over_x] = way(column, origin[1], width);
                    circular[y * width + x] += value;
                    let square = value * value;
                    if row < origin[0] {
                        ahead[0] += square;
                    }
                    if column < origin[1] {
                        ahead[1] += square;
                    }
                    if over_y + over_x > 0 {
                        over[over_y + 2 * over_x - 1] += square;
                    } else if dy <= reach && dx <= reach {
                        padded[y * width + x] += value;
                    }
                }
            }
        }
    }

    /// The share of the energy from further down (axis 0) or right (axis 1), round the border or
    /// not: whichever way makes it less.
    pub(super) fn ahead(&self, side: usize, axis: usize) -> f64 {
        self.ahead[side][axis].min(self.circular[side].share_ahead(axis))
    }

    /// The share of the energy that goes over the border. Along an axis on which nothing comes from
    /// ahead, a long way is a long way and no short one over the border.
    pub(super) fn wrapped(&self, side: usize) -> f64 {
        let [height, width, both] = self.over[side];
        let counts = self.ahead[side].map(|ahead| f64::from(ahead > NOTHING));
        height * counts[0] + width * counts[1] + both * counts[0].max(counts[1])
    }

    fn finish(&mut self, places: &[[usize; 2]]) {
        let total: f64 = self.pairs.iter().sum();
        let size = self.circular[0].size;
        let [height, width] = size;
        for side in 0..2 {
            if total > 0.0 {
                self.over[side].iter_mut().for_each(|share| *share /= total);
                self.ahead[side]
                    .iter_mut()
                    .for_each(|share| *share /= total);
            }
            let count = places.len() as f64;
            self.circular[side]
                .taps
                .iter_mut()
                .for_each(|tap| *tap /= count);
            for index in 0..height * width {
                let offset = self.padded[side].offset(index);
                let inside = |place: &&[usize; 2]| {
                    [0, 1].into_iter().all(|axis| {
                        let origin = match side {
                            0 => place[axis],
                            _ => (size[axis] - place[axis]) % size[axis],
                        };
                        (0..size[axis] as isize).contains(&(origin as isize + offset[axis]))
                    })
                };
                let count = places.iter().filter(inside).count().max(1) as f64;
                let planes = self.padded[side].taps.chunks_mut(height * width);
                planes.for_each(|plane| plane[index] /= count);
            }
        }
    }
}

/// The largest odd window that fits an image, at most [`LARGEST_WINDOW`].
pub(super) fn window(size: [usize; 2]) -> usize {
    let most = size[0].min(size[1]).min(LARGEST_WINDOW);
    most - usize::from(most.is_multiple_of(2))
}

/// The shorter way round a circle of `n` from `from` to `to`, and 1 if it leads over its end.
fn way(to: usize, from: usize, n: usize) -> [usize; 2] {
    let straight = to.abs_diff(from);
    match n - straight < straight {
        true => [n - straight, 1],
        false => [straight, 0],
    }
}

/// All positions of an image, or `most` spread over it.
fn positions([height, width]: [usize; 2], most: usize) -> Vec<[usize; 2]> {
    let count = height * width;
    let taken = count.min(most);
    (0..taken)
        .map(|index| {
            let place = match taken == count {
                true => index,
                // A step in the golden ratio, so that rows and columns are met alike.
                false => ((index as f64 * 0.618_033_988_749_895).fract() * count as f64) as usize,
            };
            [place / width, place % width]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::super::Probe;
    use super::*;

    #[test]
    fn the_shorter_way_may_lead_over_the_end() {
        assert_eq!(way(0, 3, 8), [3, 0]);
        assert_eq!(way(0, 4, 8), [4, 0]);
        assert_eq!(way(0, 5, 8), [3, 1]);
        assert_eq!(way(7, 0, 8), [1, 1]);
    }

    #[test]
    fn a_shift_wraps_the_columns_that_leave_the_image() {
        let probe = Probe::new(1, [8, 8], &Device::flex()).unwrap();
        let shift = |x: burn::tensor::Tensor<4>| x.roll(&[2], &[3]);
        let operator = Operator::new(&shift, &probe).unwrap();
        let sweep = Sweep::of(&operator);
        assert_eq!(sweep.positions, 64);
        assert_eq!(sweep.wrapped(0), 0.25);
        assert_eq!(sweep.circular[0].tap(0, 0, [0, 2]), 1.0);
        assert!((sweep.circular[0].share_wrapped() - 0.25).abs() < 1e-12);
        // With zeros around, the tap counts where it stays inside and is the same.
        assert_eq!(sweep.padded[0].tap(0, 0, [0, 2]), 1.0);
    }

    #[test]
    fn few_positions_are_spread_over_rows_and_columns() {
        let places = positions([64, 64], 64);
        assert_eq!(places.len(), 64);
        for axis in 0..2 {
            let mut quarters = [0; 4];
            places
                .iter()
                .for_each(|place| quarters[place[axis] / 16] += 1);
            assert!(quarters.iter().all(|&count| count >= 8), "{quarters:?}");
        }
    }
}
