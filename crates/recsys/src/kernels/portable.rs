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
    back_substitute(a, n, b);
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

/// Solves `U x = z` in place; the diagonal of `u` holds reciprocals.
#[inline(always)]
fn back_substitute(u: &[Lane], n: usize, b: &mut [Lane]) {
    for k in (0..n * LANE).rev() {
        let first = k / LANE;
        let row = &u[k * n + first..(k + 1) * n];
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
}

/// Subtracts `left^T right` from `tile`, `w * 16` rows of `w` lanes. `left` is packed by
/// [`pack_left`], `right` by [`pack_right`]; `w` is even.
#[inline(always)]
pub(super) fn subtract_product(left: &[f32], right: &[Lane], w: usize, tile: &mut [Lane]) {
    let depth = right.len() / w;
    for (pair, right) in right.chunks_exact(2 * depth).enumerate() {
        for (eight, left) in left.chunks_exact(8 * depth).enumerate() {
            let mut acc = [[Lane::ZERO; 2]; 8];
            for (l, r) in left.chunks_exact(8).zip(right.chunks_exact(2)) {
                for (a, l) in acc.iter_mut().zip(l) {
                    a[0] = scaled(*l, r[0], a[0]);
                    a[1] = scaled(*l, r[1], a[1]);
                }
            }
            for (k, a) in acc.iter().enumerate() {
                let at = (eight * 8 + k) * w + pair * 2;
                for (t, a) in tile[at..at + 2].iter_mut().zip(a) {
                    *t = Lane(std::array::from_fn(|l| t.0[l] - a.0[l]));
                }
            }
        }
    }
}

/// A tile of 8 rows by `W` lanes of the block row at `block` minus what the rows above contribute.
#[inline(always)]
fn eliminate_tile<const W: usize>(
    above: &[Lane],
    n: usize,
    row: usize,
    c: usize,
    rows: &mut [Lane],
) {
    let mut acc = [[Lane::ZERO; W]; 8];
    for u in above.chunks_exact(n) {
        let left: &[f32; 8] =
            u[row / LANE].0[row % LANE..][..8].try_into().expect("8 numbers of a lane of 16");
        for (a, l) in acc.iter_mut().zip(left) {
            for w in 0..W {
                a[w] = scaled(*l, u[c + w], a[w]);
            }
        }
    }
    for (k, a) in acc.iter().enumerate() {
        for w in 0..W {
            let t = &mut rows[(row % LANE + k) * n + c + w];
            *t = Lane(std::array::from_fn(|l| t.0[l] - a[w].0[l]));
        }
    }
}

/// `U^T U = A` by blocks of 16 rows, in place on and above the diagonal, then both triangular
/// solves of `b`.
#[inline(always)]
pub(super) fn solve(a: &mut [Lane], n: usize, b: &mut [Lane], done: &mut bool) {
    for block in 0..n {
        let (above, rows) = a.split_at_mut(block * LANE * n);
        let rows = &mut rows[..LANE * n];
        for row in [block * LANE, block * LANE + 8] {
            let mut c = block;
            while c + 2 <= n {
                eliminate_tile::<2>(above, n, row, c, rows);
                c += 2;
            }
            if c < n {
                eliminate_tile::<1>(above, n, row, c, rows);
            }
        }
        for k in 0..LANE {
            let (top, below) = rows.split_at_mut((k + 1) * n);
            let row = &mut top[k * n + block..];
            let pivot = row[0].0[k];
            if pivot.is_nan() || pivot <= 0.0 || pivot == f32::INFINITY {
                return;
            }
            let inverse = 1.0 / pivot.sqrt();
            for lane in row.iter_mut() {
                *lane = Lane(lane.0.map(|v| v * inverse));
            }
            let coefficients = row[0].0;
            for (i, target) in below.chunks_exact_mut(n).enumerate() {
                let c = -coefficients[k + 1 + i];
                for (acc, y) in target[block..].iter_mut().zip(row.iter()) {
                    *acc = scaled(c, *y, *acc);
                }
            }
            row[0].0[k] = inverse;
            let z = b[block].0[k] * inverse;
            let mut lane = row[0];
            lane.0[..=k].fill(0.0);
            b[block] = scaled(-z, lane, b[block]);
            for (acc, y) in b[block + 1..].iter_mut().zip(&row[1..]) {
                *acc = scaled(-z, *y, *acc);
            }
            b[block].0[k] = z;
        }
    }
    back_substitute(a, n, b);
    *done = true;
}
