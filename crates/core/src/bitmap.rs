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

    /// The positions of the values that pass. `test` should be without branches: comparisons of 64
    /// values then become vector instructions, which is what makes a filter cheap per request.
    pub fn matching<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> Self {
        let mut set = Self::empty(values.len());
        for (word, chunk) in set.words.iter_mut().zip(values.chunks(64)) {
            let mut passed = [0u8; 64];
            for (p, &v) in passed.iter_mut().zip(chunk) {
                *p = u8::from(test(v));
            }
            *word = pack(&passed);
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

    /// Empties the set and gives it the universe `0..len`, keeping its memory.
    pub fn reset(&mut self, len: usize) {
        self.words.clear();
        self.words.resize(len.div_ceil(64), 0);
        self.len = len;
    }

    /// Becomes equal to `other`, keeping its own memory.
    pub fn copy_from(&mut self, other: &Self) {
        self.words.clear();
        self.words.extend_from_slice(&other.words);
        self.len = other.len;
    }

    /// Removes all of `other`, which has the same universe.
    pub fn subtract(&mut self, other: &Self) {
        debug_assert_eq!(self.len, other.len);
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= !b);
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

/// 64 bytes of 0 or 1 to the bits of a word. Multiplying moves the lowest bit of byte `i` to bit
/// `56 + i`, and no two of the products meet.
#[inline]
fn pack(bytes: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (i, eight) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let packed = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= packed << (8 * i);
    }
    word
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
        let mut b = Bitmap::default();
        b.copy_from(&Bitmap::full(70));
        b.subtract(&Bitmap::from_fn(70, |i| i < 69));
        assert_eq!((b.iter().collect::<Vec<_>>(), b.len()), (vec![69], 70));
        b.reset(3);
        assert_eq!(b, Bitmap::empty(3));
    }

    #[test]
    fn matching_finds_what_a_loop_finds() {
        for len in [0, 1, 63, 64, 65, 200] {
            let values: Vec<u32> =
                (0..len).map(|i: u32| i.wrapping_mul(2_654_435_761) >> 28).collect();
            let expected = Bitmap::from_fn(values.len(), |i| values[i] < 7);
            assert_eq!(Bitmap::matching(&values, |v| v < 7), expected, "{len}");
        }
    }
}
