//! A symmetric matrix of all items by all items and its inverse, in place and in half the memory.

use super::local::not_positive_definite;
use crate::kernels::{self, LANE, Lane, Level};
use mercato_core::{Csr, Result, Task, TopK};
use rayon::prelude::*;

/// Lanes of a tile's row.
const WIDE: usize = 8;
/// Rows and columns of a tile.
const TILE: usize = WIDE * LANE;
/// Lanes of a tile.
const LANES: usize = TILE * WIDE;

/// The lower triangle in tiles: row of tiles `r` holds `r + 1` of them. Rows beyond `n` are those
/// of a unit matrix.
pub(crate) struct Symmetric {
    n: usize,
    rows: Vec<Vec<Lane>>,
}

impl Symmetric {
    /// Bytes that a matrix of `n` items and its inversion hold.
    pub(crate) fn bytes(n: usize) -> u64 {
        let tiles = n.div_ceil(TILE) as u64;
        let tile = (LANES * size_of::<Lane>()) as u64;
        tile * (tiles * (tiles + 1) / 2 + 2 * tiles)
    }

    /// Steps that each of [`gram`](Self::gram), [`invert`](Self::invert) and
    /// [`columns`](Self::columns) counts.
    pub(crate) fn steps(n: usize) -> u64 {
        n.div_ceil(TILE) as u64
    }

    /// `X^T diag(scale) X + diag(penalty)` for `X` of users x items, `by_item` its transpose.
    pub(crate) fn gram(
        by_user: &Csr,
        by_item: &Csr,
        scale: &[f32],
        penalty: &[f32],
        task: &Task<'_>,
    ) -> Result<Self> {
        let n = by_item.n_rows();
        let tiles = n.div_ceil(TILE);
        let fill = |r: usize| {
            let width = (r + 1) * TILE;
            let mut out = vec![Lane::ZERO; (r + 1) * LANES];
            let mut sums = vec![0f32; width];
            for k in 0..TILE {
                let item = r * TILE + k;
                sums.fill(0.0);
                if item < n {
                    let (users, weights) = by_item.row(item);
                    for (&user, &w) in users.iter().zip(weights) {
                        let w = w * scale[user as usize];
                        let (items, values) = by_user.row(user as usize);
                        for (&j, &v) in items.iter().zip(values) {
                            // Ascending: what is right of the tiles is not kept.
                            let Some(sum) = sums.get_mut(j as usize) else { break };
                            *sum += w * v;
                        }
                    }
                    sums[item] += penalty[item];
                } else {
                    sums[item] = 1.0;
                }
                for (tile, part) in out.chunks_exact_mut(LANES).zip(sums.chunks_exact(TILE)) {
                    kernels::flat_mut(tile)[k * TILE..(k + 1) * TILE].copy_from_slice(part);
                }
            }
            task.tick(1)?;
            Ok(out)
        };
        let rows = (0..tiles).into_par_iter().with_max_len(1).map(fill).collect::<Result<_>>()?;
        Ok(Self { n, rows })
    }

