//! How vorticity is spread over wavenumbers.

use std::f64::consts::TAU;

use burn::Tensor;
use burn::tensor::{DType, Device, TensorData};
use burn_spectral::Norm;
use burn_spectral::fft::rfft2;

use crate::StudyError;

/// The mean over the fields of |ω_k|², with the wavenumber `[k, l]` in waves per domain, of one half of the plane and its
/// mirror image together.
fn power(
    fields: &[f32],
    points: usize,
    device: &Device,
) -> Result<Vec<([i64; 2], f64)>, StudyError> {
    let plane = points * points;
    let count = fields.len() / plane;
    let values: Vec<f64> = fields.iter().copied().map(f64::from).collect();
    let fields = Tensor::<3>::from_data(
        TensorData::new(values, [count, points, points]),
        (device, DType::F64),
    );
    let power = rfft2(fields, Norm::Forward).norm_sqr().mean_dim(0);
    let power = power.try_into_vec_as::<f64>();
    let power = power.map_err(|error| StudyError::Device(format!("{error:?}")))?;
    let columns = points / 2 + 1;
    Ok((power.into_iter().enumerate())
        .map(|(index, power)| {
            let (row, column) = (index / columns, index % columns);
            let k = match row <= points / 2 {
                true => row as i64,
                false => row as i64 - points as i64,
            };
            let is_own_mirror = column == 0 || 2 * column == points;
            let weight = if is_own_mirror { 1.0 } else { 2.0 };
            ([k, column as i64], weight * power)
        })
        .collect())
}

/// The mean square of the vorticity at the wavenumbers that round to 0, 1, …, half of the points. What is not finite
/// counts as nothing.
pub(super) fn enstrophy(
    fields: &[f32],
    points: usize,
    device: &Device,
) -> Result<Vec<f64>, StudyError> {
    let mut rings = vec![0.0; points / 2 + 1];
    for ([k, l], power) in power(fields, points, device)? {
        let ring = f64::hypot(k as f64, l as f64).round() as usize;
        if let Some(sum) = rings.get_mut(ring).filter(|_| power.is_finite()) {
            *sum += power;
        }
    }
    Ok(rings)
}

/// The mean of |u|² of the flow with this vorticity, on a domain of this length: `Σ |ω_k|² / |2πk/L|²`.
pub(super) fn mean_square_speed(
    fields: &[f32],
    points: usize,
    length: f64,
    device: &Device,
) -> Result<f64, StudyError> {
    let power = power(fields, points, device)?;
    let moving = power.iter().filter(|(wave, _)| *wave != [0, 0]);
    Ok(moving
        .map(|([k, l], power)| {
            let squared = (k * k + l * l) as f64 * (TAU / length).powi(2);
            power / squared
        })
        .sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ω = cos(3x + 4y), and the velocity of amplitude 1/5 that belongs to it.
    #[test]
    fn a_single_wave_is_found_at_its_wavenumber() {
        let points = 24;
        let wave = |index: usize| {
            let (y, x) = (index / points, index % points);
            (TAU * (3 * x + 4 * y) as f64 / points as f64).cos() as f32
        };
        let field: Vec<f32> = (0..points * points).map(wave).collect();
        let device = Device::flex();
        // What rounding the samples to f32 leaves.
        let close = |a: f64, b: f64| (a - b).abs() < 1e-7;
        let rings = enstrophy(&field, points, &device).unwrap();
        assert_eq!(rings.len(), 13);
        for (ring, power) in rings.iter().enumerate() {
            let expected = if ring == 5 { 0.5 } else { 0.0 };
            assert!(close(*power, expected), "{ring}: {power}");
        }
        let speed = mean_square_speed(&field, points, TAU, &device).unwrap();
        assert!(close(speed, 0.5 / 25.0), "{speed}");
        // Twice the length: the same vorticity moves twice as fast.
        let speed = mean_square_speed(&field, points, 2.0 * TAU, &device).unwrap();
        assert!(close(speed, 4.0 * 0.5 / 25.0), "{speed}");
    }

    #[test]
    fn the_mean_square_is_that_of_the_fields() {
        let points = 10;
        // A band-limited field, so that no ring is beyond the last.
        let wave = |index: usize| {
            let (y, x) = ((index / points % points) as f64, (index % points) as f64);
            let t = TAU / points as f64;
            (0.5 + (t * x).sin() - 2.0 * (t * (2.0 * y - x)).cos()) as f32
        };
        let fields: Vec<f32> = (0..3 * points * points).map(wave).collect();
        let rings = enstrophy(&fields, points, &Device::flex()).unwrap();
        let mean: f64 = fields.iter().map(|u| f64::from(u * u)).sum::<f64>() / fields.len() as f64;
        assert!((rings.iter().sum::<f64>() - mean).abs() < 1e-6);
        let broken = enstrophy(&[f32::NAN; 100], points, &Device::flex()).unwrap();
        assert!(broken.iter().all(|power| *power == 0.0));
    }
}
