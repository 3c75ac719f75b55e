//! Product quantisation: the space in which it is done, and k-means in each of its parts.

use super::ServingFactors;
use super::algebra::{cholesky, eigen, product, transposed};
use super::compact::{half, whole};
use mercato_core::{Result, Run, Task};
use rayon::prelude::*;

/// Words of a codebook.
pub(super) const WORDS: usize = 256;
/// Rounds of k-means.
const ROUNDS: usize = 25;

/// A change of space: item vectors become `A^T y`, user vectors `A^-1 x`.
pub(super) struct Space {
    /// `A`, then `A^-1`.
    a: Vec<f64>,
    inverse: Vec<f64>,
    n: usize,
    /// Where each part begins, and `n` last.
    pub(super) starts: Vec<usize>,
}

impl Space {
    /// The space where users spread alike in every direction and items along the axes, which are
    /// dealt to `parts` of equal variance (the geometric mean of it, as Ge et al. do).
    pub(super) fn new(f: &ServingFactors, weights: &[f32], parts: usize) -> Self {
        let n = f.factors;
        let (l, l_inverse) = cholesky(&f.moments, n);
        let mut covariance = vec![0.0f64; n * n];
        for (row, &w) in f.rows.chunks_exact(n).zip(weights) {
            for (i, &x) in row.iter().enumerate() {
                let x = f64::from(x) * f64::from(w);
                let out = &mut covariance[i * n..(i + 1) * n];
                out.iter_mut().zip(row).for_each(|(c, &y)| *c += x * f64::from(y));
            }
        }
        let covariance = product(&product(&transposed(&l, n), &covariance, n), &l, n);
        let (values, vectors) = eigen(covariance, n);
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| values[j].total_cmp(&values[i]).then(i.cmp(&j)));
        let room = n.div_ceil(parts);
        let mut dealt: Vec<(f64, Vec<usize>)> = vec![(0.0, Vec::new()); parts];
        let least = values[order[0]].max(f64::MIN_POSITIVE) * 1e-9;
        for axis in order {
            let open = dealt.iter_mut().filter(|(_, axes)| axes.len() < room);
            // A part without an axis comes before all others.
            let key = |d: &(f64, Vec<usize>)| if d.1.is_empty() { f64::NEG_INFINITY } else { d.0 };
            if let Some(part) = open.min_by(|a, b| key(a).total_cmp(&key(b))) {
                part.0 += (values[axis].max(least) / least).ln();
                part.1.push(axis);
            }
        }
        let mut starts = vec![0];
        let mut rotation = vec![0.0; n * n];
        let mut column = 0;
        for (_, axes) in &dealt {
            for &axis in axes {
                (0..n).for_each(|i| rotation[i * n + column] = vectors[i * n + axis]);
                column += 1;
            }
            starts.push(column);
        }
        let a = product(&l, &rotation, n);
        let inverse = product(&transposed(&rotation, n), &l_inverse, n);
        Self { a, inverse, n, starts }
    }

    /// The item vectors in this space.
    pub(super) fn rows(&self, rows: &[f32]) -> Vec<f32> {
        let n = self.n;
        let one = |row: &[f32]| -> Vec<f32> {
            let mut out = vec![0.0f64; n];
            for (&v, a) in row.iter().zip(self.a.chunks_exact(n)) {
                out.iter_mut().zip(a).for_each(|(o, a)| *o += f64::from(v) * a);
            }
            out.into_iter().map(|v| v as f32).collect()
        };
        rows.par_chunks_exact(n).flat_map_iter(one).collect()
    }

    /// A matrix that takes two item vectors, for those of this space: `A^T m A`.
    pub(super) fn of_items(&self, m: &[f64]) -> Vec<f64> {
        product(&product(&transposed(&self.a, self.n), m, self.n), &self.a, self.n)
    }

    /// A matrix that makes a user vector of an item vector, for those of this space:
    /// `A^-1 m A^-T`.
    pub(super) fn of_users(&self, m: &[f64]) -> Vec<f64> {
        let n = self.n;
        product(&product(&self.inverse, m, n), &transposed(&self.inverse, n), n)
    }
}

/// The code of every row, one byte per part.
pub(super) struct Codes {
    /// `parts` bytes per row.
    pub(super) codes: Vec<u8>,
    /// The words of part after part, [`WORDS`] of its width each, in 16 bits.
    pub(super) book: Vec<u16>,
}

