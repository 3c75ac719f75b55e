//! Inner loops, chosen for the processor at run time.
//!
//! Every kernel gives the same bits on every processor: integer sums are exact, and `f32` sums
//! follow one fixed order without fused multiply-add. A model therefore ranks alike on a server
//! and on a phone.
//!
//! Invariant: kernels never allocate but to grow a list of hits, and cannot fail.

pub(crate) mod block;
mod dot;
pub(crate) mod gather;

pub use dot::{dot, squared_distance};

/// An instruction set that this processor has. Values exist only for what was detected, which is
/// what makes calling the kernels behind them sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isa(Level);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// Plain Rust, on every target.
    pub const PORTABLE: Isa = Isa(Level::Portable);

    /// The fastest that this processor has.
    #[inline]
    #[must_use]
    pub fn best() -> Isa {
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx512() {
                return Isa(Level::Avx512);
            }
            if has_avx2() {
                return Isa(Level::Avx2);
            }
        }
        Isa::PORTABLE
    }

    /// All that this processor has, the portable one first.
    #[must_use]
    pub fn all() -> Vec<Isa> {
        let mut all = vec![Isa::PORTABLE];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(has_avx2().then_some(Isa(Level::Avx2)));
            all.extend(has_avx512().then_some(Isa(Level::Avx512)));
        }
        all
    }

    #[inline]
    pub(crate) fn level(self) -> Level {
        self.0
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni")
}

/// Asks for the first lines of `values` to be brought near.
#[inline]
pub(crate) fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let bytes = size_of_val(values).min(512);
        let start = values.as_ptr().cast::<i8>();
        for at in (0..bytes).step_by(64) {
            // SAFETY: a prefetch reads nothing; the address lies inside `values`.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.add(at)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}
