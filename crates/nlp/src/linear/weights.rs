//! Pruned 8-bit weights of a linear classifier, feature by feature.

use crate::kernels::descent::{Block, LANES};
use mercato_core::{Artifact, ArtifactWriter, Column, Error, Result};

/// Every this many rows the start is stored; in between, row lengths are summed.
const STRIDE: usize = 8;

/// Small numbers in one byte each, or two when some need it.
#[derive(Debug, Clone, Default)]
struct Narrow {
    low: Column<u8>,
    /// Empty when every number fits one byte.
    high: Column<u8>,
}

impl Narrow {
    fn new(values: &[u16]) -> Self {
        let wide = values.iter().any(|&v| v > 255);
        let high = if wide { values.iter().map(|&v| (v >> 8) as u8).collect() } else { vec![] };
        Self { low: values.iter().map(|&v| v as u8).collect::<Vec<_>>().into(), high: high.into() }
    }

    #[inline]
    fn get(&self, i: usize) -> usize {
        let high = if self.high.is_empty() { 0 } else { usize::from(self.high[i]) << 8 };
        usize::from(self.low[i]) | high
    }

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>, name: &str) -> Result<()> {
        w.column(name, &self.low)?;
        w.column(&format!("{name}.high"), &self.high)
    }

    fn read(a: &Artifact, name: &str) -> Result<Self> {
        let low = a.column::<u8>(name)?;
        let high = a.column::<u8>(&format!("{name}.high"))?;
        if !high.is_empty() && high.len() != low.len() {
            return Err(Error::corrupt(format!("section {name} and its high bytes differ")));
        }
        Ok(Self { low, high })
    }
}

/// Sparse rows of 8-bit weights, one row per feature, with a scale and a bias per class.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights {
    starts: Column<u32>,
    lengths: Narrow,
    classes: Narrow,
    cells: Column<i8>,
    pub scale: Column<f32>,
    pub bias: Column<f32>,
}

impl Weights {
    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.bias.len()
    }

    /// Quantises solved blocks; weights that round to zero are dropped.
    pub fn quantise(blocks: &[Block<LANES>], columns: usize, bias: f32) -> Self {
        let features = blocks.first().map_or(0, |b| b.len() - 1);
        let at = |f: usize, c: usize| blocks[c / LANES][f][c % LANES];
        let scale: Vec<f32> = (0..columns)
            .map(|c| (0..features).map(|f| at(f, c).abs()).fold(0.0, f32::max) / 127.0)
            .collect();
        let mut rows = RowsBuilder::default();
        for f in 0..features {
            let row = (0..columns).filter_map(|c| {
                let w = at(f, c);
                let q = (w / scale[c]).round();
                (scale[c] > 0.0 && q != 0.0).then_some((c as u16, q as i8))
            });
            rows.push(row);
        }
        let biases = (0..columns).map(|c| at(features, c) * bias).collect::<Vec<_>>();
        rows.finish(scale, biases)
    }

    #[inline]
    fn row(&self, feature: usize) -> std::ops::Range<usize> {
        let stride = feature / STRIDE;
        let mut start = self.starts[stride] as usize;
        for f in stride * STRIDE..feature {
            start += self.lengths.get(f);
        }
        start..start + self.lengths.get(feature)
    }

    /// The (class, weight) pairs of a feature.
    pub fn cells(&self, feature: u32) -> impl Iterator<Item = (usize, f32)> {
        // A damaged artifact may point beyond the cells or name a class that is not there.
        self.row(feature as usize)
            .filter(|&i| i < self.cells.len())
            .map(|i| (self.classes.get(i), i))
            .filter_map(|(c, i)| Some((c, f32::from(self.cells[i]) * self.scale.get(c)?)))
    }

    /// Margins of all columns for a sparse vector.
    pub fn margins(&self, ids: &[u32], values: &[f32], out: &mut Vec<f32>) {
        out.clear();
        if self.classes.high.is_empty() {
            let mut sums = [0f32; 256];
            for (&id, &v) in ids.iter().zip(values) {
                let row = self.row(id as usize);
                let (Some(classes), Some(cells)) =
                    (self.classes.low.get(row.clone()), self.cells.get(row))
                else {
                    continue;
                };
                for (&c, &w) in classes.iter().zip(cells) {
                    sums[usize::from(c)] += v * f32::from(w);
                }
            }
            out.extend_from_slice(&sums[..self.columns().min(256)]);
        } else {
            out.resize(self.columns(), 0.0);
            for (&id, &v) in ids.iter().zip(values) {
                for i in self.row(id as usize).filter(|&i| i < self.cells.len()) {
                    if let Some(sum) = out.get_mut(self.classes.get(i)) {
                        *sum += v * f32::from(self.cells[i]);
                    }
                }
            }
        }
        for ((m, scale), bias) in out.iter_mut().zip(self.scale.iter()).zip(self.bias.iter()) {
            *m = *m * scale + bias;
        }
    }

    /// These weights over a longer vocabulary (`moved` says where old features went), with the
    /// columns in `replaced` taken from `solved` (column number, weights, bias). Columns beyond
    /// the present ones are new.
    pub fn with_columns(
        &self,
        features: usize,
        moved: &[u32],
        solved: &[(usize, Vec<f32>, f32)],
    ) -> Self {
        let columns = solved.iter().map(|s| s.0 + 1).fold(self.columns(), usize::max);
        let mut scale = self.scale.to_vec();
        let mut bias = self.bias.to_vec();
        scale.resize(columns, 0.0);
        bias.resize(columns, 0.0);
        for (c, w, b) in solved {
            scale[*c] = w.iter().fold(0.0f32, |m, w| m.max(w.abs())) / 127.0;
            bias[*c] = *b;
        }
        let mut origin = vec![u32::MAX; features];
        for (old, &new) in moved.iter().enumerate() {
            origin[new as usize] = old as u32;
        }
        let mut rows = RowsBuilder::default();
        let mut row: Vec<(u16, i8)> = Vec::new();
        for f in 0..features {
            row.clear();
            if origin[f] != u32::MAX {
                let old = self.row(origin[f] as usize).filter(|&i| i < self.cells.len());
                row.extend(
                    old.map(|i| (self.classes.get(i) as u16, self.cells[i]))
                        .filter(|(c, _)| solved.iter().all(|s| s.0 != usize::from(*c))),
                );
            }
            for (c, w, _) in solved {
                let q = (w[f] / scale[*c]).round();
                if scale[*c] > 0.0 && q != 0.0 {
                    row.push((*c as u16, q as i8));
                }
            }
            row.sort_unstable_by_key(|x| x.0);
            rows.push(row.iter().copied());
        }
        rows.finish(scale, bias)
    }

    /// One column as dense weights over a longer vocabulary.
    pub fn column(&self, column: usize, features: usize, moved: &[u32]) -> Vec<f32> {
        let mut out = vec![0.0; features];
        if column < self.columns() {
            for (old, &new) in moved.iter().enumerate() {
                if let Some((_, w)) = self.cells(old as u32).find(|c| c.0 == column) {
                    out[new as usize] = w;
                }
            }
        }
        out
    }

    pub fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.column("weights.starts", &self.starts)?;
        self.lengths.write(w, "weights.lengths")?;
        self.classes.write(w, "weights.classes")?;
        w.column("weights.cells", &self.cells)?;
        w.column("weights.scale", &self.scale)?;
        w.column("weights.bias", &self.bias)
    }

    pub fn read(a: &Artifact, features: usize) -> Result<Self> {
        let starts = a.column_of_len("weights.starts", features.div_ceil(STRIDE))?;
        let lengths = Narrow::read(a, "weights.lengths")?;
        let classes = Narrow::read(a, "weights.classes")?;
        let cells = a.column_of_len("weights.cells", classes.low.len())?;
        let scale = a.column::<f32>("weights.scale")?;
        let bias = a.column_of_len("weights.bias", scale.len())?;
        let narrow = !classes.high.is_empty() || scale.len() <= 256;
        if lengths.low.len() != features || !narrow {
            return Err(Error::corrupt("the weights do not fit the vocabulary"));
        }
        Ok(Self { starts, lengths, classes, cells, scale, bias })
    }
}

