//! Each client's nearest others.

use crate::problem::instance::Instance;
use crate::problem::travel::Source;

/// Nearest clients of every client, nearest first.
#[derive(Debug, Clone)]
pub(crate) struct Neighbours {
    /// Clients by distance: what is ruined together.
    pub near: Vec<Vec<u32>>,
    /// Clients by distance and time: beside whom to insert. Empty when it would equal `near`.
    fit: Vec<Vec<u32>>,
    fit_size: usize,
}

impl Neighbours {
    /// Candidates beside whom client `u` may be inserted.
    #[inline]
    pub fn fit(&self, u: u32) -> &[u32] {
        if self.fit.is_empty() {
            let near = &self.near[u as usize];
            &near[..near.len().min(self.fit_size)]
        } else {
            &self.fit[u as usize]
        }
    }

    pub fn new(it: &Instance, near_size: usize, fit_size: usize) -> Self {
        let n = it.clients;
        let planar = matches!(it.travel.profiles[0].distance, Source::Planar(_));
        let near = if planar && n > 2_000 {
            by_grid(it, near_size.max(fit_size))
        } else {
            select(n, near_size.max(fit_size), |a, b| {
                it.distance(0, a, b).min(it.distance(0, b, a))
            })
        };
        let fit = if it.has.time && n <= 3_000 {
            select(n, fit_size, |a, b| proximity(it, a, b).min(proximity(it, b, a)))
        } else {
            Vec::new()
        };
        Self { near, fit, fit_size }
    }
}

/// Distance, a fifth of the time that must be waited between the two, and the lateness that cannot
/// be avoided (as in Vidal et al. 2013).
fn proximity(it: &Instance, a: u32, b: u32) -> i64 {
    let (i, j) = (a as usize, b as usize);
    let time = it.service[i] + it.duration(0, a, b);
    let wait = (it.early[j] - time - it.late[i]).max(0);
    let late = (it.early[i] + time - it.late[j]).max(0);
    it.distance(0, a, b) + wait / 5 + late
}

fn select(n: usize, size: usize, key: impl Fn(u32, u32) -> i64) -> Vec<Vec<u32>> {
    let size = size.min(n.saturating_sub(1));
    let mut keyed: Vec<(i64, u32)> = Vec::with_capacity(n);
    (0..n as u32)
        .map(|a| {
            keyed.clear();
            keyed.extend((0..n as u32).filter(|&b| b != a).map(|b| (key(a, b), b)));
            if size < keyed.len() {
                keyed.select_nth_unstable(size);
                keyed.truncate(size);
            }
            keyed.sort_unstable();
            keyed.iter().map(|k| k.1).collect()
        })
        .collect()
}

/// The same as [`select`] for points in the plane, looking only at the cells of a grid around each.
fn by_grid(it: &Instance, size: usize) -> Vec<Vec<u32>> {
    let n = it.clients;
    let size = size.min(n.saturating_sub(1));
    let xy = &it.travel.xy[..n];
    let fold =
        |f: fn(f64, f64) -> f64, s, pick: fn(&(f64, f64)) -> f64| xy.iter().map(pick).fold(s, f);
    let (x0, x1) = (fold(f64::min, f64::MAX, |p| p.0), fold(f64::max, f64::MIN, |p| p.0));
    let (y0, y1) = (fold(f64::min, f64::MAX, |p| p.1), fold(f64::max, f64::MIN, |p| p.1));
    // About four clients per cell.
    let side = (((x1 - x0).max(1.0) * (y1 - y0).max(1.0) * 4.0) / n as f64).sqrt();
    let side = side.max(((x1 - x0).max(y1 - y0) / 2_000.0).max(1e-9));
    let (columns, rows) = (((x1 - x0) / side) as usize + 1, ((y1 - y0) / side) as usize + 1);
    let cell = |p: (f64, f64)| (((p.0 - x0) / side) as usize, ((p.1 - y0) / side) as usize);
    let mut grid = vec![Vec::new(); columns * rows];
    for (i, &p) in xy.iter().enumerate() {
        let (c, r) = cell(p);
        grid[r * columns + c].push(i as u32);
    }
    let mut keyed: Vec<(i64, u32)> = Vec::new();
    (0..n as u32)
        .map(|a| {
            let (c, r) = cell(xy[a as usize]);
            keyed.clear();
            let mut ring = 0usize;
            // One ring more than it takes to have enough, so that corners do not hide nearer ones.
            let mut enough = usize::MAX;
            while ring <= enough && ring <= columns.max(rows) {
                let (r0, r1) = (r as isize - ring as isize, r as isize + ring as isize);
                let (c0, c1) = (c as isize - ring as isize, c as isize + ring as isize);
                for rr in r0.max(0)..=r1.min(rows as isize - 1) {
                    let edge = rr == r0 || rr == r1;
                    let step = if edge { 1 } else { (c1 - c0).max(1) };
                    let mut cc = c0;
                    while cc <= c1 {
                        if cc >= 0 && (cc as usize) < columns {
                            for &b in &grid[rr as usize * columns + cc as usize] {
                                if b != a {
                                    keyed.push((it.distance(0, a, b), b));
                                }
                            }
                        }
                        cc += step;
                    }
                }
                if keyed.len() >= size && enough == usize::MAX {
                    enough = ring + 1 + ring / 2;
                }
                ring += 1;
            }
            if size < keyed.len() {
                keyed.select_nth_unstable(size);
                keyed.truncate(size);
            }
            keyed.sort_unstable();
            keyed.iter().map(|k| k.1).collect()
        })
        .collect()
}
