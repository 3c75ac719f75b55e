//! A linear-chain conditional random field over characters: entities learnt from tagged examples.
//!
//! **What.** Each character gets a tag: the first, inside or last one of a kind, a kind of its own,
//! or outside; features are the character n-grams around it, the shapes of its neighbours, and the
//! names of other training texts that it is part of; tags of neighbours interact.
//! **When.** Names that no list holds: products, brands and models in titles and messages; some
//! thousand tagged texts. **Cost.** Training `characters x features x tags x passes`; reading
//! `characters x (features x tags + tags^2)`.
//! **Papers.** Lafferty, McCallum, Pereira, "Conditional random fields", ICML 2001; Duchi, Hazan,
//! Singer, "Adaptive subgradient methods", JMLR 2011; Ratinov, Roth, "Design challenges and
//! misconceptions in named entity recognition", CoNLL 2009 (last and single tags, lists of names).
//! **Where we differ.** The list of names is what the training texts hold; a text learns only from
//! the names of others, or it would trust the list too much. Features are hashed, those seen once
//! or of next to no weight are left out; weights are averaged over the last half of the passes and
//! kept in 8 bits.

use super::lexicon::{self, Name};
use super::scan::{Folded, Found};
use crate::classify::in_range;
use crate::text::ngrams::{Class, class};
use mercato_core::{Artifact, ArtifactWriter, Column, Error, Persist, Result, Run};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use serde::{Deserialize, Serialize};
use std::hash::Hasher;

/// A tagged example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tagged {
    /// The text.
    pub text: String,
    /// Its entities: first character, one past the last, and the kind. They must not overlap.
    pub spans: Vec<(usize, usize, String)>,
}

/// Learns entities from tagged texts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EntityTagger {
    /// Passes over the data; 1..=200, default 10.
    pub passes: usize,
    /// First step size of a weight; 0.001..=10, default 0.05.
    pub learning_rate: f32,
    /// Pull of the weights towards zero; 0..=1, default 0.00003.
    pub regularization: f32,
    /// A feature must occur this often; 1..=1000, default 2.
    pub min_count: u32,
    /// What a character outside all entities loses when a text is read, in units of
    /// log-likelihood: more finds more entities and errs more often; -10..=10, default 0.
    pub outside_penalty: f32,
}

impl Default for EntityTagger {
    fn default() -> Self {
        Self {
            passes: 10,
            learning_rate: 0.05,
            regularization: 3e-5,
            min_count: 2,
            outside_penalty: 0.0,
        }
    }
}

/// Offsets of the character n-grams around a position: first and length.
const WINDOWS: [(isize, usize); 16] = [
    (-2, 1),
    (-1, 1),
    (0, 1),
    (1, 1),
    (2, 1),
    (-2, 2),
    (-1, 2),
    (0, 2),
    (1, 2),
    (-2, 3),
    (-1, 3),
    (0, 3),
    (-3, 4),
    (-2, 4),
    (-1, 4),
    (0, 4),
];
/// A weight below this, of 127, may go where a feature has no larger one.
const FAINT: u8 = 3;
/// Features of a position: the windows and the shape around it.
const PER_POSITION: usize = WINDOWS.len() + 2;

fn features_at(chars: &[char], i: usize) -> [u64; PER_POSITION] {
    let at = |offset: isize| -> u32 {
        let j = i as isize + offset;
        usize::try_from(j).ok().and_then(|j| chars.get(j)).map_or(1, |&c| c as u32)
    };
    let shape = |offset: isize| -> u32 {
        match char::from_u32(at(offset)) {
            Some('\u{1}') | None => 0,
            Some(c) if c.is_ascii_digit() => 1,
            Some(c) if c.is_ascii_alphabetic() => 2,
            Some(c) => match class(c) {
                Class::Cjk => 3,
                Class::Space => 4,
                Class::Symbol => 5,
                Class::Word => 6,
            },
        }
    };
    let mut out = [0; PER_POSITION];
    for (k, &(first, n)) in WINDOWS.iter().enumerate() {
        let mut h = FxHasher::default();
        h.write_u32(k as u32);
        (0..n).for_each(|d| h.write_u32(at(first + d as isize)));
        out[k] = h.finish();
    }
    for (k, reach) in [1isize, 3].into_iter().enumerate() {
        let mut h = FxHasher::default();
        h.write_u32(100 + k as u32);
        (-reach..=reach).for_each(|d| h.write_u32(shape(d)));
        out[WINDOWS.len() + k] = h.finish();
    }
    out
}

