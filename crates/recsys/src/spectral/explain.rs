//! What each event adds to a score: the filter is linear in the items a user has.

use super::SpectralModel;
use crate::explain::{ExplanationKind, Reasons, events_of};
use crate::model::Taste;

impl SpectralModel {
    pub(super) fn contributions(&self, taste: Taste<'_>, item: u32) -> Reasons {
        let mut events = events_of(&self.catalog, taste);
        // Weights are not used and an item counts once.
        events.sort_by_key(|e| e.0);
        events.dedup_by_key(|e| e.0);
        let part = |(event, weight): (u32, f32)| {
            let part = self.low_pass_part(event, item) + self.walk_part(event, item);
            (event, weight, part)
        };
        let parts: Vec<_> = events.into_iter().map(part).collect();
        let score = parts.iter().map(|p| p.2).sum();
        Reasons { kind: ExplanationKind::Exact, score, parts }
    }

    /// The codes of an item; empty for one that only a damaged file names.
    fn code(&self, item: u32) -> &[i8] {
        let i = item as usize;
        self.codes.as_slice().get(i * self.width..(i + 1) * self.width).unwrap_or(&[])
    }

    /// The inner product of two items' smooth directions.
    fn product(&self, a: u32, b: u32) -> f32 {
        let terms = self.code(a).iter().zip(self.code(b));
        // 2048 terms of at most 127^2 fit 32 bits.
        let codes: i32 = terms.map(|(&x, &y)| i32::from(x) * i32::from(y)).sum();
        let scale = |i: u32| self.code_scale.as_slice().get(i as usize).copied().unwrap_or(0.0);
        codes as f32 * scale(a) * scale(b)
    }

    /// Likeness of two items in the space of smooth directions.
    pub(super) fn cosine(&self, a: u32, b: u32) -> f32 {
        let product = self.product(a, a).sqrt() * self.product(b, b).sqrt();
        if product > 0.0 { self.product(a, b) / product } else { 0.0 }
    }

    fn scale_of(&self, item: u32) -> f32 {
        self.item_scale.as_slice().get(item as usize).copied().unwrap_or(0.0)
    }

    fn low_pass_part(&self, event: u32, item: u32) -> f32 {
        let below = self.scale_of(item);
        if below == 0.0 {
            return 0.0;
        }
        self.params.alpha * self.scale_of(event) * self.product(event, item) / below
    }

    /// The walk from the event to the users who have both and on to the item.
    fn walk_part(&self, event: u32, item: u32) -> f32 {
        let of = |i: u32| {
            let starts = self.starts.as_slice();
            let (Some(&from), Some(&to)) = (starts.get(i as usize), starts.get(i as usize + 1))
            else {
                return &[][..];
            };
            self.users.as_slice().get(from as usize..to as usize).unwrap_or(&[])
        };
        let (mut a, mut b) = (of(event).iter().peekable(), of(item).iter().peekable());
        let mut sum = 0.0f32;
        while let (Some(&&x), Some(&&y)) = (a.peek(), b.peek()) {
            if x == y {
                let scale = self.user_scale.as_slice().get(x as usize).copied().unwrap_or(0.0);
                sum += scale * scale;
            }
            if x <= y {
                a.next();
            }
            if y <= x {
                b.next();
            }
        }
        self.scale_of(event) * self.scale_of(item) * sum
    }
}
