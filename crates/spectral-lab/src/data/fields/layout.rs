//! The axes of arrays: which arrays are read with a channel axis, and which have one channel.

use super::error::FieldError;
use super::npy::NpyArray;
use super::samples::{Fields, Samples};

/// The accepted numbers of spatial axes.
const AXES: std::ops::RangeInclusive<usize> = 1..=3;

/// What precedes the channels: the sample, and for trajectories the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leading {
    Sample,
    SampleAndTime,
}

impl Leading {
    fn axes(self) -> usize {
        match self {
            Self::Sample => 1,
            Self::SampleAndTime => 2,
        }
    }

    fn names(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::SampleAndTime => "sample, time",
        }
    }
}

/// Pairs of `x` and `y`. The number of spatial axes is `axes`, or follows from the shapes.
pub(super) fn pairs(x: NpyArray, y: NpyArray, axes: Option<usize>) -> Result<Samples, FieldError> {
    if x.shape.first() != y.shape.first() {
        return Err(mismatch(&x, &y, "the numbers of samples differ"));
    }
    let axes = spatial_axes(&[&x, &y], Leading::Sample, axes)?;
    let [inputs, targets] = [x, y].map(|array| fields(array, Leading::Sample, axes));
    Ok(Samples::Pairs { inputs, targets })
}

/// Trajectories. The number of spatial axes is `axes`, or follows from the shape.
pub(super) fn trajectories(u: NpyArray, axes: Option<usize>) -> Result<Samples, FieldError> {
    let axes = spatial_axes(&[&u], Leading::SampleAndTime, axes)?;
    if u.shape[1] < 2 {
        return Err(FieldError::OneState {
            array: u.place,
            shape: u.shape,
        });
    }
    Ok(Samples::Trajectories(fields(
        u,
        Leading::SampleAndTime,
        axes,
    )))
}

/// The number of spatial axes of arrays on one grid, each with or without an axis of channels.
fn spatial_axes(
    arrays: &[&NpyArray],
    leading: Leading,
    given: Option<usize>,
) -> Result<usize, FieldError> {
    let given = given.map_or(AXES, |axes| axes..=axes);
    let fits = |array: &NpyArray, axes: usize| {
        let before_space = array.shape.len().checked_sub(axes);
        before_space.is_some_and(|before| [leading.axes(), leading.axes() + 1].contains(&before))
    };
    for array in arrays {
        if !given.clone().any(|axes| fits(array, axes)) {
            return Err(FieldError::Rank {
                array: array.place.clone(),
                shape: array.shape.clone(),
                accepted: accepted(leading, &given),
            });
        }
    }
    let spaces = |axes: usize| {
        arrays
            .iter()
            .map(move |array| &array.shape[array.shape.len() - axes..])
    };
    let mut readings: Vec<usize> = given
        .filter(|&axes| arrays.iter().all(|array| fits(array, axes)))
        .filter(|&axes| spaces(axes).all(|space| spaces(axes).next() == Some(space)))
        .collect();
    // A grid of one point along an axis is rather one channel.
    let is_grid = |axes: &usize| spaces(*axes).all(|space| !space.contains(&1));
    if readings.len() > 1 && readings.iter().any(is_grid) {
        readings.retain(is_grid);
    }
    match readings[..] {
        [axes] => Ok(axes),
        [] => Err(mismatch(
            arrays[0],
            arrays[arrays.len() - 1],
            "the spatial sizes differ",
        )),
        _ => {
            let array = arrays[0];
            let reading = |axes: &usize| {
                let (before, space) = array.shape.split_at(array.shape.len() - axes);
                let channels = before.get(leading.axes()).unwrap_or(&1);
                let sizes: Vec<String> = space.iter().map(usize::to_string).collect();
                let plural = if *channels == 1 { "" } else { "s" };
                format!("{channels} channel{plural} on {} points", sizes.join("x"))
            };
            Err(FieldError::Ambiguous {
                array: array.place.clone(),
                shape: array.shape.clone(),
                readings: readings.iter().map(reading).collect(),
                options: readings
                    .iter()
                    .map(|axes| format!("--axes {axes}"))
                    .collect(),
            })
        }
    }
}

fn accepted(leading: Leading, axes: &std::ops::RangeInclusive<usize>) -> String {
    let space: Vec<&str> = ["space", "space, space", "space, space, space"]
        .into_iter()
        .enumerate()
        .filter(|(index, _)| axes.contains(&(index + 1)))
        .map(|(_, names)| names)
        .collect();
    let space = match space.len() {
        1 => space[0],
        _ => "1 to 3 of space",
    };
    format!(
        "[{}, channel, {space}], or without the channel axis if there is one channel",
        leading.names()
    )
}

/// The array with an axis of channels.
fn fields(array: NpyArray, leading: Leading, axes: usize) -> Fields {
    let NpyArray {
        mut shape, values, ..
    } = array;
    if shape.len() == leading.axes() + axes {
        shape.insert(leading.axes(), 1);
    }
    Fields { values, shape }
}

