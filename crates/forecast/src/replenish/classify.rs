//! ABC by value, XYZ by steadiness: which items deserve which care.
//!
//! ABC sorts items by the value they turn over and cuts the running total; XYZ cuts the coefficient
//! of variation of their demand. Choose service levels and review periods by class. Cost:
//! O(n log n). The demand class (smooth, erratic, intermittent, lumpy) that picks a forecasting method
//! is [`crate::classify`].

use super::check::{non_negative, positive};
use crate::DemandClass;
use mercato_core::panel::{Attribute, Panel};
use mercato_core::{Error, Result};
use serde::{Deserialize, Serialize};

/// Class by share of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Abc {
    /// The few that make most of the value.
    A,
    /// The middle.
    B,
    /// The many that make little of it.
    C,
}

/// Class by steadiness of demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Xyz {
    /// Steady.
    X,
    /// Varying.
    Y,
    /// Erratic, or no demand at all.
    Z,
}

/// The classes of one item.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ItemClass {
    /// By value.
    pub abc: Abc,
    /// By steadiness.
    pub xyz: Xyz,
    /// The item's share of all value.
    pub share: f64,
    /// Standard deviation over mean of its demand per period; `None` without demand.
    pub variation: Option<f64>,
}

/// The classes of one series of a panel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PanelClass {
    /// The series.
    pub id: String,
    /// By value and steadiness.
    pub class: ItemClass,
    /// Smooth, erratic, intermittent or lumpy: which forecasting method suits.
    pub demand: DemandClass,
}

/// The value of a unit per series: a static number of the panel, or 1 for all.
pub(super) fn unit_values(panel: &Panel, name: Option<&str>) -> Result<Vec<f64>> {
    let Some(name) = name else { return Ok(vec![1.0; panel.len()]) };
    match panel.attributes().find(|a| a.0 == name) {
        Some((_, Attribute::Number(values))) => Ok(values.to_vec()),
        _ => Err(Error::invalid_input(format!("the panel has no static number {name:?}"))
            .with("field", "unit_value")),
    }
}

/// Where the classes are cut.
///
/// ```
/// use mercato_forecast::replenish::{Abc, AbcXyz, Xyz};
/// let demand = [&[9.0, 10.0, 11.0][..], &[0.0, 0.0, 3.0]];
/// let classes = AbcXyz::default().classify(&demand, &[5.0, 1.0])?;
/// assert_eq!((classes[0].abc, classes[0].xyz), (Abc::A, Xyz::X));
/// assert_eq!((classes[1].abc, classes[1].xyz), (Abc::C, Xyz::Z));
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AbcXyz {
    /// Items that begin below this share of the running total are A; default 0.8.
    pub a: f64,
    /// Items that begin below this share are at least B; default 0.95.
    pub b: f64,
    /// Variation up to this is X; default 0.5.
    pub x: f64,
    /// Variation up to this is at most Y; default 1.0.
    pub y: f64,
}

impl Default for AbcXyz {
    fn default() -> Self {
        Self { a: 0.8, b: 0.95, x: 0.5, y: 1.0 }
    }
}

impl AbcXyz {
    /// Validates the cuts.
    ///
    /// # Errors
    /// `invalid_params` for cuts out of order.
    pub fn check(&self) -> Result<()> {
        positive("a", self.a)?;
        non_negative("x", self.x)?;
        if !(self.a <= self.b && self.b <= 1.0 && self.x <= self.y) {
            return Err(Error::invalid_params(format!(
                "cuts must satisfy 0 < a <= b <= 1 and 0 <= x <= y, got {self:?}"
            )));
        }
        Ok(())
    }

    /// Classifies the series of a panel, with the value of a unit in the static number that
    /// `unit_value` names (`None`: every unit is worth the same).
    ///
    /// # Errors
    /// As [`classify`](Self::classify), naming the series.
    pub fn classify_panel(
        &self,
        panel: &Panel,
        unit_value: Option<&str>,
    ) -> Result<Vec<PanelClass>> {
        let series: Vec<&[f64]> = panel.iter().map(|s| s.values).collect();
        let classes = self.classify(&series, &unit_values(panel, unit_value)?).map_err(|e| {
            let at = e.context().find(|c| c.0 == "item").and_then(|c| c.1.parse::<usize>().ok());
            match at {
                Some(i) => e.with("id", panel.series(i).id),
                None => e,
            }
        })?;
        let named = panel.iter().zip(classes).map(|(s, class)| PanelClass {
            id: s.id.to_owned(),
            class,
            demand: crate::classify(s.values),
        });
        Ok(named.collect())
    }