/// The features of every position, those of names included.
fn all_features(
    chars: &[char],
    names: &[u64],
    kinds: &[u8],
    counts: impl Fn(usize) -> bool,
) -> Vec<Vec<u64>> {
    let mut all: Vec<Vec<u64>> = (0..chars.len()).map(|i| features_at(chars, i).to_vec()).collect();
    lexicon::features(chars, names, kinds, counts, |at, feature| {
        if !all[at][PER_POSITION..].contains(&feature) {
            all[at].push(feature);
        }
    });
    all
}

/// The tagged stretches: first character, one past the last, kind.
fn stretches(tags: &[u8]) -> Vec<(usize, usize, u8)> {
    let mut out: Vec<(usize, usize, u8)> = Vec::new();
    for (i, &tag) in tags.iter().enumerate().filter(|(_, t)| **t > 0) {
        let place = (usize::from(tag) - 1) % PER_KIND;
        match out.last_mut() {
            Some(last) if matches!(place, INSIDE | END) => last.1 = i + 1,
            _ => out.push((i, i + 1, ((usize::from(tag) - 1) / PER_KIND) as u8)),
        }
    }
    out
}

struct Example {
    features: Vec<u32>,
    starts: Vec<usize>,
    tags: Vec<u8>,
}

impl Example {
    fn at(&self, i: usize) -> &[u32] {
        &self.features[self.starts[i]..self.starts[i + 1]]
    }
}

/// Tags of a kind: of its first character, those inside, its last one, and of a single one.
const PER_KIND: usize = 4;
const BEGIN: usize = 0;
const INSIDE: usize = 1;
const END: usize = 2;
const SINGLE: usize = 3;

/// The tag of a place in an entity; 0 is outside.
fn tag_of(kind: usize, place: usize) -> usize {
    PER_KIND * kind + place + 1
}

/// Whether `to` may follow `from`: an entity that has begun goes on until its end.
fn may_follow(from: usize, to: usize) -> bool {
    let place = |tag: usize| (tag > 0).then(|| (tag - 1) % PER_KIND);
    let open = matches!(place(from), Some(BEGIN | INSIDE));
    let goes_on = matches!(place(to), Some(INSIDE | END));
    if open { goes_on && (from - 1) / PER_KIND == (to - 1) / PER_KIND } else { !goes_on }
}

/// Tags of the folded characters of an example.
fn tags(t: &Folded, example: &Tagged, kinds: &[String]) -> Result<Vec<u8>> {
    let byte_of: Vec<usize> = example
        .text
        .char_indices()
        .map(|x| x.0)
        .chain(std::iter::once(example.text.len()))
        .collect();
    let mut tags = vec![0u8; t.chars.len()];
    for (start, end, kind) in &example.spans {
        let bad = || {
            Error::invalid_input(format!(
                "the span {start}..{end} does not fit its text or overlaps another"
            ))
        };
        if start >= end || *end >= byte_of.len() {
            return Err(bad());
        }
        let (a, b) = (byte_of[*start], byte_of[*end]);
        let k = kinds.partition_point(|x| x < kind);
        let inside = |&(from, to): &(usize, usize)| from >= a && to <= b;
        let Some(first) = t.bytes.iter().position(inside) else { continue };
        let last = t.bytes.iter().rposition(inside).unwrap_or(first);
        for at in first..=last {
            let place = match (at == first, at == last) {
                (true, true) => SINGLE,
                (true, false) => BEGIN,
                (false, true) => END,
                (false, false) => INSIDE,
            };
            if std::mem::replace(&mut tags[at], tag_of(k, place) as u8) != 0 {
                return Err(bad());
            }
        }
    }
    Ok(tags)
}