/// Checks that test samples have the channels and axes of the training samples; their grid may be another.
pub(super) fn check_same_kind(
    train: &Samples,
    test: &Samples,
    places: [&str; 2],
) -> Result<(), FieldError> {
    let channels = |samples: &Samples| [samples.input_shape()[0], samples.target_shape()[0]];
    let reason = if channels(train) != channels(test) {
        "the numbers of channels differ"
    } else if train.axes() != test.axes() {
        "the numbers of spatial axes differ"
    } else {
        return Ok(());
    };
    let shape = |samples: &Samples| match samples {
        Samples::Pairs { inputs, .. } => inputs.shape.clone(),
        Samples::Trajectories(states) => states.shape.clone(),
    };
    Err(FieldError::Mismatch {
        arrays: [
            (places[0].into(), shape(train)),
            (places[1].into(), shape(test)),
        ],
        reason,
    })
}

fn mismatch(one: &NpyArray, other: &NpyArray, reason: &'static str) -> FieldError {
    let named = |array: &NpyArray| (array.place.clone(), array.shape.clone());
    FieldError::Mismatch {
        arrays: [named(one), named(other)],
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(name: &str, shape: &[usize]) -> NpyArray {
        NpyArray {
            place: format!("a.npz: '{name}'"),
            shape: shape.to_vec(),
            values: vec![0.0; shape.iter().product()],
        }
    }

    /// Shapes of inputs and targets.
    fn read(x: &[usize], y: &[usize], axes: Option<usize>) -> Result<[Vec<usize>; 2], String> {
        match pairs(array("x", x), array("y", y), axes) {
            Ok(samples) => Ok([samples.input_shape(), samples.target_shape()]),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn shapes_that_allow_one_reading_are_read_so() {
        let cases: [(&[usize], &[usize], [&[usize]; 2]); 8] = [
            (&[2, 8], &[2, 8], [&[1, 8], &[1, 8]]),
            (&[2, 8], &[2, 3, 8], [&[1, 8], &[3, 8]]),
            // One channel.
            (&[2, 1, 8], &[2, 1, 8], [&[1, 8], &[1, 8]]),
            (&[2, 1, 8, 6], &[2, 1, 8, 6], [&[1, 8, 6], &[1, 8, 6]]),
            // As three spatial axes the sizes would differ.
            (&[2, 3, 8, 6], &[2, 2, 8, 6], [&[3, 8, 6], &[2, 8, 6]]),
            (&[2, 3, 8, 6], &[2, 8, 6], [&[3, 8, 6], &[1, 8, 6]]),
            (
                &[2, 8, 6, 4],
                &[2, 1, 8, 6, 4],
                [&[1, 8, 6, 4], &[1, 8, 6, 4]],
            ),
            (
                &[2, 3, 8, 6, 4],
                &[2, 3, 8, 6, 4],
                [&[3, 8, 6, 4], &[3, 8, 6, 4]],
            ),
        ];
        for (x, y, shapes) in cases {
            assert_eq!(
                read(x, y, None).unwrap(),
                shapes.map(<[usize]>::to_vec),
                "{x:?} {y:?}"
            );
        }
    }

    #[test]
    fn of_two_readings_the_option_chooses() {
        let error = read(&[9, 16, 16], &[9, 16, 16], None).unwrap_err();
        for part in [
            "16 channels on 16 points or as 1 channel on 16x16 points",
            "--axes 1 or --axes 2",
        ] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(
            read(&[9, 16, 16], &[9, 16, 16], Some(1)).unwrap()[0],
            [16, 16]
        );
        assert_eq!(
            read(&[9, 16, 16], &[9, 16, 16], Some(2)).unwrap()[0],
            [1, 16, 16]
        );
        let error = read(&[9, 16, 16], &[9, 16, 16], Some(3)).unwrap_err();
        assert!(
            error.contains("[sample, channel, space, space, space]"),
            "{error}"
        );
    }

    #[test]
    fn arrays_that_do_not_belong_together_are_refused() {
        for (x, y, part) in [
            (&[2, 8][..], &[3, 8][..], "numbers of samples differ"),
            (&[2, 8], &[2, 9], "spatial sizes differ"),
            (&[2, 3, 8, 6], &[2, 3, 6], "spatial sizes differ"),
            (
                &[2],
                &[2],
                "has rank 1; accepted: [sample, channel, 1 to 3 of space]",
            ),
            (&[2, 8], &[2, 1, 1, 1, 1, 8], "has rank 6"),
        ] {
            let error = read(x, y, None).unwrap_err();
            assert!(
                error.contains(part) && error.contains("a.npz: '"),
                "{error}"
            );
        }
    }

    #[test]
    fn trajectories_have_an_axis_of_time() {
        let shape = |shape: &[usize], axes| match trajectories(array("u", shape), axes) {
            Ok(samples) => Ok((samples.input_shape(), samples.steps())),
            Err(error) => Err(error.to_string()),
        };
        assert_eq!(shape(&[4, 5, 8], None), Ok((vec![1, 8], 4)));
        assert_eq!(shape(&[4, 5, 1, 8], None), Ok((vec![1, 8], 4)));
        assert_eq!(shape(&[4, 5, 3, 8], Some(1)), Ok((vec![3, 8], 4)));
        assert_eq!(shape(&[4, 5, 8, 8], Some(2)), Ok((vec![1, 8, 8], 4)));
        assert!(
            shape(&[4, 5, 8, 8], None)
                .unwrap_err()
                .contains("--axes 1 or --axes 2")
        );
        assert!(
            shape(&[4, 1, 1, 8], None)
                .unwrap_err()
                .contains("has one time step")
        );
        assert!(
            shape(&[4, 8], None)
                .unwrap_err()
                .contains("[sample, time, channel")
        );
    }
}