    /// Classifies items by their demand per period and the value of a unit (>= 0). NaN periods do
    /// not count.
    ///
    /// # Errors
    /// `invalid_params` for cuts out of order; `invalid_input` when the lengths differ or demand is
    /// negative.
    pub fn classify(&self, demand: &[&[f64]], unit_value: &[f64]) -> Result<Vec<ItemClass>> {
        self.check()?;
        if demand.len() != unit_value.len() {
            return Err(Error::invalid_input(format!(
                "{} series need as many unit values, got {}",
                demand.len(),
                unit_value.len()
            )));
        }
        let mut value = Vec::with_capacity(demand.len());
        let mut variation = Vec::with_capacity(demand.len());
        for (i, series) in demand.iter().enumerate() {
            let at = |e: Error| Error::invalid_input(e.message()).with("item", i);
            series
                .iter()
                .filter(|v| !v.is_nan())
                .try_for_each(|&v| non_negative("demand", v))
                .map_err(at)?;
            non_negative("unit_value", unit_value[i]).map_err(at)?;
            let known = || series.iter().filter(|v| !v.is_nan());
            let n = known().count() as f64;
            let sum: f64 = known().sum();
            let mean = sum / n.max(1.0);
            let square: f64 = known().map(|v| (v - mean).powi(2)).sum();
            value.push(sum * unit_value[i]);
            variation.push((mean > 0.0).then(|| (square / n).sqrt() / mean));
        }
        let total: f64 = value.iter().sum();
        let mut order: Vec<usize> = (0..value.len()).collect();
        order.sort_by(|&i, &j| value[j].total_cmp(&value[i]).then(i.cmp(&j)));
        let mut classes: Vec<ItemClass> = (0..value.len())
            .map(|i| ItemClass {
                abc: Abc::C,
                xyz: match variation[i] {
                    Some(v) if v <= self.x => Xyz::X,
                    Some(v) if v <= self.y => Xyz::Y,
                    _ => Xyz::Z,
                },
                share: if total > 0.0 { value[i] / total } else { 0.0 },
                variation: variation[i],
            })
            .collect();
        let mut before = 0.0;
        for i in order {
            if value[i] > 0.0 && before < self.a {
                classes[i].abc = Abc::A;
            } else if value[i] > 0.0 && before < self.b {
                classes[i].abc = Abc::B;
            }
            before += classes[i].share;
        }
        Ok(classes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_is_classified_by_value_steadiness_and_demand() {
        let rows = [("tea", 0, vec![9.0, 10.0, 11.0, 10.0]), ("fan", 0, vec![0.0, 0.0, 0.0, 3.0])];
        let panel = Panel::from_series("D".parse().unwrap(), rows).unwrap();
        let price = Attribute::Number(vec![5.0, 1.0].into());
        let panel = panel.with_attribute("price", price).unwrap();
        let classes = AbcXyz::default().classify_panel(&panel, Some("price")).unwrap();
        assert_eq!((classes[0].class.abc, classes[0].demand), (Abc::A, DemandClass::Smooth));
        assert_eq!((classes[1].class.xyz, classes[1].demand), (Xyz::Z, DemandClass::Intermittent));
        assert!(AbcXyz::default().classify_panel(&panel, Some("cost")).is_err());
    }

    #[test]
    fn a_items_make_the_first_share_of_value() {
        let series: Vec<Vec<f64>> = (1..=10).map(|i| vec![f64::from(i); 4]).collect();
        let views: Vec<&[f64]> = series.iter().map(Vec::as_slice).collect();
        let classes = AbcXyz::default().classify(&views, &[1.0; 10]).unwrap();
        let a: f64 = classes.iter().filter(|c| c.abc == Abc::A).map(|c| c.share).sum();
        assert!(a >= 0.8);
        assert!(classes[9].abc == Abc::A && classes[0].abc == Abc::C);
        assert!(classes.iter().all(|c| c.xyz == Xyz::X));
        assert!(AbcXyz::default().classify(&views, &[1.0]).is_err());
        assert!(
            AbcXyz { a: 0.9, b: 0.8, ..AbcXyz::default() }.classify(&views, &[1.0; 10]).is_err()
        );
    }
}
