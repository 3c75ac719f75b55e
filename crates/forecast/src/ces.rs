//! Complex exponential smoothing.
//!
//! What: a level and a hidden "information potential" smoothed by one complex number, which lets
//! one model move between level and trend behaviour without a switch; forms without seasons, with
//! only seasonal states, and with a real (partial) or complex (full) seasonal component.
//!
//! When: trended yearly and monthly business data; a strong member of ensembles because it errs
//! differently from ETS and Theta.
//!
//! Cost: about 10 linearisations of `O(n k)` for `k <= 4` parameters; 20 us for 30 observations.
//!
//! Paper: Svetunkov, Kourentzes, Ord (2022), *Complex exponential smoothing*.
//!
//! Where we differ: the two to four parameters are found by Gauss-Newton instead of a simplex.
//! Initial states come, as in the reference implementation, from running the filter forward,
//! backward and forward again.

use crate::ets::check_season;
use crate::numeric::lm::{Problem, Tolerance, Workspace, minimise};
use crate::numeric::{mean, scale_of};
use crate::season::{self, Kind, fill_missing};
use crate::state::{Fitted, Reader, Reason, State, write_vector};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// Complex exponential smoothing with the seasonal form chosen by AICc.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoCes {
    /// Observations per season, 1..=1000 (default 1: no seasons).
    pub season_length: usize,
    /// `N` none, `S` simple, `P` partial, `F` full, `Z` = choose (default).
    pub model: char,
}

impl Default for AutoCes {
    fn default() -> Self {
        Self { season_length: 1, model: 'Z' }
    }
}

impl AutoCes {
    /// Sets the season length.
    #[must_use]
    pub fn season_length(mut self, season_length: usize) -> Self {
        self.season_length = season_length;
        self
    }