impl EntityTagger {
    /// Checks every field.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        in_range("passes", self.passes, 1, 200)?;
        in_range("learning_rate", self.learning_rate, 0.001, 10.0)?;
        in_range("regularization", self.regularization, 0.0, 1.0)?;
        in_range("min_count", self.min_count, 1, 1000)?;
        in_range("outside_penalty", self.outside_penalty, -10.0, 10.0)
    }

    /// Trains on tagged texts.
    ///
    /// # Errors
    /// `invalid_params`; `invalid_input` for spans outside their text or overlapping, or more than
    /// 60 kinds; `not_enough_data` when there is not a single span; `cancelled`, `deadline_exceeded`.
    pub fn fit(&self, examples: &[Tagged], run: &Run) -> Result<TaggerModel> {
        self.check()?;
        let mut kinds: Vec<String> =
            examples.iter().flat_map(|e| e.spans.iter().map(|s| s.2.clone())).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.is_empty() {
            return Err(Error::not_enough_data("no entity is tagged in any example"));
        }
        if kinds.len() > 60 {
            return Err(Error::invalid_input(format!("{} kinds, at most 60", kinds.len())));
        }
        let folded: Vec<Folded> = examples.iter().map(|e| Folded::read(&e.text)).collect();
        let all_tags: Vec<Vec<u8>> =
            folded.iter().zip(examples).map(|(t, e)| tags(t, e, &kinds)).collect::<Result<_>>()?;
        let own: Vec<FxHashSet<Name>> = folded
            .iter()
            .zip(&all_tags)
            .map(|(t, tags)| lexicon::names(&t.chars, &stretches(tags)))
            .collect();
        let (mut known_names, mut met) = (lexicon::Counts::default(), FxHashSet::default());
        for (e, names) in examples.iter().zip(&own) {
            if met.insert(&e.text) {
                known_names.add(names);
            }
        }
        let names = known_names.sorted();
        let (hashes, name_kinds): (Vec<u64>, Vec<u8>) = names.iter().copied().unzip();
        let features: Vec<Vec<Vec<u64>>> = folded
            .iter()
            .zip(&own)
            .map(|(t, own)| {
                let elsewhere = |name: usize| known_names.elsewhere(names[name], own);
                all_features(&t.chars, &hashes, &name_kinds, elsewhere)
            })
            .collect();
        let mut counts: FxHashMap<u64, u32> = FxHashMap::default();
        for f in features.iter().flatten().flatten() {
            *counts.entry(*f).or_default() += 1;
        }
        run.check()?;
        let mut keys: Vec<u64> =
            counts.iter().filter(|c| *c.1 >= self.min_count).map(|c| *c.0).collect();
        keys.sort_unstable();
        let known = |f: &u64| keys.binary_search(f).ok().map(|i| i as u32);
        let data: Vec<Example> = features
            .iter()
            .zip(all_tags)
            .map(|(positions, tags)| {
                let mut x = Example { features: vec![], starts: vec![0], tags };
                for at in positions {
                    x.features.extend(at.iter().filter_map(known));
                    x.starts.push(x.features.len());
                }
                x
            })
            .collect();
        let n = PER_KIND * kinds.len() + 1;
        let weights = self.train(&data, keys.len(), n, run)?;
        let top = weights.iter().fold(0.0f32, |m, w| m.max(w.abs()));
        let scale = if top > 0.0 { top / 127.0 } else { 1.0 };
        let mut cells: Vec<i8> = weights.iter().map(|w| (w / scale).round() as i8).collect();
        // Features that say next to nothing are left out.
        let (mut kept, base) = (0, keys.len() * n);
        for feature in 0..keys.len() {
            let row = feature * n..(feature + 1) * n;
            if cells[row.clone()].iter().any(|c| c.unsigned_abs() >= FAINT) {
                keys[kept] = keys[feature];
                cells.copy_within(row, kept * n);
                kept += 1;
            }
        }
        keys.truncate(kept);
        cells.drain(kept * n..base);
        Ok(TaggerModel {
            params: self.clone(),
            kinds,
            keys: keys.into(),
            cells: cells.into(),
            scale,
            names: hashes.into(),
            name_kinds: name_kinds.into(),
        })
    }

    /// Stochastic gradient ascent of the log-likelihood; gives emission weights feature by feature,
    /// then transitions.
    fn train(&self, data: &[Example], features: usize, n: usize, run: &Run) -> Result<Vec<f32>> {
        let base = features * n;
        let size = base + n * n;
        let mut w = vec![0f32; size];
        let mut g2 = vec![1e-2f32; size];
        let mut mean = vec![0f32; size];
        let mut averaged = 0f32;
        let task = run.stage("tagger", (self.passes * data.len()) as u64);
        let mut order: Vec<u32> = (0..data.len() as u32).collect();
        let mut c = Chain::default();
        for pass in 0..self.passes {
            run.rng(pass as u64).shuffle(&mut order);
            for &i in &order {
                let x = &data[i as usize];
                task.tick(1)?;
                if x.tags.is_empty() {
                    continue;
                }
                c.read(x, &w, n);
                c.marginals(&w[base..], n);
                let rate = self.learning_rate;
                let mut step = |j: usize, gradient: f32| {
                    let g = gradient - self.regularization * w[j];
                    g2[j] += g * g;
                    w[j] += rate * g / g2[j].sqrt();
                };
                for (i, &tag) in x.tags.iter().enumerate() {
                    let p = &c.node[i * n..(i + 1) * n];
                    for &f in x.at(i) {
                        for (y, &p) in p.iter().enumerate() {
                            let g = f32::from(u8::from(usize::from(tag) == y)) - p;
                            if g.abs() > 1e-3 {
                                step(f as usize * n + y, g);
                            }
                        }
                    }
                }
                c.seen.clear();
                c.seen.resize(n * n, 0.0);
                for p in x.tags.windows(2) {
                    c.seen[usize::from(p[0]) * n + usize::from(p[1])] += 1.0;
                }
                for (j, (seen, expected)) in c.seen.iter().zip(&c.edge).enumerate() {
                    let g = seen - expected;
                    if g.abs() > 1e-3 {
                        step(base + j, g);
                    }
                }
            }
            if pass >= self.passes / 2 {
                averaged += 1.0;
                mean.iter_mut().zip(&w).for_each(|(m, w)| *m += w);
            }
        }
        mean.iter_mut().for_each(|m| *m /= averaged);
        Ok(mean)
    }
}

