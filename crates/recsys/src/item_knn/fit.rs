//! The sparse product items x users x items, one row at a time, keeping the best of each.

use super::{ItemKnn, Similarity};
use mercato_core::{Csr, Error, Result, Run, Task, TopK};
use rayon::prelude::*;

/// The factors of a similarity: `s(i, j) = after(j) * sum over users of left(i, u) * right(u, j)`,
/// then divided by `norm(i) * norm(j) + shrink` where there are norms.
struct Weights {
    /// Of every entry of items x users.
    left: Vec<f32>,
    /// Of every entry of users x items.
    right: Vec<f32>,
    after: Option<Vec<f32>>,
    norms: Option<Vec<f32>>,
}

/// The best neighbours of every item: items x items, values are similarities above zero.
pub(super) fn neighbours(p: &ItemKnn, by_user: &Csr, run: &Run) -> Result<Csr> {
    let pairs = Pairs::new(p, by_user);
    let task = run.stage("item_knn", pairs.n_items() as u64);
    let rows =
        run.install(|| pairs.best_of((0..pairs.n_items() as u32).into_par_iter(), &task))??;
    matrix(rows, pairs.n_items())
}

/// The similar pairs of items of a data set, found one item at a time.
pub(super) struct Pairs<'a> {
    p: &'a ItemKnn,
    by_user: &'a Csr,
    by_item: Csr,
    weights: Weights,
}

/// What a thread needs to find the pairs of an item.
pub(super) struct Workspace {
    sums: Vec<f32>,
    touched: Vec<u32>,
    top: TopK,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(p: &'a ItemKnn, by_user: &'a Csr) -> Self {
        let by_item = by_user.transpose();
        let weights = Weights::new(p, by_user, &by_item);
        Self { p, by_user, by_item, weights }
    }

    pub(super) fn n_items(&self) -> usize {
        self.by_item.n_rows()
    }

    pub(super) fn workspace(&self) -> Workspace {
        Workspace { sums: vec![0f32; self.n_items()], touched: Vec::new(), top: TopK::default() }
    }

    /// The best neighbours of an item, ascending; every pair that is similar at all is shown to
    /// `see`.
    pub(super) fn best(
        &self,
        item: u32,
        work: &mut Workspace,
        mut see: impl FnMut(u32, f32),
    ) -> Vec<(u32, f32)> {
        let Workspace { sums, touched, top } = work;
        let i = item as usize;
        self.weights.row(i, self.by_user, &self.by_item, sums, touched);
        top.reset(self.p.neighbors.min(self.n_items()));
        touched.sort_unstable();
        for &j in touched.iter() {
            let score = self.weights.finish(i, j as usize, sums[j as usize], self.p.shrink);
            sums[j as usize] = 0.0;
            if j != item && score > 0.0 {
                top.push(j, score);
                see(j, score);
            }
        }
        let mut best = top.sorted().to_vec();
        best.sort_unstable_by_key(|b| b.0);
        best
    }

    /// The best neighbours of some items, in their order.
    pub(super) fn best_of(
        &self,
        items: impl IndexedParallelIterator<Item = u32>,
        task: &Task<'_>,
    ) -> Result<Vec<Vec<(u32, f32)>>> {
        items
            .map_init(
                || self.workspace(),
                |work, item| {
                    let best = self.best(item, work, |_, _| ());
                    task.tick(1)?;
                    Ok(best)
                },
            )
            .collect()
    }
}

/// Rows of (column, value) as a matrix of `n` columns.
pub(super) fn matrix(rows: Vec<Vec<(u32, f32)>>, n: usize) -> Result<Csr> {
    let mut indptr = vec![0u64];
    let (mut indices, mut values) = (Vec::new(), Vec::new());
    for row in rows {
        indices.extend(row.iter().map(|r| r.0));
        values.extend(row.iter().map(|r| r.1));
        indptr.push(indices.len() as u64);
    }
    if values.iter().any(|v| !v.is_finite()) {
        return Err(Error::invalid_input("weights are too large to multiply in f32"));
    }
    Csr::new(indptr, indices, values, n)
}