    /// Replaces the matrix by minus its inverse, by the symmetric sweep operator on blocks
    /// (Beaton 1964; Dempster 1969): `tiles` steps, each of which updates the whole triangle by a
    /// product of depth [`TILE`].
    pub(crate) fn invert(&mut self, task: &Task<'_>) -> Result<()> {
        let level = Level::detect();
        let tiles = self.rows.len();
        let mut lefts = vec![Lane::ZERO; tiles * LANES];
        let mut rights = vec![Lane::ZERO; tiles * LANES];
        let mut turned = vec![Lane::ZERO; LANES];
        for k in 0..tiles {
            let pivot = inverse(&self.rows[k][k * LANES..(k + 1) * LANES])
                .ok_or_else(not_positive_definite)?;
            let mut left = vec![0f32; TILE * TILE];
            kernels::pack_left(&pivot, WIDE, &mut left);
            // The column of tiles k: rights hold its transposes W^T, lefts Z = W D^-1.
            for (i, right) in rights.chunks_exact_mut(LANES).enumerate() {
                let tile: &[Lane] = if i >= k {
                    transpose(&self.rows[i][k * LANES..(k + 1) * LANES], &mut turned);
                    &turned
                } else {
                    &self.rows[k][i * LANES..(i + 1) * LANES]
                };
                kernels::pack_right(tile, WIDE, right);
            }
            let (rows, rights_read) = (&mut self.rows, &rights);
            lefts.par_chunks_exact_mut(LANES).zip(rights_read.par_chunks_exact(LANES)).for_each(
                |(z, w)| {
                    let mut minus = vec![Lane::ZERO; LANES];
                    kernels::subtract_product(level, &left, w, WIDE, &mut minus);
                    for v in kernels::flat_mut(&mut minus) {
                        *v = -*v;
                    }
                    kernels::pack_left(&minus, WIDE, kernels::flat_mut(z));
                },
            );
            let update = |(r, row): (usize, &mut Vec<Lane>)| {
                let z = |i: usize| kernels::flat(&lefts[i * LANES..(i + 1) * LANES]);
                for (c, tile) in row.chunks_exact_mut(LANES).enumerate() {
                    if r == k && c == k {
                        for (t, p) in kernels::flat_mut(tile).iter_mut().zip(kernels::flat(&pivot))
                        {
                            *t = -p;
                        }
                    } else if c == k {
                        // Z itself; packed, its columns lie together.
                        unpack(z(r), tile, Turn::Columns);
                    } else if r == k {
                        unpack(z(c), tile, Turn::Rows);
                    } else {
                        let right = &rights_read[c * LANES..(c + 1) * LANES];
                        kernels::subtract_product(level, z(r), right, WIDE, tile);
                    }
                }
                task.tick(0)
            };
            rows.par_iter_mut().enumerate().with_max_len(1).try_for_each(update)?;
            task.tick(1)?;
        }
        Ok(())
    }

    /// For every column `j` the `k` entries of largest `|value / diagonal(j)|` but the diagonal
    /// itself, as (row, value / diagonal), rows ascending.
    pub(crate) fn columns(&self, k: usize, task: &Task<'_>) -> Result<Vec<Vec<(u32, f32)>>> {
        let blocks: Vec<Vec<Vec<(u32, f32)>>> = (0..self.rows.len())
            .into_par_iter()
            .with_max_len(1)
            .map(|block| {
                let strip = self.strip(block);
                let width = self.rows.len() * TILE;
                let mut top = TopK::default();
                let mut out = Vec::new();
                for j in (block * TILE..self.n).take(TILE) {
                    let column = &kernels::flat(&strip)[(j - block * TILE) * width..][..self.n];
                    let over = 1.0 / column[j];
                    top.reset(k.min(self.n));
                    for (i, v) in column.iter().enumerate() {
                        if i != j && *v != 0.0 {
                            top.push(i as u32, (v * over).abs());
                        }
                    }
                    let mut best: Vec<(u32, f32)> =
                        top.sorted().iter().map(|&(i, _)| (i, column[i as usize] * over)).collect();
                    best.sort_unstable_by_key(|b| b.0);
                    out.push(best);
                }
                task.tick(1)?;
                Ok(out)
            })
            .collect::<Result<_>>()?;
        Ok(blocks.into_iter().flatten().collect())
    }

    /// The columns of a block, each as one row.
    fn strip(&self, block: usize) -> Vec<Lane> {
        let tiles = self.rows.len();
        let mut out = vec![Lane::ZERO; LANES * tiles];
        let mut turned = vec![Lane::ZERO; LANES];
        for other in 0..tiles {
            let tile: &[Lane] = if other <= block {
                &self.rows[block][other * LANES..(other + 1) * LANES]
            } else {
                transpose(&self.rows[other][block * LANES..(block + 1) * LANES], &mut turned);
                &turned
            };
            for (row, part) in out.chunks_exact_mut(WIDE * tiles).zip(tile.chunks_exact(WIDE)) {
                row[other * WIDE..(other + 1) * WIDE].copy_from_slice(part);
            }
        }
        out
    }
}

