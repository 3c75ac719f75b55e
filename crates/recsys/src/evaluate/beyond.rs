//! What is measured on all lists together: coverage, inequality, variety.

use super::Scope;
use crate::Catalog;
use crate::recommendations::NO_ITEM;
use mercato_core::{Csr, Result, Run};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Lists on which `diversity` is measured, at most.
const SAMPLE: usize = 1000;

/// The lists so far.
pub(super) struct Shown<'a> {
    catalog: &'a Catalog,
    ks: &'a [usize],
    scope: Scope,
    /// How often each item was shown, for each cut-off.
    times: Vec<Vec<u32>>,
    /// Every how many lists one is kept.
    every: usize,
    seen: usize,
    kept: Vec<Vec<u32>>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(catalog: &'a Catalog, ks: &'a [usize], lists: usize, scope: Scope) -> Self {
        let times = vec![vec![0; catalog.items().len()]; ks.len()];
        let every = lists.div_ceil(SAMPLE).max(1);
        Self { catalog, ks, scope, times, every, seen: 0, kept: Vec::new() }
    }

    pub(super) fn add(&mut self, list: &[u32]) {
        for (times, &k) in self.times.iter_mut().zip(self.ks) {
            for &item in list.iter().take(k) {
                if let Some(t) = times.get_mut(item as usize) {
                    *t += 1;
                }
            }
        }
        if self.scope == Scope::Everything && self.seen.is_multiple_of(self.every) {
            self.kept.push(list.iter().copied().filter(|&i| i != NO_ITEM).collect());
        }
        self.seen += 1;
    }

    pub(super) fn finish(self, out: &mut BTreeMap<String, f64>, run: &Run) -> Result<()> {
        let items = self.catalog.items().len().max(1) as f64;
        for (times, k) in self.times.iter().zip(self.ks) {
            let covered = times.iter().filter(|t| **t > 0).count();
            out.insert(format!("coverage@{k}"), covered as f64 / items);
        }
        if self.scope == Scope::Accuracy {
            return Ok(());
        }
        for (mut times, k) in self.times.into_iter().zip(self.ks) {
            out.insert(format!("gini@{k}"), gini(&mut times));
        }
        let by_item = Users::of(self.catalog.seen(), self.catalog.items().len());
        for &k in self.ks {
            let list = |list: &Vec<u32>| variety(&list[..k.min(list.len())], &by_item);
            let values: Vec<Option<f64>> =
                run.install(|| self.kept.par_iter().map(list).collect())?;
            let values: Vec<f64> = values.into_iter().flatten().collect();
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            out.insert(format!("diversity@{k}"), mean);
        }
        Ok(())
    }
}

/// The users who have each item, ascending.
struct Users {
    starts: Vec<usize>,
    users: Vec<u32>,
}

impl Users {
    /// Transposes users x items. An opened file may be damaged: items that are not there are left
    /// out, and rows that overlap leave nothing.
    fn of(seen: &Csr, items: usize) -> Self {
        let row = |user: usize| seen.row(user).0.iter().filter(|i| (**i as usize) < items);
        let mut starts = vec![0; items + 1];
        let entries: usize = (0..seen.n_rows()).map(|user| seen.row(user).0.len()).sum();
        if entries > seen.nnz() {
            return Self { starts, users: Vec::new() };
        }
        for user in 0..seen.n_rows() {
            row(user).for_each(|&i| starts[i as usize + 1] += 1);
        }
        for i in 0..items {
            starts[i + 1] += starts[i];
        }
        let mut users = vec![0; starts[items]];
        let mut next = starts.clone();
        for user in 0..seen.n_rows() {
            for &i in row(user) {
                users[next[i as usize]] = user as u32;
                next[i as usize] += 1;
            }
        }
        Self { starts, users }
    }

    fn row(&self, item: u32) -> &[u32] {
        let i = item as usize;
        let ends = self.starts.get(i).zip(self.starts.get(i + 1));
        ends.map_or(&[], |(&from, &to)| &self.users[from..to])
    }
}

/// The Gini coefficient of counts; 0 when there are none.
fn gini(counts: &mut [u32]) -> f64 {
    counts.sort_unstable();
    let n = counts.len() as f64;
    let total: f64 = counts.iter().map(|&c| f64::from(c)).sum();
    if total == 0.0 {
        return 0.0;
    }
    let weighted: f64 = counts
        .iter()
        .enumerate()
        .map(|(i, &c)| (2.0 * (i as f64 + 1.0) - n - 1.0) * f64::from(c))
        .sum();
    weighted / (n * total)
}

/// 1 minus the mean cosine of the items' sets of users, over all pairs; none for fewer than two.
fn variety(list: &[u32], by_item: &Users) -> Option<f64> {
    if list.len() < 2 {
        return None;
    }
    let users = |item: u32| by_item.row(item);
    let mut sum = 0.0;
    for (at, &a) in list.iter().enumerate() {
        for &b in &list[..at] {
            let (x, y) = (users(a), users(b));
            let product = (x.len() * y.len()) as f64;
            sum += if product > 0.0 { common(x, y) as f64 / product.sqrt() } else { 0.0 };
        }
    }
    let pairs = list.len() * (list.len() - 1) / 2;
    Some(1.0 - sum / pairs as f64)
}

/// How many numbers two ascending lists have in common.
fn common(a: &[u32], b: &[u32]) -> usize {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() * 16 < long.len() {
        return short.iter().filter(|x| long.binary_search(x).is_ok()).count();
    }
    let (mut i, mut j, mut found) = (0, 0, 0);
    while i < short.len() && j < long.len() {
        found += usize::from(short[i] == long[j]);
        let (x, y) = (short[i], long[j]);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inequality_is_none_for_equals_and_nearly_whole_for_one() {
        assert_eq!(gini(&mut [3, 3, 3, 3]), 0.0);
        assert!((gini(&mut [0, 0, 0, 8]) - 0.75).abs() < 1e-12);
        // Two items, 1 and 3 times: half the mean difference over the mean.
        assert!((gini(&mut [3, 1]) - 0.25).abs() < 1e-12);
        assert_eq!(gini(&mut [0, 0]), 0.0);
    }

    #[test]
    fn variety_matches_a_hand_count() {
        // Items 0 and 1 share both their users, item 2 shares one of its four with each.
        let indices = vec![0, 1, 0, 1, 2, 2, 2, 2];
        let seen = Csr::new(vec![0, 2, 5, 6, 7, 8], indices, vec![1.0; 8], 3).unwrap();
        let by_item = Users::of(&seen, 3);
        let expected = 1.0 - (1.0 + 2.0 / 8f64.sqrt()) / 3.0;
        assert!((variety(&[0, 1, 2], &by_item).unwrap() - expected).abs() < 1e-12);
        assert_eq!(variety(&[1], &by_item), None);
        let long: Vec<u32> = (0..100).collect();
        assert_eq!((common(&[5, 99, 200], &long), common(&long, &long[20..])), (2, 80));
    }
}
