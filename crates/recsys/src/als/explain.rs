//! What each event adds to a score.
//!
//! A folded-in vector is `x = W^-1 sum c_j y_j`, where `W` depends on which events there are. The
//! score of item `i` is `y_i . x = sum c_j (W^-1 y_i) . y_j`: one solve for the item, then one inner
//! product per event (Hu, Koren & Volinsky 2008, section 5). A learned vector differs from the
//! folded-in one by what the iterations left; the difference is the `rest` of the explanation.

use super::AlsModel;
use super::fit::not_positive_definite;
use crate::explain::{ExplanationKind, Reasons, events_of};
use crate::kernels::{self, Events, LANE, Lane, Level};
use crate::model::{Model, Taste};
use mercato_core::Result;
use mercato_index::kernels::{Isa, dot};

impl AlsModel {
    pub(super) fn contributions(&self, taste: Taste<'_>, item: u32) -> Result<Reasons> {
        let f = self.params.factors;
        let n = kernels::lanes(f);
        let mut events = events_of(self.catalog(), taste);
        // An opened file may be damaged.
        events.retain(|e| (e.0 as usize) < self.items.len());
        let target = self.items.row(item as usize);
        let mut system = self.gram.clone();
        let w = kernels::flat_mut(&mut system);
        let mut merged = events.clone();
        merged.sort_by_key(|e| e.0);
        merged.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        for &(event, weight) in &merged {
            let y = self.items.row(event as usize);
            let pull = self.params.alpha * weight - self.params.unobserved_weight;
            for (k, &left) in y.iter().enumerate() {
                for (a, &right) in w[k * n * LANE..][..f].iter_mut().zip(y) {
                    *a += pull * left * right;
                }
            }
        }
        // One event of confidence 1 whose pull is already in the system: its solution is W^-1 y.
        let mut row = vec![Lane::ZERO; n];
        kernels::flat_mut(&mut row)[..f].copy_from_slice(target);
        let one = Events { index: &[], weight: &[1.0], alpha: 1.0, unobserved: 1.0 };
        let (mut a, mut z) = (vec![Lane::ZERO; system.len()], vec![Lane::ZERO; n]);
        if !kernels::cholesky(Level::detect(), &system, &row, n, one, &mut a, &mut z) {
            return Err(not_positive_definite());
        }
        let (isa, z) = (Isa::best(), &kernels::flat(&z)[..f]);
        let part = |(event, weight): (u32, f32)| {
            let part = self.params.alpha * weight * dot(isa, z, self.items.row(event as usize));
            (event, weight, part)
        };
        let mut folded = Vec::new();
        let score = dot(isa, self.vector(taste, &mut folded)?, target);
        let parts = events.into_iter().map(part).collect();
        Ok(Reasons { kind: ExplanationKind::Exact, score, parts })
    }
}