/// Finds the words of each part by k-means over weighted rows, and the nearest word of each row.
/// Parts are independent, so threads make no difference.
pub(super) fn quantise(
    rows: &[f32],
    starts: &[usize],
    weights: &[f32],
    run: &Run,
) -> Result<Codes> {
    let n = starts[starts.len() - 1];
    let parts = starts.len() - 1;
    let task = run.stage("quantize", (parts * ROUNDS) as u64);
    type Part = (Vec<u16>, Vec<u8>);
    let done: Vec<Part> = run.install(|| {
        (0..parts)
            .into_par_iter()
            .map(|p| {
                let range = starts[p]..starts[p + 1];
                let width = range.len();
                let points: Vec<f32> =
                    rows.chunks_exact(n).flat_map(|r| r[range.clone()].iter().copied()).collect();
                let mut words = start(&points, width, weights, run, p as u64);
                k_means(&points, width, weights, &mut words, &task)?;
                let book: Vec<u16> = words.iter().map(|&v| half(v)).collect();
                let words: Vec<f32> = book.iter().map(|&h| whole(h)).collect();
                let nearest = Nearest::new(&words, width);
                let codes = points.chunks_exact(width).map(|x| nearest.of(x).0 as u8).collect();
                Ok((book, codes))
            })
            .collect::<Result<_>>()
    })??;
    let mut codes = vec![0u8; rows.len() / n * parts];
    for (p, (_, of_part)) in done.iter().enumerate() {
        of_part.iter().enumerate().for_each(|(row, &c)| codes[row * parts + p] = c);
    }
    Ok(Codes { codes, book: done.into_iter().flat_map(|d| d.0).collect() })
}

/// Rows drawn by weight times squared distance from what was drawn before (k-means++), from a
/// sample.
fn start(points: &[f32], width: usize, weights: &[f32], run: &Run, part: u64) -> Vec<f32> {
    const SAMPLE: usize = 4096;
    let n = points.len() / width;
    let mut rng = run.rng(part + 1);
    let mut sample: Vec<usize> = (0..n).collect();
    rng.shuffle(&mut sample);
    sample.truncate(SAMPLE);
    let point = |s: usize| &points[sample[s] * width..(sample[s] + 1) * width];
    let mut words = Vec::with_capacity(WORDS * width);
    let mut far: Vec<f64> = sample.iter().map(|&s| f64::from(weights[s])).collect();
    let mut least = vec![f64::INFINITY; sample.len()];
    while words.len() < WORDS * width {
        let total: f64 = far.iter().sum();
        let mut at = rng.unit() * total;
        let chosen = far.iter().position(|&d| {
            at -= d;
            at < 0.0
        });
        // When every row is a word already, the rest of the book repeats the last one.
        let word = point(chosen.unwrap_or(sample.len() - 1)).to_vec();
        for s in 0..sample.len() {
            let d: f64 = point(s).iter().zip(&word).map(|(a, b)| f64::from(a - b).powi(2)).sum();
            least[s] = least[s].min(d);
            far[s] = least[s] * f64::from(weights[sample[s]]);
        }
        words.extend_from_slice(&word);
    }
    words
}

fn k_means(
    points: &[f32],
    width: usize,
    weights: &[f32],
    words: &mut [f32],
    task: &Task<'_>,
) -> Result<()> {
    for _ in 0..ROUNDS {
        let nearest = Nearest::new(words, width);
        let mut sums = vec![0.0f64; words.len()];
        let mut mass = [0.0f64; WORDS];
        let mut worst = (0.0f32, 0);
        for (k, (x, &w)) in points.chunks_exact(width).zip(weights).enumerate() {
            let (word, distance) = nearest.of(x);
            mass[word] += f64::from(w);
            let sum = &mut sums[word * width..(word + 1) * width];
            sum.iter_mut().zip(x).for_each(|(s, &v)| *s += f64::from(w) * f64::from(v));
            if distance * w > worst.0 {
                worst = (distance * w, k);
            }
        }
        for (k, word) in words.chunks_exact_mut(width).enumerate() {
            if mass[k] > 0.0 {
                let sum = &sums[k * width..(k + 1) * width];
                word.iter_mut().zip(sum).for_each(|(w, s)| *w = (s / mass[k]) as f32);
            } else {
                // A word for nothing goes where the error is largest.
                word.copy_from_slice(&points[worst.1 * width..(worst.1 + 1) * width]);
                worst.0 = f32::INFINITY;
            }
        }
        task.tick(1)?;
    }
    Ok(())
}

/// Finds the nearest of [`WORDS`] words.
struct Nearest {
    /// Words as columns.
    columns: Vec<f32>,
    half_norms: [f32; WORDS],
}

impl Nearest {
    fn new(words: &[f32], width: usize) -> Self {
        let mut columns = vec![0.0; words.len()];
        let mut half_norms = [0.0; WORDS];
        for (k, word) in words.chunks_exact(width).enumerate() {
            half_norms[k] = word.iter().map(|v| v * v).sum::<f32>() / 2.0;
            word.iter().enumerate().for_each(|(d, &v)| columns[d * WORDS + k] = v);
        }
        Self { columns, half_norms }
    }

    /// The word and the squared distance to it.
    fn of(&self, x: &[f32]) -> (usize, f32) {
        let mut score = self.half_norms;
        for (column, &v) in self.columns.chunks_exact(WORDS).zip(x) {
            score.iter_mut().zip(column).for_each(|(s, c)| *s -= v * c);
        }
        let mut best = 0;
        for (k, s) in score.iter().enumerate() {
            if *s < score[best] {
                best = k;
            }
        }
        let norm: f32 = x.iter().map(|v| v * v).sum();
        (best, (2.0 * score[best] + norm).max(0.0))
    }
}