/// Buffers of forward-backward over one text.
#[derive(Default)]
struct Chain {
    emit: Vec<f32>,
    forward: Vec<f32>,
    backward: Vec<f32>,
    node: Vec<f32>,
    edge: Vec<f32>,
    seen: Vec<f32>,
}

impl Chain {
    fn read(&mut self, x: &Example, w: &[f32], n: usize) {
        self.emit.clear();
        for i in 0..x.tags.len() {
            let at = self.emit.len();
            self.emit.resize(at + n, 0.0);
            for &f in x.at(i) {
                let row = &w[f as usize * n..(f as usize + 1) * n];
                self.emit[at..].iter_mut().zip(row).for_each(|(e, w)| *e += w);
            }
        }
    }

    /// Probabilities of tags and expected counts of transitions, each position scaled to sum 1.
    fn marginals(&mut self, transitions: &[f32], n: usize) {
        let len = self.emit.len() / n;
        let factor: Vec<f32> = transitions.iter().map(|t| t.exp()).collect();
        for row in self.emit.chunks_exact_mut(n) {
            let top = row.iter().copied().fold(f32::MIN, f32::max);
            row.iter_mut().for_each(|e| *e = (*e - top).exp());
        }
        let normalise = |row: &mut [f32]| {
            let sum: f32 = row.iter().sum();
            row.iter_mut().for_each(|v| *v /= sum);
        };
        self.forward.clear();
        self.forward.resize(len * n, 0.0);
        self.backward.clear();
        self.backward.resize(len * n, 1.0);
        for i in 0..len {
            let (before, now) = self.forward.split_at_mut(i * n);
            for y in 0..n {
                let from = if i == 0 {
                    1.0
                } else {
                    let last = &before[(i - 1) * n..];
                    (0..n).map(|z| last[z] * factor[z * n + y]).sum()
                };
                now[y] = from * self.emit[i * n + y];
            }
            normalise(&mut now[..n]);
        }
        for i in (0..len.saturating_sub(1)).rev() {
            let (now, after) = self.backward.split_at_mut((i + 1) * n);
            for y in 0..n {
                now[i * n + y] =
                    (0..n).map(|z| factor[y * n + z] * self.emit[(i + 1) * n + z] * after[z]).sum();
            }
            normalise(&mut now[i * n..]);
        }
        self.node.clear();
        self.node.extend(self.forward.iter().zip(&self.backward).map(|(f, b)| f * b));
        self.node.chunks_exact_mut(n).for_each(normalise);
        self.edge.clear();
        self.edge.resize(n * n, 0.0);
        let mut pair = vec![0f32; n * n];
        for i in 1..len {
            for y in 0..n {
                for z in 0..n {
                    pair[y * n + z] = self.forward[(i - 1) * n + y]
                        * factor[y * n + z]
                        * self.emit[i * n + z]
                        * self.backward[i * n + z];
                }
            }
            normalise(&mut pair);
            self.edge.iter_mut().zip(&pair).for_each(|(e, p)| *e += p);
        }
    }
}

