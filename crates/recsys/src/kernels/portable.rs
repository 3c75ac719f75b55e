//! The reference arithmetic, written so that compilers turn each lane into one or two registers.
//! Marked `inline(always)`: the callers in `mod.rs` compile it once per instruction set.

use super::{CgScratch, Events, LANE, Lane, flat, flat_mut};

#[inline(always)]
fn fma(a: Lane, b: Lane, acc: Lane) -> Lane {
    Lane(std::array::from_fn(|l| a.0[l].mul_add(b.0[l], acc.0[l])))
}

#[inline(always)]
fn scaled(a: f32, b: Lane, acc: Lane) -> Lane {
    Lane(std::array::from_fn(|l| a.mul_add(b.0[l], acc.0[l])))
}

/// Halves are added until one number is left.
#[inline(always)]
fn sum(v: Lane) -> f32 {
    let a: [f32; 8] = std::array::from_fn(|l| v.0[l] + v.0[l + 8]);
    let b: [f32; 4] = std::array::from_fn(|l| a[l] + a[l + 4]);
    (b[0] + b[2]) + (b[1] + b[3])
}

#[inline(always)]
fn dot(a: &[Lane], b: &[Lane]) -> f32 {
    let mut acc = Lane::ZERO;
    for (x, y) in a.iter().zip(b) {
        acc = fma(*x, *y, acc);
    }
    sum(acc)
}

/// `out = gram v`, even and odd rows summed apart.
#[inline(always)]
fn multiply(gram: &[Lane], n: usize, v: &[Lane], out: &mut [Lane]) {
    let v = flat(v);
    for c in 0..n {
        let (mut even, mut odd) = (Lane::ZERO, Lane::ZERO);
        for k in (0..n * LANE).step_by(2) {
            even = scaled(v[k], gram[k * n + c], even);
            odd = scaled(v[k + 1], gram[(k + 1) * n + c], odd);
        }
        out[c] = Lane(std::array::from_fn(|l| even.0[l] + odd.0[l]));
    }
}

#[inline(always)]
pub(super) fn conjugate_gradient(
    gram: &[Lane],
    other: &[Lane],
    n: usize,
    events: Events<'_>,
    steps: usize,
    x: &mut [Lane],
    scratch: &mut CgScratch,
) {
    let CgScratch { r, p, ap } = scratch;
    let Events { index, weight, alpha, unobserved } = events;
    multiply(gram, n, x, r);
    for lane in r.iter_mut() {
        *lane = Lane(lane.0.map(|v| -v));
    }
    for (&i, &w) in index.iter().zip(weight) {
        let row = &other[i as usize * n..][..n];
        let c = alpha * w;
        let pull = (unobserved - c).mul_add(dot(row, x), c);
        for (acc, y) in r.iter_mut().zip(row) {
            *acc = scaled(pull, *y, *acc);
        }
    }
    p.copy_from_slice(r);
    let mut rs = dot(r, r);
    for _ in 0..steps {
        if rs < 1e-20 {
            break;
        }
        multiply(gram, n, p, ap);
        for (&i, &w) in index.iter().zip(weight) {
            let row = &other[i as usize * n..][..n];
            let pull = (alpha * w - unobserved) * dot(row, p);
            for (acc, y) in ap.iter_mut().zip(row) {
                *acc = scaled(pull, *y, *acc);
            }
        }
        let step = rs / dot(p, ap);
        for c in 0..n {
            x[c] = scaled(step, p[c], x[c]);
            r[c] = scaled(-step, ap[c], r[c]);
        }
        let next = dot(r, r);
        let turn = next / rs;
        for c in 0..n {
            p[c] = scaled(turn, p[c], r[c]);
        }
        rs = next;
    }
}

/// A tile of 8 rows of the Gram matrix by `W` lanes, over all rows of data.
#[inline(always)]
fn gram_tile<const W: usize>(rows: &[Lane], n: usize, i: usize, c: usize, gram: &mut [Lane]) {
    let mut acc = [[Lane::ZERO; W]; 8];
    for row in rows.chunks_exact(n) {
        let left: &[f32; 8] =
            row[i / LANE].0[i % LANE..][..8].try_into().expect("8 numbers of a lane of 16");
        for (a, l) in acc.iter_mut().zip(left) {
            for w in 0..W {
                a[w] = scaled(*l, row[c + w], a[w]);
            }
        }
    }
    for (k, a) in acc.iter().enumerate() {
        for w in 0..W {
            let g = &mut gram[(i + k) * n + c + w];
            *g = Lane(std::array::from_fn(|l| g.0[l] + a[w].0[l]));
        }
    }
}

#[inline(always)]
pub(super) fn add_gram(rows: &[Lane], n: usize, gram: &mut [Lane]) {
    for i in (0..n * LANE).step_by(8) {
        let mut c = i / LANE;
        while c + 2 <= n {
            gram_tile::<2>(rows, n, i, c, gram);
            c += 2;
        }
        if c < n {
            gram_tile::<1>(rows, n, i, c, gram);
        }
    }
}

