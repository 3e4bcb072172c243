"""Writes golden trajectories with exponax, for tests/golden.rs.

    python -m venv venv && venv/bin/pip install exponax==0.2.0 jax
    venv/bin/python crates/spectral-pde/tests/golden/make.py

Each file holds little-endian float64 values: the initial state, then the state after the number of steps that
tests/golden.rs names. Settings are those of tests/golden.rs, with these differences between the two programs:

- exponax keeps the modes |m| <= 2/3·(n // 2) - 1 (per axis, of factors and result); the tests ask for that cutoff.
- exponax integrates the coefficients over a circle of radius 1; 16 points are its default, 64 are used here.
- exponax 0.2.0 keeps only the real part of the coefficients. That is right for real linear operators (Burgers,
  Kuramoto–Sivashinsky, Navier–Stokes) and wrong for imaginary ones (Korteweg–de Vries), whose coefficients are complex.
  For that equation the coefficients of its ETDRK4 are replaced by complex ones, from the same formulas.
- exponax's velocity of a vorticity field has the opposite sign (its vorticity is u_y - v_x), so its convection scale is
  -1. Its drag is added, ours subtracted. Its forcing, -k·gamma·cos(2π k y / L), has no factor 2π/L: L = 2π here.
"""

from pathlib import Path

import jax

jax.config.update("jax_enable_x64", True)

import equinox as eqx
import exponax as ex
import jax.numpy as jnp
import numpy as np

HERE = Path(__file__).parent
OPTIONS = dict(order=4, num_circle_points=64)


def write(name, stepper, u0, steps):
    u = jnp.asarray(u0, dtype=jnp.float64)
    final = ex.repeat(stepper, steps)(u)
    assert final.dtype == jnp.float64 and bool(jnp.isfinite(final).all())
    moved = float(jnp.linalg.norm(final - u) / jnp.linalg.norm(u))
    np.stack([np.asarray(u), np.asarray(final)]).astype("<f8").tofile(HERE / f"{name}.f64")
    print(f"{name}: {steps} steps, relative change {moved:.3f}")


def grid(n, length):
    return np.arange(n) * length / n


def complex_coefficients(stepper, dt, linear):
    """ETDRK4 coefficients with their imaginary parts (Cox and Matthews 2002, equations 26-29)."""
    z = np.asarray(linear) * dt
    roots = np.exp(2j * np.pi * (np.arange(256) + 0.5) / 256)
    r = 2.0 * roots[:, None, None] + z
    e, half = np.exp(r), np.exp(r / 2)
    c1 = dt * ((half - 1) / r).mean(0)
    c4 = dt * ((-4 - r + e * (4 - 3 * r + r**2)) / r**3).mean(0)
    c5 = dt * ((2 + r + e * (-2 + r)) / r**3).mean(0)
    c6 = dt * ((-4 - 3 * r - r**2 + e * (4 - r)) / r**3).mean(0)
    which = lambda s: [getattr(s._integrator, f"_coef_{i}") for i in range(1, 7)]
    return eqx.tree_at(which, stepper, [jnp.asarray(c) for c in (c1, c1, c1, c4, c5, c6)])


def one_dimensional():
    x = grid(96, 2.0)
    u0 = np.sin(np.pi * x) + 0.3 * np.cos(3 * np.pi * x + 0.5) + 0.1
    burgers = ex.stepper.Burgers(1, 2.0, 96, 0.01, diffusivity=0.02, conservative=True, **OPTIONS)
    write("burgers", burgers, u0[None], 100)

    length = 22.0
    x = grid(64, length)
    u0 = np.cos(2 * np.pi * x / length) + 0.5 * np.sin(6 * np.pi * x / length) + 0.2
    ks = ex.stepper.KuramotoSivashinskyConservative(1, length, 64, 0.1, **OPTIONS)
    write("kuramoto_sivashinsky", ks, u0[None], 300)

    length, dt = 20.0, 0.01
    x = grid(96, length)
    u0 = 0.8 * np.cos(2 * np.pi * x / length) + 0.3 * np.sin(4 * np.pi * x / length)
    kdv = ex.stepper.KortewegDeVries(
        1, length, 96, dt, convection_scale=6.0, dispersivity=1.0, hyper_diffusivity=0.0, conservative=True, **OPTIONS
    )
    linear = -((2j * np.pi * np.arange(49) / length) ** 3)[None]
    write("korteweg_de_vries", complex_coefficients(kdv, dt, linear), u0[None], 200)


def two_dimensional():
    x = grid(48, 1.0)
    x, y = np.meshgrid(x, x, indexing="ij")
    t = 2 * np.pi
    w0 = 8 * np.cos(t * x) * np.sin(2 * t * y) + 5 * np.sin(t * (3 * x + y) + 0.3) + 4 * np.cos(t * (2 * x - 3 * y))
    ns = ex.stepper.NavierStokesVorticity(
        2, 1.0, 48, 0.01, diffusivity=1e-3, vorticity_convection_scale=-1.0, **OPTIONS
    )
    write("navier_stokes", ns, w0[None], 100)

    length = 2 * np.pi
    x = grid(48, length)
    x, y = np.meshgrid(x, x, indexing="ij")
    w0 = np.cos(x) * np.sin(2 * y) + 0.5 * np.sin(3 * x + y + 0.3) + 0.4 * np.cos(2 * x - 3 * y)
    kolmogorov = ex.stepper.KolmogorovFlowVorticity(
        2, length, 48, 0.02, diffusivity=5e-3, convection_scale=-1.0, drag=-0.1, injection_mode=4, injection_scale=1.0,
        **OPTIONS,
    )
    write("kolmogorov", kolmogorov, w0[None], 100)

    length = 1.0
    x = grid(32, length)
    x, y = np.meshgrid(x, x, indexing="ij")
    u0 = np.stack([np.sin(t * x) * np.cos(t * y) + 0.2, 0.7 * np.cos(t * (x + 2 * y))])
    burgers = ex.stepper.Burgers(2, length, 32, 0.005, diffusivity=0.02, **OPTIONS)
    write("burgers_2d", burgers, u0, 100)


if __name__ == "__main__":
    one_dimensional()
    two_dimensional()