    /// Sets the seasonal form.
    #[must_use]
    pub fn model(mut self, model: char) -> Self {
        self.model = model;
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn check(&self) -> Result<()> {
        check_season(self.season_length)?;
        if "NSPFZ".contains(self.model) {
            return Ok(());
        }
        Err(Error::invalid_params(format!("model must be one of N S P F Z, got {:?}", self.model))
            .with("parameter", "model"))
    }

    pub(crate) fn fit_series(&self, y: &[f64]) -> Result<Fitted, Reason> {
        let filled = fill_missing(y).ok_or(Reason::NoObservations)?;
        let n = y.iter().filter(|v| !v.is_nan()).count();
        if n < 5 {
            return Err(Reason::TooShort);
        }
        let m = self.season_length;
        let seasonal = m > 1 && y.len() >= 2 * m;
        let forms: Vec<Form> = match (seasonal, self.model) {
            (false, _) | (_, 'N') => vec![Form::Plain],
            (_, 'S') => vec![Form::Simple],
            (_, 'P') => vec![Form::Partial],
            (_, 'F') => vec![Form::Full],
            _ => vec![Form::Plain, Form::Simple, Form::Partial, Form::Full],
        };
        let scale = scale_of(&filled);
        let x: Vec<f64> = filled.iter().map(|v| v / scale).collect();
        let mut best: Option<(f64, CesState)> = None;
        let mut work = Workspace::default();
        for form in forms {
            let m = if form == Form::Plain { 1 } else { m };
            let Some((criterion, state)) = fit_form(&x, n as f64, form, m, scale, &mut work) else {
                continue;
            };
            if best.as_ref().is_none_or(|(b, _)| criterion < *b) {
                best = Some((criterion, state));
            }
        }
        best.map(|(_, s)| Fitted::Ces(s)).ok_or(Reason::NoOptimum)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Simple,
    Partial,
    Full,
}

impl Form {
    fn parameters(self) -> usize {
        match self {
            Form::Plain | Form::Simple => 2,
            Form::Partial => 3,
            Form::Full => 4,
        }
    }
    /// Columns of the state: level, potential, and up to two seasonal ones.
    fn columns(self) -> usize {
        self.parameters()
    }
    fn from_code(code: usize) -> Option<Self> {
        [Form::Plain, Form::Simple, Form::Partial, Form::Full].get(code).copied()
    }
}

/// Parameters a0, a1, b0, b1.
type Rates = [f64; 4];
const BOUNDS: [(f64, f64); 4] = [(0.01, 1.8), (0.01, 1.9), (0.01, 1.5), (0.01, 1.5)];

fn rates(form: Form, x: &[f64]) -> Rates {
    let mut r = [1.3, 1.0, 0.0, 0.0];
    r[..form.parameters()].copy_from_slice(x);
    r
}

/// The state: level and potential of the last step (or, in the simple form, of the last `m`
/// steps), and a ring of seasonal pairs.
#[derive(Debug, Clone)]
struct Filter {
    form: Form,
    /// Level and potential, by ring position in the simple form.
    pair: Vec<[f64; 2]>,
    seasonal: Vec<[f64; 2]>,
    at: usize,
}

impl Filter {
    #[inline]
    fn forecast(&self) -> f64 {
        match self.form {
            Form::Plain => self.pair[0][0],
            Form::Simple => self.pair[self.at][0],
            Form::Partial | Form::Full => self.pair[0][0] + self.seasonal[self.at][0],
        }
    }

    #[inline]
    fn step(&mut self, e: f64, r: &Rates) {
        let k = if self.form == Form::Simple { self.at } else { 0 };
        let [l, p] = self.pair[k];
        self.pair[k] =
            [l - (1.0 - r[1]) * p + (r[0] - r[1]) * e, l + (1.0 - r[0]) * p + (r[0] + r[1]) * e];
        match self.form {
            Form::Plain => return,
            Form::Simple => {}
            Form::Partial => self.seasonal[self.at][0] += r[2] * e,
            Form::Full => {
                let [s, t] = self.seasonal[self.at];
                self.seasonal[self.at] = [
                    s - (1.0 - r[3]) * t + (r[2] - r[3]) * e,
                    s + (1.0 - r[2]) * t + (r[2] + r[3]) * e,
                ];
            }
        }
        self.at += 1;
        let len = if self.form == Form::Simple { self.pair.len() } else { self.seasonal.len() };
        if self.at == len {
            self.at = 0;
        }
    }

    /// Continues without errors for one season and turns round: the states that a walk in the
    /// opposite direction starts from.
    fn turn(&mut self, m: usize, r: &Rates) {
        let (mut pairs, mut seasons) = (Vec::with_capacity(m), Vec::with_capacity(m));
        for _ in 0..m {
            let (at, k) = (self.at, if self.form == Form::Simple { self.at } else { 0 });
            self.step(0.0, r);
            pairs.push(self.pair[k]);
            if let Some(s) = self.seasonal.get(at) {
                seasons.push(*s);
            }
        }
        self.at = 0;
        if self.form == Form::Simple {
            pairs.reverse();
            self.pair = pairs;
        } else {
            // The row next to the data is the first one made.
            self.pair[0] = pairs[0];
            seasons.reverse();
            self.seasonal = seasons;
        }
    }
}

fn initial(y: &[f64], m: usize, form: Form) -> Option<Filter> {
    let pair = |l: f64| [l, l / 1.1];
    let mut filter = Filter { form, pair: vec![], seasonal: vec![], at: 0 };
    match form {
        Form::Plain => filter.pair.push(pair(mean(&y[..y.len().min(10)]))),
        Form::Simple => filter.pair.extend(y[..m].iter().map(|&l| pair(l))),
        Form::Partial | Form::Full => {
            filter.pair.push(pair(mean(&y[..m])));
            let figures = season::figures(y, m, Kind::Additive)?;
            let second = |s: f64| if form == Form::Full { s / 1.1 } else { 0.0 };
            filter.seasonal.extend(figures.iter().map(|&s| [s, second(s)]));
        }
    }
    Some(filter)
}

struct Objective<'a> {
    y: &'a [f64],
    m: usize,
    start: Filter,
    e: Vec<f64>,
    /// Residuals at one shifted parameter each.
    shifted: Vec<Vec<f64>>,
}

impl Objective<'_> {
    /// Forward, backward, forward; residuals of the last pass in `e`, the end state returned.
    fn residuals(&self, x: &[f64], e: &mut Vec<f64>) -> Filter {
        let r = rates(self.start.form, x);
        let mut f = self.start.clone();
        for &v in self.y {
            f.step(v - f.forecast(), &r);
        }
        f.turn(self.m, &r);
        for &v in self.y.iter().rev() {
            f.step(v - f.forecast(), &r);
        }
        f.turn(self.m, &r);
        e.clear();
        for &v in self.y {
            let d = v - f.forecast();
            e.push(d);
            f.step(d, &r);
        }
        f
    }

    fn objective(&self, e: &[f64]) -> f64 {
        let sum: f64 = e.iter().map(|v| v * v).sum();
        let n = e.len() as f64;
        if sum.is_finite() { n * sum.max(n * 1e-32).ln() } else { f64::INFINITY }
    }
}

impl Problem for Objective<'_> {
    fn value(&mut self, x: &[f64]) -> f64 {
        let mut e = std::mem::take(&mut self.e);
        self.residuals(x, &mut e);
        let v = self.objective(&e);
        self.e = e;
        v
    }

    fn linearise(&mut self, x: &[f64], g: &mut [f64], h: &mut [f64]) -> f64 {
        let k = x.len();
        let value = self.value(x);
        let mut shifted = std::mem::take(&mut self.shifted);
        shifted.resize_with(k, Vec::new);
        const STEP: f64 = 1e-6;
        let mut moved = x.to_vec();
        for i in 0..k {
            moved[i] = x[i] + STEP;
            self.residuals(&moved, &mut shifted[i]);
            moved[i] = x[i];
            for (s, e) in shifted[i].iter_mut().zip(&self.e) {
                *s = (*s - e) / STEP;
            }
        }
        for i in 0..k {
            g[i] = shifted[i].iter().zip(&self.e).map(|(a, b)| a * b).sum();
            for j in 0..=i {
                h[i * k + j] = shifted[i].iter().zip(&shifted[j]).map(|(a, b)| a * b).sum();
            }
        }
        self.shifted = shifted;
        if g.iter().chain(h.iter()).all(|v| v.is_finite()) { value } else { f64::INFINITY }
    }
}