/// `U^T U = A` in place on and above the diagonal, then the two triangular solves.
#[inline(always)]
pub(super) fn cholesky(
    gram: &[Lane],
    rows: &[Lane],
    n: usize,
    events: Events<'_>,
    a: &mut [Lane],
    x: &mut [Lane],
    done: &mut bool,
) {
    let size = n * LANE;
    a.copy_from_slice(gram);
    x.fill(Lane::ZERO);
    for (four, weights) in rows.chunks(4 * n).zip(events.weight.chunks(4)) {
        let mut pull = [0.0f32; 4];
        for ((p, &w), row) in pull.iter_mut().zip(weights).zip(four.chunks_exact(n)) {
            let c = events.alpha * w;
            *p = c - events.unobserved;
            for (acc, y) in x.iter_mut().zip(row) {
                *acc = scaled(c, *y, *acc);
            }
        }
        for i in 0..size {
            let first = i / LANE;
            let target = &mut a[i * n + first..(i + 1) * n];
            for (row, &p) in four.chunks_exact(n).zip(&pull) {
                let left = p * row[first].0[i % LANE];
                for (acc, y) in target.iter_mut().zip(&row[first..]) {
                    *acc = scaled(left, *y, *acc);
                }
            }
        }
    }
    let b = x;
    for k in 0..size {
        let pivot = a[k * n + k / LANE].0[k % LANE];
        if pivot.is_nan() || pivot <= 0.0 || pivot == f32::INFINITY {
            b.fill(Lane::ZERO);
            return;
        }
        let inverse = 1.0 / pivot.sqrt();
        let (top, below) = a.split_at_mut((k + 1) * n);
        let row = &mut top[k * n + k / LANE..];
        for lane in row.iter_mut() {
            *lane = Lane(lane.0.map(|v| v * inverse));
        }
        // From here the diagonal holds 1 / U[k][k].
        let coefficients = flat(row);
        for i in k + 1..size {
            let skip = i / LANE - k / LANE;
            let c = -coefficients[i - k / LANE * LANE];
            let target = &mut below[(i - k - 1) * n + i / LANE..(i - k) * n];
            for (acc, y) in target.iter_mut().zip(&row[skip..]) {
                *acc = scaled(c, *y, *acc);
            }
        }
        row[0].0[k % LANE] = inverse;
        // U^T z = b, forward.
        let z = flat(b)[k] * inverse;
        let first = k / LANE;
        let mut lane = row[0];
        lane.0[..=k % LANE].fill(0.0);
        b[first] = scaled(-z, lane, b[first]);
        for (acc, y) in b[first + 1..].iter_mut().zip(&row[1..]) {
            *acc = scaled(-z, *y, *acc);
        }
        flat_mut(b)[k] = z;
    }
    // U x = z, backward.
    for k in (0..size).rev() {
        let first = k / LANE;
        let row = &a[k * n + first..(k + 1) * n];
        let mut lane = row[0];
        lane.0[..=k % LANE].fill(0.0);
        let mut acc = fma(lane, b[first], Lane::ZERO);
        for (x, y) in row[1..].iter().zip(&b[first + 1..]) {
            acc = fma(*x, *y, acc);
        }
        let inverse = row[0].0[k % LANE];
        let value = (flat(b)[k] - sum(acc)) * inverse;
        flat_mut(b)[k] = value;
    }
    *done = true;
}

/// `out[r] += scales[r] * (codes of row r . v)`.
#[inline(always)]
pub(super) fn add_scores(codes: &[i8], scales: &[f32], v: &[Lane], out: &mut [f32]) {
    let width = v.len() * LANE;
    for ((row, &scale), score) in codes.chunks_exact(width).zip(scales).zip(out) {
        let mut acc = [Lane::ZERO; 2];
        for (k, (part, x)) in row.chunks_exact(LANE).zip(v).enumerate() {
            let part: &[i8; LANE] = part.try_into().expect("chunks of LANE");
            let wide = Lane(part.map(f32::from));
            acc[k % 2] = fma(wide, *x, acc[k % 2]);
        }
        *score =
            scale.mul_add(sum(Lane(std::array::from_fn(|l| acc[0].0[l] + acc[1].0[l]))), *score);
    }
}

/// `out += a * row`.
#[inline(always)]
pub(super) fn axpy(a: f32, row: &[Lane], out: &mut [Lane]) {
    for (o, r) in out.iter_mut().zip(row) {
        *o = scaled(a, *r, *o);
    }
}

/// `out += a * codes`.
#[inline(always)]
pub(super) fn axpy_codes(a: f32, codes: &[i8], out: &mut [Lane]) {
    for (o, part) in out.iter_mut().zip(codes.chunks_exact(LANE)) {
        let part: &[i8; LANE] = part.try_into().expect("chunks of LANE");
        *o = scaled(a, Lane(part.map(f32::from)), *o);
    }
}

/// Solves `x U = x` for every row in place, where `U` is upper triangular with rows of `n` lanes.
#[inline(always)]
pub(super) fn divide_by_triangle(rows: &mut [Lane], n: usize, triangle: &[Lane]) {
    for x in rows.chunks_exact_mut(n) {
        for i in 0..n * LANE {
            let row = &triangle[i * n + i / LANE..(i + 1) * n];
            let value = flat(x)[i] / row[0].0[i % LANE];
            let mut first = row[0];
            first.0[..=i % LANE].fill(0.0);
            x[i / LANE] = scaled(-value, first, x[i / LANE]);
            for (o, r) in x[i / LANE + 1..].iter_mut().zip(&row[1..]) {
                *o = scaled(-value, *r, *o);
            }
            flat_mut(x)[i] = value;
        }
    }
}