/// The position in the transposed matrix's order for every entry, filled in that order.
fn transposed(values: &[f32], of: &Csr) -> Vec<f32> {
    let mut next: Vec<usize> = {
        let mut starts = vec![0usize; of.n_cols() + 1];
        of.indices().iter().for_each(|&c| starts[c as usize + 1] += 1);
        (0..of.n_cols()).for_each(|i| starts[i + 1] += starts[i]);
        starts
    };
    let mut out = vec![0.0; values.len()];
    for (&c, &v) in of.indices().iter().zip(values) {
        out[next[c as usize]] = v;
        next[c as usize] += 1;
    }
    out
}

impl Weights {
    fn new(p: &ItemKnn, by_user: &Csr, by_item: &Csr) -> Self {
        let items = by_item.n_rows();
        let sizes =
            |m: &Csr| -> Vec<f32> { m.indptr().windows(2).map(|w| (w[1] - w[0]) as f32).collect() };
        let per_user = sizes(by_user);
        // One weight per entry of items x users, from (item, user, weight).
        let map = |f: &dyn Fn(usize, usize, f32) -> f32| -> Vec<f32> {
            (0..items)
                .flat_map(|i| {
                    let (users, weights) = by_item.row(i);
                    users.iter().zip(weights).map(move |(&u, &w)| f(i, u as usize, w))
                })
                .collect()
        };
        let rarity: Vec<f32> = per_user.iter().map(|&k| (items as f32).ln() - k.ln_1p()).collect();
        match p.similarity {
            Similarity::Cosine | Similarity::TfIdf => {
                let left = if p.similarity == Similarity::Cosine {
                    by_item.values().to_vec()
                } else {
                    map(&|_, u, w| w.sqrt() * rarity[u])
                };
                let norms = by_item
                    .indptr()
                    .windows(2)
                    .map(|w| {
                        let row = &left[w[0] as usize..w[1] as usize];
                        row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt() as f32
                    })
                    .collect();
                let right = transposed(&left, by_item);
                Self { left, right, after: None, norms: Some(norms) }
            }
            Similarity::Bm25 => {
                let totals: Vec<f32> = (0..items).map(|i| by_item.row(i).1.iter().sum()).collect();
                let mean = totals.iter().sum::<f32>() / items as f32;
                let left = map(&|i, u, w| {
                    let length = 1.0 - p.b + p.b * totals[i] / mean;
                    w * (p.k1 + 1.0) / (p.k1 * length + w) * rarity[u]
                });
                let right = transposed(&left, by_item);
                Self { left, right, after: None, norms: None }
            }
            Similarity::Rp3Beta => {
                let per_item = sizes(by_item);
                let total = |m: &Csr, r: usize| m.row(r).1.iter().sum::<f32>();
                let item_totals: Vec<f32> = (0..items).map(|i| total(by_item, i)).collect();
                let user_totals: Vec<f32> =
                    (0..by_user.n_rows()).map(|u| total(by_user, u)).collect();
                let left = map(&|i, _, w| (w / item_totals[i]).powf(p.alpha));
                let right =
                    transposed(&map(&|_, u, w| (w / user_totals[u]).powf(p.alpha)), by_item);
                let after = per_item.iter().map(|k| k.max(1.0).powf(-p.beta)).collect();
                Self { left, right, after: Some(after), norms: None }
            }
        }
    }

    /// Sums over the users of `item`, into `sums` and the list of the items touched.
    fn row(
        &self,
        item: usize,
        by_user: &Csr,
        by_item: &Csr,
        sums: &mut [f32],
        touched: &mut Vec<u32>,
    ) {
        touched.clear();
        let start = by_item.indptr()[item] as usize;
        for (k, &user) in by_item.row(item).0.iter().enumerate() {
            let left = self.left[start + k];
            let range = by_user.indptr()[user as usize] as usize
                ..by_user.indptr()[user as usize + 1] as usize;
            for (&j, &right) in by_user.indices()[range.clone()].iter().zip(&self.right[range]) {
                let sum = &mut sums[j as usize];
                if *sum == 0.0 {
                    touched.push(j);
                }
                *sum += left * right;
            }
        }
    }

    fn finish(&self, i: usize, j: usize, sum: f32, shrink: f32) -> f32 {
        let sum = self.after.as_ref().map_or(sum, |a| a[j] * sum);
        match &self.norms {
            Some(n) => {
                let product = n[i] * n[j] + shrink;
                if product > 0.0 { sum / product } else { 0.0 }
            }
            None => sum,
        }
    }
}