/// A trained [`EntityTagger`].
#[derive(Debug, Clone)]
pub struct TaggerModel {
    params: EntityTagger,
    kinds: Vec<String>,
    keys: Column<u64>,
    /// Emission weights, then transitions.
    cells: Column<i8>,
    scale: f32,
    /// Hashes of the names in the training texts, ascending, and their kinds.
    names: Column<u64>,
    name_kinds: Column<u8>,
}

impl TaggerModel {
    /// The hyperparameters it was trained with.
    #[must_use]
    pub fn params(&self) -> &EntityTagger {
        &self.params
    }

    /// The kinds of entities it finds, in alphabetical order.
    #[must_use]
    pub fn kinds(&self) -> &[String] {
        &self.kinds
    }

    pub(crate) fn find(&self, t: &Folded) -> Vec<Found> {
        let n = PER_KIND * self.kinds.len() + 1;
        let base = self.keys.len() * n;
        let transition: Vec<f32> =
            self.cells[base..].iter().map(|&c| f32::from(c) * self.scale).collect();
        let len = t.chars.len();
        let mut best = vec![0f32; n];
        let mut back = vec![0u8; len * n];
        let mut emit = vec![0f32; n];
        let features = all_features(&t.chars, &self.names, &self.name_kinds, |_| true);
        for (i, features) in features.into_iter().enumerate() {
            emit.fill(0.0);
            emit[0] = -self.params.outside_penalty / self.scale;
            for f in features {
                if let Ok(k) = self.keys.binary_search(&f) {
                    let row = &self.cells[k * n..(k + 1) * n];
                    emit.iter_mut().zip(row).for_each(|(e, &c)| *e += f32::from(c));
                }
            }
            let mut next = vec![f32::MIN; n];
            for to in 0..n {
                for from in 0..n {
                    let legal = may_follow(from, to) && (i > 0 || from == 0);
                    let score = if i == 0 { 0.0 } else { best[from] + transition[from * n + to] };
                    if legal && score > next[to] {
                        next[to] = score;
                        back[i * n + to] = from as u8;
                    }
                }
                if next[to] > f32::MIN {
                    next[to] += emit[to] * self.scale;
                }
            }
            best = next;
        }
        // No entity is left open at the end.
        let closed = (0..n).filter(|&tag| may_follow(tag, 0));
        let mut tag = closed.fold(0, |b, y| if best[y] > best[b] { y } else { b });
        let mut path = vec![0u8; len];
        for i in (0..len).rev() {
            path[i] = tag as u8;
            tag = usize::from(back[i * n + tag]);
        }
        let found = |(start, end, kind): (usize, usize, u8)| {
            Found::new(start..end, &self.kinds[usize::from(kind)], t.text(start, end), 0.8)
        };
        stretches(&path).into_iter().map(found).collect()
    }
}

impl Persist for TaggerModel {
    const KIND: &'static str = "entity_tagger";
    const KIND_VERSION: u16 = 1;

    fn write<'a>(&'a self, w: &mut ArtifactWriter<'a>) -> Result<()> {
        w.meta("params", &self.params)?;
        w.meta("kinds", &self.kinds)?;
        w.meta("scale", &self.scale)?;
        w.column("keys", &self.keys)?;
        w.column("cells", &self.cells)?;
        w.column("names", &self.names)?;
        w.column("names.kinds", &self.name_kinds)
    }

    fn read(a: &Artifact) -> Result<Self> {
        let kinds: Vec<String> = a.meta_field("kinds")?;
        if kinds.is_empty() || kinds.len() > 60 {
            return Err(Error::corrupt("an entity tagger has 1 to 60 kinds"));
        }
        let n = PER_KIND * kinds.len() + 1;
        let keys = a.column::<u64>("keys")?;
        let cells = keys
            .len()
            .checked_mul(n)
            .and_then(|c| c.checked_add(n * n))
            .ok_or_else(|| Error::corrupt("too many features"))
            .and_then(|len| a.column_of_len("cells", len))?;
        let scale: f32 = a.meta_field("scale")?;
        let params: EntityTagger = a.meta_field("params")?;
        params.check().map_err(|e| Error::corrupt("unusable parameters").caused_by(e))?;
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(Error::corrupt("the scale of an entity tagger is not a positive number"));
        }
        let names = a.column::<u64>("names")?;
        let name_kinds = a.column_of_len("names.kinds", names.len())?;
        Ok(Self { params, kinds, keys, cells, scale, names, name_kinds })
    }
}