/// The `max_cells` weights that matter most, by magnitude times the importance of their feature:
/// a bit per class for every feature of every block. `None` when no more than that differ from zero.
pub(crate) fn prune(
    blocks: &[Block<LANES>],
    columns: usize,
    max_cells: usize,
    importance: &[f32],
) -> Option<Vec<Vec<u16>>> {
    let value = |b: usize, f: usize, l: usize| blocks[b][f][l].abs() * importance[f];
    let lanes = |b: usize| LANES.min(columns - b * LANES);
    let mut values: Vec<f32> = Vec::new();
    for b in 0..blocks.len() {
        for f in 0..importance.len() {
            values.extend((0..lanes(b)).map(|l| value(b, f, l)).filter(|&v| v > 1e-4));
        }
    }
    if values.len() <= max_cells {
        return None;
    }
    let rank = values.len() - max_cells;
    let cutoff = *values.select_nth_unstable_by(rank, f32::total_cmp).1;
    let row = |b: usize, f: usize| {
        (0..lanes(b)).filter(|&l| value(b, f, l) >= cutoff).fold(0u16, |bits, l| bits | 1 << l)
    };
    Some((0..blocks.len()).map(|b| (0..importance.len()).map(|f| row(b, f)).collect()).collect())
}

#[derive(Default)]
struct RowsBuilder {
    starts: Vec<u32>,
    lengths: Vec<u16>,
    classes: Vec<u16>,
    cells: Vec<i8>,
}

impl RowsBuilder {
    fn push(&mut self, row: impl Iterator<Item = (u16, i8)>) {
        let start = self.cells.len();
        if self.lengths.len().is_multiple_of(STRIDE) {
            self.starts.push(start as u32);
        }
        for (c, w) in row {
            self.classes.push(c);
            self.cells.push(w);
        }
        self.lengths.push((self.cells.len() - start) as u16);
    }

    fn finish(self, scale: Vec<f32>, bias: Vec<f32>) -> Weights {
        let mut classes = Narrow::new(&self.classes);
        if bias.len() > 256 && classes.high.is_empty() {
            classes.high = vec![0; self.classes.len()].into();
        }
        Weights {
            starts: self.starts.into(),
            lengths: Narrow::new(&self.lengths),
            classes,
            cells: self.cells.into(),
            scale: scale.into(),
            bias: bias.into(),
        }
    }
}
