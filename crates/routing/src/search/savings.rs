//! The start for plain capacity problems: Clarke & Wright savings over neighbouring pairs.

use super::neighbours::Neighbours;
use super::state::State;

/// Builds routes on an empty state. Only for one vehicle type, plain loads, nothing else.
pub(super) fn build(s: &mut State<'_>, near: &Neighbours) {
    let it = s.it;
    let f = &it.fleet[0];
    let n = it.clients;
    let (start, end) = (f.start as u32, f.end as u32);
    let mut savings: Vec<(i64, u32, u32)> = Vec::new();
    for u in 0..n as u32 {
        for &v in near.near[u as usize].iter().take(40) {
            let saved = it.distance(f.profile, u, end) + it.distance(f.profile, start, v)
                - it.distance(f.profile, u, v);
            if saved > 0 && (u < v || !it.has.symmetric || !near.near[v as usize].contains(&u)) {
                savings.push((-saved, u, v));
            }
        }
    }
    savings.sort_unstable();
    let mut path: Vec<Vec<u32>> = (0..n as u32).map(|u| vec![u]).collect();
    let mut of: Vec<u32> = (0..n as u32).collect();
    let mut load: Vec<i64> = (0..n).map(|u| it.delivery[u][0]).collect();
    let limit = if it.has.capacity { f.capacity[0] } else { i64::MAX };
    for &(_, u, v) in &savings {
        let (a, b) = (of[u as usize] as usize, of[v as usize] as usize);
        if a == b || load[a].saturating_add(load[b]) > limit {
            continue;
        }
        let last = |p: &Vec<u32>| p[p.len() - 1];
        let symmetric = it.has.symmetric && start == end;
        if last(&path[a]) != u && symmetric && path[a][0] == u {
            path[a].reverse();
        }
        if path[b][0] != v && symmetric && last(&path[b]) == v {
            path[b].reverse();
        }
        if last(&path[a]) != u || path[b][0] != v {
            continue;
        }
        let tail = std::mem::take(&mut path[b]);
        for &x in &tail {
            of[x as usize] = a as u32;
        }
        path[a].extend(tail);
        load[a] += load[b];
        load[b] = 0;
    }
    s.begin();
    path.retain(|p| !p.is_empty());
    // Fewest vehicles first: when there are too few, short paths stay absent.
    path.sort_by_key(|p| std::cmp::Reverse(p.len()));
    for p in path.iter().take(f.count) {
        if s.try_route(0, p).is_none() {
            continue;
        }
        s.open(0, p);
    }
    s.reconcile();
}