fn transpose(tile: &[Lane], out: &mut [Lane]) {
    let (from, to) = (kernels::flat(tile), kernels::flat_mut(out));
    for (r, row) in from.chunks_exact(TILE).enumerate() {
        for (c, &v) in row.iter().enumerate() {
            to[c * TILE + r] = v;
        }
    }
}

#[derive(Clone, Copy)]
enum Turn {
    Rows,
    Columns,
}

/// Undoes `pack_left` of `Z^T`: to `Z^T` by rows, to `Z` by columns.
fn unpack(packed: &[f32], tile: &mut [Lane], turn: Turn) {
    let out = kernels::flat_mut(tile);
    for (eight, part) in packed.chunks_exact(8 * TILE).enumerate() {
        for (p, values) in part.chunks_exact(8).enumerate() {
            for (k, &v) in values.iter().enumerate() {
                let r = eight * 8 + k;
                match turn {
                    Turn::Rows => out[p * TILE + r] = v,
                    Turn::Columns => out[r * TILE + p] = v,
                }
            }
        }
    }
}

/// The inverse of one positive definite tile, in f64 by Gauss-Jordan elimination.
fn inverse(tile: &[Lane]) -> Option<Vec<Lane>> {
    let mut a: Vec<f64> = kernels::flat(tile).iter().map(|v| f64::from(*v)).collect();
    for k in 0..TILE {
        let pivot = a[k * TILE + k];
        if pivot.is_nan() || pivot <= 0.0 || pivot.is_infinite() {
            return None;
        }
        let over = 1.0 / pivot;
        let mut own: Vec<f64> = a[k * TILE..(k + 1) * TILE].iter().map(|v| v * over).collect();
        own[k] = over;
        for (i, row) in a.chunks_exact_mut(TILE).enumerate() {
            if i != k {
                let c = row[k];
                row[k] = 0.0;
                row.iter_mut().zip(&own).for_each(|(v, o)| *v -= c * o);
            }
        }
        a[k * TILE..(k + 1) * TILE].copy_from_slice(&own);
    }
    let mut out = vec![Lane::ZERO; LANES];
    let values = kernels::flat_mut(&mut out);
    for i in 0..TILE {
        for j in 0..TILE {
            values[i * TILE + j] = (0.5 * (a[i * TILE + j] + a[j * TILE + i])) as f32;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mercato_core::{Interactions, Rng, Run};

    #[test]
    fn the_inverse_times_the_matrix_is_the_unit_matrix() {
        for n in [1, 17, 128, 300] {
            let mut rng = Rng::new(n);
            let (mut users, mut items) = (vec![], vec![]);
            for user in 0..400 {
                for _ in 0..6 {
                    users.push(user);
                    items.push(rng.below(n) as i64);
                }
            }
            let data = Interactions::builder(&users, &items).build().unwrap();
            let (x, xt) = (data.matrix(), data.matrix().transpose());
            let run = Run::default().with_threads(2);
            let task = run.stage("test", 0);
            let (ones, twos) = (vec![1.0; data.n_users()], vec![2.0; data.n_items()]);
            let gram = || Symmetric::gram(x, &xt, &ones, &twos, &task).unwrap();
            let a = gram();
            let mut minus = gram();
            run.install(|| minus.invert(&task)).unwrap().unwrap();
            let n = data.n_items();
            let dense = |m: &Symmetric| -> Vec<f64> {
                let width = m.rows.len() * TILE;
                (0..m.rows.len())
                    .flat_map(|b| kernels::flat(&m.strip(b)).to_vec())
                    .collect::<Vec<f32>>()
                    .chunks_exact(width)
                    .take(n)
                    .flat_map(|r| r[..n].iter().map(|v| f64::from(*v)).collect::<Vec<_>>())
                    .collect()
            };
            let (a, p) = (dense(&a), dense(&minus));
            for i in 0..n {
                for j in 0..n {
                    let sum: f64 = (0..n).map(|k| a[i * n + k] * -p[k * n + j]).sum();
                    let want = f64::from(u8::from(i == j));
                    assert!((sum - want).abs() < 1e-4, "n={n} ({i}, {j}) {sum}");
                }
            }
        }
    }
}
