//! A set of dense ids as bits.

/// A set of dense ids `0..len`, one bit each; what filters compile to and search kernels read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// No id of `0..len` is in the set.
    #[must_use]
    pub fn empty(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// Every id of `0..len` is in the set.
    #[must_use]
    pub fn full(len: usize) -> Self {
        let mut all = Self { words: vec![u64::MAX; len.div_ceil(64)], len };
        all.trim();
        all
    }

    /// The ids of `0..len` for which `keep` holds.
    pub fn from_fn(len: usize, mut keep: impl FnMut(usize) -> bool) -> Self {
        let mut set = Self::empty(len);
        // A word is collected in a register: filters compile once per request.
        for (w, word) in set.words.iter_mut().enumerate() {
            let first = w * 64;
            for bit in 0..(len - first).min(64) {
                *word |= u64::from(keep(first + bit)) << bit;
            }
        }
        set
    }

    /// Clears the bits beyond `len`. Invariant: they are always zero.
    fn trim(&mut self) {
        if let (Some(last), rest @ 1..) = (self.words.last_mut(), self.len % 64) {
            *last &= (1 << rest) - 1;
        }
    }

    /// The size of the universe, not of the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the universe is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many ids are in the set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether `id` is in the set; false beyond the universe.
    #[inline]
    #[must_use]
    pub fn contains(&self, id: u32) -> bool {
        self.words.get(id as usize / 64).is_some_and(|w| w >> (id % 64) & 1 == 1)
    }

    /// Adds `id`; ids beyond the universe are ignored.
    #[inline]
    pub fn insert(&mut self, id: u32) {
        if (id as usize) < self.len {
            self.words[id as usize / 64] |= 1 << (id % 64);
        }
    }

    /// Removes `id`; ids beyond the universe are ignored.
    #[inline]
    pub fn remove(&mut self, id: u32) {
        if let Some(w) = self.words.get_mut(id as usize / 64) {
            *w &= !(1 << (id % 64));
        }
    }

    /// Keeps only what is also in `other`, which has the same universe.
    pub fn intersect(&mut self, other: &Self) {
        debug_assert_eq!(self.len, other.len);
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
    }

    /// Adds all of `other`, which has the same universe.
    pub fn unite(&mut self, other: &Self) {
        debug_assert_eq!(self.len, other.len);
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
    }

    /// Swaps members and non-members.
    pub fn complement(&mut self) {
        self.words.iter_mut().for_each(|w| *w = !*w);
        self.trim();
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.words.iter().enumerate().flat_map(|(i, &word)| {
            std::iter::successors((word != 0).then_some(word), |w| {
                let rest = w & (w - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |w| i as u32 * 64 + w.trailing_zeros())
        })
    }

    /// Bit `i % 64` of word `i / 64` is id `i`; bits beyond the universe are zero.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_operations_respect_the_universe() {
        let mut a = Bitmap::from_fn(130, |i| i % 3 == 0);
        assert_eq!(a.count(), 44);
        assert!(a.contains(129) && !a.contains(130) && !a.contains(10_000));
        a.complement();
        assert_eq!(a.count(), 86);
        a.unite(&Bitmap::from_fn(130, |i| i % 3 == 0));
        assert_eq!(a, Bitmap::full(130));
        a.intersect(&Bitmap::from_fn(130, |i| i >= 128));
        assert_eq!(a.iter().collect::<Vec<_>>(), [128, 129]);
        a.insert(500);
        a.remove(128);
        assert_eq!(a.count(), 1);
    }
}