fn fit_form(
    y: &[f64],
    n: f64,
    form: Form,
    m: usize,
    scale: f64,
    work: &mut Workspace,
) -> Option<(f64, CesState)> {
    let k = form.parameters();
    let start = initial(y, m, form)?;
    let mut objective = Objective { y, m, start, e: vec![], shifted: vec![] };
    let lo: Vec<f64> = BOUNDS[..k].iter().map(|b| b.0).collect();
    let hi: Vec<f64> = BOUNDS[..k].iter().map(|b| b.1).collect();
    let first = if form == Form::Partial { [1.3, 1.0, 0.1, 0.0] } else { [1.3, 1.0, 1.3, 1.0] };
    let mut x = first[..k].to_vec();
    let tolerance = Tolerance { decrease: 1e-7, steps: 40 };
    let value = minimise(&mut objective, &mut x, &lo, &hi, tolerance, work);
    if !value.is_finite() {
        return None;
    }
    let mut e = Vec::new();
    let mut filter = objective.residuals(&x, &mut e);
    let parameters = form.columns() + 1;
    let aicc = crate::ets::aicc(value, parameters, n);
    let sum: f64 = e.iter().map(|v| v * v).sum();
    for p in filter.pair.iter_mut().chain(&mut filter.seasonal) {
        p[0] *= scale;
        p[1] *= scale;
    }
    let sigma2 = sum / (n - parameters as f64 - 1.0).max(1.0) * scale * scale;
    let finite = filter.pair.iter().flatten().all(|v| v.is_finite());
    let state = CesState { filter, rates: rates(form, &x), sigma2 };
    // Criteria beyond the sample size stay comparable among forms: the plain form is kept.
    finite.then_some((if aicc.is_finite() { aicc } else { value + 1e6 }, state))
}

/// A fitted complex exponential smoothing model.
#[derive(Debug, Clone)]
pub(crate) struct CesState {
    filter: Filter,
    rates: Rates,
    sigma2: f64,
}

impl State for CesState {
    fn mean(&self, out: &mut [f64]) {
        let mut f = self.filter.clone();
        for v in out {
            *v = f.forecast();
            f.step(0.0, &self.rates);
        }
    }

    /// The filter is linear: the response to a unit error gives the weights exactly.
    fn deviations(&self, mean: &[f64]) -> Vec<f64> {
        let mut f = self.filter.clone();
        f.pair.iter_mut().chain(&mut f.seasonal).for_each(|p| *p = [0.0; 2]);
        f.step(1.0, &self.rates);
        let mut var = self.sigma2;
        mean.iter()
            .enumerate()
            .map(|(i, _)| {
                if i > 0 {
                    let w = f.forecast();
                    var += self.sigma2 * w * w;
                    f.step(0.0, &self.rates);
                }
                var.sqrt()
            })
            .collect()
    }

    fn update(&mut self, y: f64) {
        let e = if y.is_nan() { 0.0 } else { y - self.filter.forecast() };
        self.filter.step(e, &self.rates);
    }

    fn write(&self, out: &mut Vec<f64>) {
        let f = &self.filter;
        out.extend([f.form as usize as f64, f.at as f64, self.sigma2]);
        out.extend(self.rates);
        write_vector(&f.pair.concat(), out);
        write_vector(&f.seasonal.concat(), out);
    }

    fn read(r: &mut Reader<'_>) -> Option<Self> {
        let form = Form::from_code(r.count(4)?)?;
        let at = r.count(crate::ets::MAX_SEASON)?;
        let sigma2 = r.number()?;
        let rates: Rates = r.slice(4)?.try_into().ok()?;
        let mut pairs = || -> Option<Vec<[f64; 2]>> {
            let v = r.vector()?;
            (v.len() % 2 == 0).then(|| v.chunks_exact(2).map(|c| [c[0], c[1]]).collect())
        };
        let filter = Filter { form, pair: pairs()?, seasonal: pairs()?, at };
        let ring = match form {
            Form::Plain => 1,
            Form::Simple => filter.pair.len(),
            _ => filter.seasonal.len(),
        };
        (at < ring && !filter.pair.is_empty()).then_some(Self { filter, rates, sigma2 })
    }

    fn label(&self) -> String {
        let letter = match self.filter.form {
            Form::Plain => 'N',
            Form::Simple => 'S',
            Form::Partial => 'P',
            Form::Full => 'F',
        };
        format!("CES({letter})")
    }
}
