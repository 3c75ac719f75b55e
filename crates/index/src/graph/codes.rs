//! Rows as 8-bit codes that a walk over a graph can pick from anywhere.

use super::search::Entry;
use crate::aligned::{Aligned, Line};
use crate::kernels::gather::{self, Simd};
use crate::kernels::{Isa, dot, prefetch};
use crate::scan::{Space, code, scale_of};
use mercato_core::{Artifact, ArtifactWriter, Column, Result};
use rayon::prelude::*;

/// Codes in rows of whole cache lines, and two facts of each row: the scale of its codes and half
/// its squared norm.
#[derive(Clone)]
pub(crate) struct Codes {
    pub space: Space,
    dim: usize,
    bytes: Aligned,
    facts: Column<f32>,
}

/// A quantised query.
#[derive(Debug, Clone, Default)]
pub(crate) struct CodedQuery {
    codes: Vec<i8>,
    start: i32,
    scale: f32,
    half_norm: f32,
}

/// Bytes of a row of codes.
pub(crate) fn stride(dim: usize) -> usize {
    dim.next_multiple_of(Line::LEN)
}

impl CodedQuery {
    /// Quantises a vector.
    pub(crate) fn set(&mut self, v: &[f32]) {
        self.codes.clear();
        self.codes.resize(stride(v.len()), 0);
        self.scale = scale_of(v);
        for (c, &x) in self.codes.iter_mut().zip(v) {
            *c = code(x, self.scale);
        }
        self.half_norm = 0.5 * dot(Isa::best(), v, v);
        self.start = gather::start(&self.codes);
    }

    fn store(&self, bytes: &mut [u8], facts: &mut [f32]) {
        for (b, &c) in bytes.iter_mut().zip(&self.codes) {
            *b = c as u8 ^ 128;
        }
        facts.copy_from_slice(&[self.scale, self.half_norm]);
    }

    /// How far the approximate score of a row may well be from the exact one: four standard
    /// deviations, as quantising errs evenly within a step.
    pub(crate) fn doubt(&self, codes: View<'_>, row: u32) -> f32 {
        let [scale, half] = codes.facts[row as usize];
        let (own, other) =
            (2.0 * self.half_norm * scale * scale, 2.0 * half * self.scale * self.scale);
        4.0 * ((own + other) / 12.0).sqrt()
    }

    /// Takes row `row` of `codes`.
    #[inline(always)]
    pub(crate) fn set_row_of(&mut self, codes: View<'_>, row: u32) {
        let bytes = &codes.bytes[row as usize * codes.stride..][..codes.stride];
        self.codes.clear();
        self.codes.extend(bytes.iter().map(|&b| (b ^ 128) as i8));
        self.start = gather::start(&self.codes);
        [self.scale, self.half_norm] = codes.facts[row as usize];
    }
}

impl Codes {
    /// Quantises the rows of a matrix.
    pub(crate) fn build(space: Space, rows: &[f32], dim: usize) -> Self {
        let mut codes =
            Self { space, dim, bytes: Aligned::Owned(Vec::new()), facts: Column::default() };
        codes.extend(rows);
        codes
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.facts.len() / 2
    }

