//! Distances and durations between nodes, from a matrix or from coordinates.

use serde::{Deserialize, Serialize};

/// How far two coordinates are from each other, as a whole number of units.
///
/// The search counts in integers, so that sums are exact and the same on every machine. `scale` is
/// how many of those units make one of the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest whole unit: the CVRPLIB convention for `EUC_2D`. Scale 1.
    Nearest,
    /// Up to the next whole unit: TSPLIB `CEIL_2D`. Scale 1.
    Ceil,
    /// One decimal, truncated: the DIMACS convention for time windows. Scale 10.
    Dimacs,
    /// Three decimals, to the nearest: practically exact. Scale 1000. The default.
    #[default]
    Exact,
}

impl Rounding {
    /// How many internal units make one unit of the caller's.
    #[must_use]
    pub fn scale(self) -> f64 {
        match self {
            Rounding::Nearest | Rounding::Ceil => 1.0,
            Rounding::Dimacs => 10.0,
            Rounding::Exact => 1000.0,
        }
    }

    /// A length in the caller's units, in internal units.
    #[inline]
    #[must_use]
    pub(crate) fn units(self, length: f64) -> i64 {
        match self {
            Rounding::Nearest => (length + 0.5).floor() as i64,
            Rounding::Ceil => length.ceil() as i64,
            Rounding::Dimacs => (10.0 * length + 1e-9) as i64,
            Rounding::Exact => (1000.0 * length + 0.5).floor() as i64,
        }
    }
}

/// Mean radius of the Earth in metres, as the haversine formula uses it.
const EARTH_RADIUS: f64 = 6_371_008.8;

/// Where the numbers of one matrix come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Row-major, one row and column per node.
    Matrix(Vec<u32>),
    /// Computed on demand from planar coordinates.
    Planar(Rounding),
    /// Computed on demand from (longitude, latitude) in degrees; metres.
    Sphere(Rounding),
}

/// The numbers that a vehicle of one profile sees.
#[derive(Debug, Clone)]
pub(crate) struct Profile {
    pub distance: Source,
    /// `None`: a duration is the distance over the speed.
    pub duration: Option<Source>,
}

/// All travel between the nodes of a problem.
#[derive(Debug, Clone)]
pub(crate) struct Travel {
    pub nodes: usize,
    pub xy: Vec<(f64, f64)>,
    pub profiles: Vec<Profile>,
    /// Distance per time where a duration follows from the distance.
    pub speed: f64,
    /// The node where open routes end: no distance from anywhere. `usize::MAX` when there is none.
    pub nowhere: usize,
}

impl Travel {
    #[inline]
    fn look(&self, source: &Source, a: usize, b: usize) -> i64 {
        match source {
            Source::Matrix(m) => i64::from(m[a * self.nodes + b]),
            Source::Planar(_) | Source::Sphere(_)
                if a == b || a == self.nowhere || b == self.nowhere =>
            {
                0
            }
            Source::Planar(rounding) => rounding.units(planar(self.xy[a], self.xy[b])),
            Source::Sphere(rounding) => rounding.units(sphere(self.xy[a], self.xy[b])),
        }
    }

    /// Distance from node `a` to node `b`, internal units.
    #[inline]
    pub fn distance(&self, profile: usize, a: usize, b: usize) -> i64 {
        self.look(&self.profiles[profile].distance, a, b)
    }

    /// Driving time from node `a` to node `b`, internal units.
    #[inline]
    pub fn duration(&self, profile: usize, a: usize, b: usize) -> i64 {
        let p = &self.profiles[profile];
        match &p.duration {
            Some(table) => self.look(table, a, b),
            None if self.speed == 1.0 => self.look(&p.distance, a, b),
            None => (self.look(&p.distance, a, b) as f64 / self.speed).round() as i64,
        }
    }

    /// Whether every distance of profile 0 is the same both ways.
    pub fn symmetric(&self) -> bool {
        self.profiles.iter().all(|p| match &p.distance {
            Source::Matrix(m) => (0..self.nodes)
                .all(|a| (0..a).all(|b| m[a * self.nodes + b] == m[b * self.nodes + a])),
            Source::Planar(_) | Source::Sphere(_) => true,
        })
    }

    /// Replaces on-demand sources by matrices when there are at most `limit` nodes.
    pub fn tabulate(&mut self, limit: usize) {
        if self.nodes > limit {
            return;
        }
        let n = self.nodes;
        for k in 0..self.profiles.len() {
            if !matches!(self.profiles[k].distance, Source::Matrix(_)) {
                let table = |source: &Source| {
                    let mut m = vec![0u32; n * n];
                    for a in 0..n {
                        for b in 0..n {
                            // Coordinates are checked at the door to keep this below u32::MAX.
                            m[a * n + b] = self.look(source, a, b) as u32;
                        }
                    }
                    Source::Matrix(m)
                };
                let distance = table(&self.profiles[k].distance);
                self.profiles[k].distance = distance;
            }
        }
    }
}

#[inline]
fn planar(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (a.0 - b.0, a.1 - b.1);
    (dx * dx + dy * dy).sqrt()
}

/// Great-circle distance in metres between two (longitude, latitude) pairs in degrees.
fn sphere(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.1.to_radians(), b.1.to_radians());
    let half_lat = ((lat_b - lat_a) / 2.0).sin();
    let half_lon = ((b.0 - a.0).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS * h.min(1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conventions_round_as_their_sources_say() {
        assert_eq!(Rounding::Nearest.units(2.5), 3);
        assert_eq!(Rounding::Ceil.units(2.01), 3);
        assert_eq!(Rounding::Dimacs.units(2.59), 25);
        assert_eq!(Rounding::Exact.units(1.2346), 1235);
    }

    #[test]
    fn the_sphere_knows_how_far_paris_is_from_london() {
        let km = sphere((2.3522, 48.8566), (-0.1276, 51.5072)) / 1000.0;
        assert!((km - 343.6).abs() < 1.0, "{km}");
    }
}