    /// Bytes of codes and facts.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.as_slice().len() + 4 * self.facts.len()
    }

    /// Appends the rows of a matrix.
    pub(crate) fn extend(&mut self, rows: &[f32]) {
        let first = self.len();
        let more = rows.len() / self.dim;
        self.bytes.grow((first + more) * stride(self.dim));
        let mut facts = std::mem::take(&mut self.facts).into_vec();
        facts.resize(2 * (first + more), 0.0);
        let stride = stride(self.dim);
        self.bytes.to_mut()[first * stride..]
            .par_chunks_exact_mut(stride)
            .zip(facts[2 * first..].par_chunks_exact_mut(2))
            .zip(rows.par_chunks_exact(self.dim))
            .for_each_init(CodedQuery::default, |q, ((bytes, facts), row)| {
                q.set(row);
                q.store(bytes, facts);
            });
        self.facts = facts.into();
    }

    /// Replaces one row.
    pub(crate) fn replace(&mut self, row: u32, values: &[f32]) {
        let mut q = CodedQuery::default();
        q.set(values);
        let mut facts = std::mem::take(&mut self.facts).into_vec();
        let stride = stride(self.dim);
        let bytes = &mut self.bytes.to_mut()[row as usize * stride..][..stride];
        q.store(bytes, &mut facts[2 * row as usize..][..2]);
        self.facts = facts.into();
    }

    /// Adds the sections `{name}` and `{name}.facts` to an artifact.
    pub(crate) fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>, name: &str) -> Result<()> {
        w.column(name, self.bytes.as_slice())?;
        w.column(&format!("{name}.facts"), &self.facts)
    }

    /// Opens `n` rows that [`write`](Self::write) wrote.
    pub(crate) fn read(
        a: &Artifact,
        name: &str,
        space: Space,
        n: usize,
        dim: usize,
    ) -> Result<Self> {
        let len = n.saturating_mul(stride(dim));
        let bytes = Aligned::from(a.column_of_len::<u8>(name, len)?);
        let facts = a.column_of_len(&format!("{name}.facts"), n.saturating_mul(2))?;
        Ok(Self { space, dim, bytes, facts })
    }

    #[inline]
    pub(crate) fn view(&self) -> View<'_> {
        View {
            space: self.space,
            stride: stride(self.dim),
            bytes: self.bytes.as_slice(),
            facts: bytemuck::cast_slice(self.facts.as_slice()),
            isa: Isa::best(),
        }
    }
}

/// Borrowed codes, with everything looked up once per request.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub space: Space,
    stride: usize,
    bytes: &'a [u8],
    facts: &'a [[f32; 2]],
    pub isa: Isa,
}

impl View<'_> {
    /// Asks for a row to be brought near.
    #[inline]
    pub(crate) fn prefetch(&self, row: u32) {
        if let Some(bytes) = self.bytes.get(row as usize * self.stride..) {
            prefetch(&bytes[..self.stride.min(bytes.len())]);
        }
    }

    /// Approximate scores of rows: inner products, or under L2 inner products less half the
    /// squared norm, which ranks as the distance does. Both outputs have room for all rows.
    #[inline(always)]
    pub(crate) fn scores<S: Simd>(
        &self,
        simd: S,
        q: &CodedQuery,
        rows: &[u32],
        sums: &mut [i32],
        out: &mut [f32],
    ) {
        simd.dots(self.bytes, &q.codes, q.start, rows, &mut sums[..rows.len()]);
        let sums = rows.iter().zip(sums.iter()).zip(out);
        match self.space {
            Space::Dot => sums.for_each(|((&row, &sum), out)| {
                let [scale, _] = self.facts[row as usize];
                *out = sum as f32 * (q.scale * scale);
            }),
            Space::L2 => sums.for_each(|((&row, &sum), out)| {
                let [scale, half] = self.facts[row as usize];
                *out = sum as f32 * (q.scale * scale) - half;
            }),
        }
    }

    /// How far what a walk found is from the row that it asked for.
    pub(crate) fn distance_of(&self, q: &CodedQuery, found: Entry) -> f32 {
        let near = match self.space {
            Space::Dot => found.score() - self.facts[found.node() as usize][1],
            Space::L2 => found.score(),
        };
        2.0 * (q.half_norm - near)
    }

    /// How far rows are from a row: squared Euclidean distances, good for pruning.
    #[inline(always)]
    pub(crate) fn distances<S: Simd>(
        &self,
        simd: S,
        q: &CodedQuery,
        rows: &[u32],
        sums: &mut [i32],
        out: &mut [f32],
    ) {
        simd.dots(self.bytes, &q.codes, q.start, rows, &mut sums[..rows.len()]);
        for ((&row, &sum), out) in rows.iter().zip(sums.iter()).zip(out) {
            let [scale, half] = self.facts[row as usize];
            *out = 2.0 * (q.half_norm + half - sum as f32 * (q.scale * scale));
        }
    }
}
