//! `mercato.replenish`: inventory policies, the purchase plan, simulation.

use crate::convert::Columns;
use crate::data::PyTable;
use crate::error::Result;
use crate::forecast::{floats, ids, table, times};
use crate::panel::PyPanel;
use crate::{params, run};
use mercato::Error;
use mercato::forecast::replenish as core;
use mercato::forecast::replenish::policy as p;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A result as the named tuple of that name in `mercato.replenish`.
fn tuple(py: Python<'_>, name: &str, result: &impl Serialize) -> Result<Py<PyAny>> {
    let class = py.import("mercato.replenish")?.getattr(name)?;
    let fields = params::plain(py, result)?;
    let fields = fields.cast::<PyDict>().map_err(PyErr::from)?;
    Ok(class.call((), Some(fields))?.unbind())
}

/// A serde record from plain Python values.
fn record<T: DeserializeOwned>(name: &str, value: &Bound<'_, PyAny>) -> Result<T> {
    serde_json::from_value(params::to_json(value)?)
        .map_err(|e| Error::invalid_params(format!("{name}: {e}")).with("parameter", name).into())
}

/// One number for all periods, or one per period.
fn numbers(name: &str, value: &Bound<'_, PyAny>) -> Result<Vec<f64>> {
    match params::to_json(value)? {
        number @ Value::Number(_) => Ok(number.as_f64().into_iter().collect()),
        _ => record(name, value),
    }
}

/// Functions of numbers that give a record.
macro_rules! functions {
    ($($name:ident($($arg:ident $(= $default:literal)?),+) -> $result:literal;)+) => {
        $(
            #[doc = docs!(forecast::$name)]
            #[pyfunction]
            #[pyo3(signature = ($($arg $(= $default)?),+))]
            #[allow(clippy::too_many_arguments, reason = "the symbols of the model")]
            fn $name(py: Python<'_>, $($arg: f64),+) -> Result<Py<PyAny>> {
                tuple(py, $result, &p::$name($($arg),+)?)
            }
        )+
        fn add_functions(m: &Bound<'_, PyModule>) -> PyResult<()> {
            $(m.add_function(wrap_pyfunction!($name, m)?)?;)+
            Ok(())
        }
    };
}

functions! {
    eoq(fixed_cost, holding_cost, demand_rate) -> "Eoq";
    eoq_backorders(fixed_cost, holding_cost, stockout_cost, demand_rate) -> "EoqBackorders";
    epq(fixed_cost, holding_cost, demand_rate, production_rate) -> "Eoq";
    eoq_disruptions(fixed_cost, holding_cost, stockout_cost, demand_rate, disruption_rate, recovery_rate) -> "Eoq";
    eoq_additive_yield(fixed_cost, holding_cost, demand_rate, yield_mean, yield_sd) -> "Eoq";
    eoq_multiplicative_yield(fixed_cost, holding_cost, demand_rate, yield_mean, yield_sd) -> "Eoq";
    newsvendor_normal(holding_cost, stockout_cost, demand_mean, demand_sd, lead_time = 0.0) -> "StockLevel";
    newsvendor_poisson(holding_cost, stockout_cost, demand_mean) -> "StockLevel";
    newsvendor_normal_profit(revenue, purchase_cost, salvage_value, demand_mean, demand_sd, holding_cost = 0.0, stockout_cost = 0.0) -> "NewsvendorProfit";
    newsvendor_poisson_profit(revenue, purchase_cost, salvage_value, demand_mean, holding_cost = 0.0, stockout_cost = 0.0) -> "NewsvendorProfit";
    newsvendor_disruptions(holding_cost, stockout_cost, demand, disruption_prob, recovery_prob) -> "StockLevel";
    myopic(holding_cost, stockout_cost, purchase_cost, purchase_cost_next, demand_mean, demand_sd, discount_factor = 1.0) -> "StockLevel";
    ss_poisson_exact(holding_cost, stockout_cost, fixed_cost, demand_mean) -> "SsPolicy";
    ss_power_approximation(holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd) -> "SsPolicy";
    rq_poisson_exact(holding_cost, stockout_cost, fixed_cost, demand_mean, lead_time) -> "RqPolicy";
    safety_stock(service_level, demand_mean, demand_sd, lead_time, lead_time_sd = 0.0, review_period = 0.0) -> "SafetyStock";
    safety_stock_for_fill_rate(fill_rate, order_quantity, demand_mean, demand_sd, lead_time, lead_time_sd = 0.0, review_period = 0.0) -> "SafetyStock";
}

#[doc = docs!(forecast::ss_power_approximation)]
#[pyfunction]
fn ss_normal(
    py: Python<'_>,
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
    demand_sd: f64,
) -> Result<Py<PyAny>> {
    ss_power_approximation(py, holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd)
}

#[doc = docs!(forecast::eoq_all_units_discounts)]
///
/// kind: "all_units" or "incremental".
#[pyfunction]
#[pyo3(signature = (fixed_cost, holding_cost_rate, demand_rate, breakpoints, unit_costs, kind = "all_units"))]
fn eoq_discounts(
    py: Python<'_>,
    fixed_cost: f64,
    holding_cost_rate: f64,
    demand_rate: f64,
    breakpoints: Vec<f64>,
    unit_costs: Vec<f64>,
    kind: &str,
) -> Result<Py<PyAny>> {
    let solve = match kind {
        "all_units" => p::eoq_all_units_discounts,
        "incremental" => p::eoq_incremental_discounts,
        other => {
            let message = format!("kind must be \"all_units\" or \"incremental\", got {other:?}");
            return Err(Error::invalid_params(message).with("parameter", "kind").into());
        }
    };
    let r = solve(fixed_cost, holding_cost_rate, demand_rate, &breakpoints, &unit_costs)?;
    tuple(py, "Discount", &r)
}

#[doc = docs!(forecast::joint_replenishment)]
#[pyfunction]
fn joint_replenishment(
    py: Python<'_>,
    shared_fixed_cost: f64,
    individual_fixed_costs: Vec<f64>,
    holding_costs: Vec<f64>,
    demand_rates: Vec<f64>,
) -> Result<Py<PyAny>> {
    let r = p::joint_replenishment(
        shared_fixed_cost,
        &individual_fixed_costs,
        &holding_costs,
        &demand_rates,
    )?;
    tuple(py, "JointReplenishment", &r)
}

#[doc = docs!(forecast::newsvendor_discrete)]
#[pyfunction]
fn newsvendor_discrete(
    py: Python<'_>,
    holding_cost: f64,
    stockout_cost: f64,
    demand_values: Vec<f64>,
    probabilities: Vec<f64>,
) -> Result<Py<PyAny>> {
    let r = p::newsvendor_discrete(holding_cost, stockout_cost, &demand_values, &probabilities)?;
    tuple(py, "StockLevel", &r)
}

#[doc = docs!(forecast::newsvendor)]
///
/// demand: a distribution, e.g. {"kind": "gamma", "shape": 2, "scale": 5}.
#[pyfunction]
fn newsvendor(
    py: Python<'_>,
    holding_cost: f64,
    stockout_cost: f64,
    demand: &Bound<'_, PyAny>,
) -> Result<Py<PyAny>> {
    let demand = record("demand", demand)?;
    tuple(py, "StockLevel", &p::newsvendor(holding_cost, stockout_cost, &demand)?)
}

#[doc = docs!(forecast::base_stock)]
///
/// demand: a distribution, e.g. {"kind": "poisson", "mean": 6}.
#[pyfunction]
#[pyo3(signature = (holding_cost, stockout_cost, demand, lead_time = 0.0))]
fn base_stock(
    py: Python<'_>,
    holding_cost: f64,
    stockout_cost: f64,
    demand: &Bound<'_, PyAny>,
    lead_time: f64,
) -> Result<Py<PyAny>> {
    let demand = record("demand", demand)?;
    tuple(py, "StockLevel", &p::base_stock(holding_cost, stockout_cost, &demand, lead_time)?)
}

#[doc = docs!(forecast::ss_discrete_exact)]
///
/// demand: a distribution on whole numbers, e.g. {"kind": "discrete", "values": [0, 1], "probabilities": [0.5, 0.5]}.
#[pyfunction]
#[pyo3(signature = (holding_cost, stockout_cost, fixed_cost, demand, lead_time = 0))]
fn ss_discrete_exact(
    py: Python<'_>,
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand: &Bound<'_, PyAny>,
    lead_time: u32,
) -> Result<Py<PyAny>> {
    let demand = record("demand", demand)?;
    let solve =
        || p::ss_discrete_exact(holding_cost, stockout_cost, fixed_cost, &demand, lead_time);
    tuple(py, "SsPolicy", &run::short(py, solve)?)
}

#[doc = docs!(forecast::rq_normal)]
///
/// method: "exact", "eil", "eoqb", "eoqss" or "loss_function".
#[pyfunction]
#[pyo3(signature = (holding_cost, stockout_cost, fixed_cost, demand_mean, demand_sd, lead_time, method = "exact"))]
#[allow(clippy::too_many_arguments, reason = "the symbols of the model")]
fn rq_normal(
    py: Python<'_>,
    holding_cost: f64,
    stockout_cost: f64,
    fixed_cost: f64,
    demand_mean: f64,
    demand_sd: f64,
    lead_time: f64,
    method: &str,
) -> Result<Py<PyAny>> {
    let method = serde_json::from_value(Value::from(method))
        .map_err(|e| Error::invalid_params(format!("method: {e}")).with("parameter", "method"))?;
    let (h, b) = (holding_cost, stockout_cost);
    let r = p::rq_normal(h, b, fixed_cost, demand_mean, demand_sd, lead_time, method)?;
    tuple(py, "RqPolicy", &r)
}

#[doc = docs!(forecast::wagner_whitin)]
#[pyfunction]
#[pyo3(signature = (holding_cost, fixed_cost, demand, purchase_cost = None))]
fn wagner_whitin(
    py: Python<'_>,
    holding_cost: &Bound<'_, PyAny>,
    fixed_cost: &Bound<'_, PyAny>,
    demand: Vec<f64>,
    purchase_cost: Option<&Bound<'_, PyAny>>,
) -> Result<Py<PyAny>> {
    let holding = numbers("holding_cost", holding_cost)?;
    let fixed = numbers("fixed_cost", fixed_cost)?;
    let purchase = purchase_cost.map_or(Ok(vec![0.0]), |c| numbers("purchase_cost", c))?;
    let r = run::short(py, || p::wagner_whitin(&holding, &fixed, &demand, &purchase))?;
    tuple(py, "LotSizes", &r)
}

#[doc = docs!(forecast::finite_horizon)]
///
/// problem: the fields of the record, e.g. {"holding_cost": [...], "demand": [{"kind": "normal", ...}, ...], ...}.
#[pyfunction]
fn finite_horizon(py: Python<'_>, problem: &Bound<'_, PyAny>) -> Result<Py<PyAny>> {
    let problem = record("problem", problem)?;
    tuple(py, "FiniteHorizonPolicy", &run::short(py, || p::finite_horizon(&problem))?)
}

#[doc = docs!(forecast::gsm_serial)]
///
/// stages: dicts with the fields of a stage, e.g. {"holding_cost": 2, "processing_time": 1}.
#[pyfunction]
fn gsm_serial(py: Python<'_>, stages: &Bound<'_, PyAny>) -> Result<Py<PyAny>> {
    let stages: Vec<p::GsmStage> = record("stages", stages)?;
    tuple(py, "GsmSolution", &run::short(py, || p::gsm_serial(&stages))?)
}

#[doc = docs!(forecast::gsm_tree)]
///
/// stages: dicts with the fields of a stage; edges: (supplier, customer) positions in `stages`.
#[pyfunction]
fn gsm_tree(
    py: Python<'_>,
    stages: &Bound<'_, PyAny>,
    edges: Vec<(usize, usize)>,
) -> Result<Py<PyAny>> {
    let stages: Vec<p::GsmStage> = record("stages", stages)?;
    tuple(py, "GsmSolution", &run::short(py, || p::gsm_tree(&stages, &edges))?)
}

fn chain(
    echelon_holding_cost: Vec<f64>,
    lead_time: Vec<f64>,
    stockout_cost: f64,
    demand: &Bound<'_, PyAny>,
) -> Result<p::SerialSystem> {
    let demand = record("demand", demand)?;
    Ok(p::SerialSystem { echelon_holding_cost, lead_time, stockout_cost, demand })
}

#[doc = docs!(forecast::ssm_serial)]
///
/// Vectors follow the flow of goods; levels and demands are the steps of the two grids.
#[pyfunction]
#[pyo3(signature = (echelon_holding_cost, lead_time, stockout_cost, demand, levels = 1000, demands = 100))]
fn ssm_serial(
    py: Python<'_>,
    echelon_holding_cost: Vec<f64>,
    lead_time: Vec<f64>,
    stockout_cost: f64,
    demand: &Bound<'_, PyAny>,
    levels: usize,
    demands: usize,
) -> Result<Py<PyAny>> {
    let system = chain(echelon_holding_cost, lead_time, stockout_cost, demand)?;
    let grid = p::SerialGrid { levels, demands, ..p::SerialGrid::default() };
    tuple(py, "SerialPolicy", &run::short(py, || p::ssm_serial(&system, &grid))?)
}

#[doc = docs!(forecast::SerialSystem::certify)]
#[pyfunction]
#[pyo3(signature = (echelon_holding_cost, lead_time, stockout_cost, demand, resolution = 100))]
fn ssm_certified(
    py: Python<'_>,
    echelon_holding_cost: Vec<f64>,
    lead_time: Vec<f64>,
    stockout_cost: f64,
    demand: &Bound<'_, PyAny>,
    resolution: u32,
) -> Result<Py<PyAny>> {
    let system = chain(echelon_holding_cost, lead_time, stockout_cost, demand)?;
    tuple(py, "CertifiedSerial", &run::short(py, || system.certify(resolution))?)
}

/// Simulates one stock-keeping node.
///
/// policy: e.g. {"kind": "ss", "reorder_point": 4, "order_up_to": 10} (also "base_stock", "rq").
/// demand: a distribution per period. lead_time: whole periods.
/// costs: any of holding_cost, stockout_cost, fixed_cost, in_transit_cost.
/// Gives the report as a dict: cost, cost_error, fill_rate, items.
#[pyfunction]
#[pyo3(signature = (policy, demand, lead_time = 0, costs = None, periods = 1000, replications = 10, **run),
       text_signature = "(policy, demand, lead_time=0, costs=None, periods=1000, replications=10, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
#[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
fn simulate(
    py: Python<'_>,
    policy: &Bound<'_, PyAny>,
    demand: &Bound<'_, PyAny>,
    lead_time: u32,
    costs: Option<&Bound<'_, PyAny>>,
    periods: u64,
    replications: u32,
    run: Option<&Bound<'_, PyDict>>,
) -> Result<Py<PyAny>> {
    let node: core::StockNode =
        costs.map_or_else(|| Ok(Default::default()), |c| record("costs", c))?;
    let node = core::StockNode {
        policy: record("policy", policy)?,
        demand: Some(record("demand", demand)?),
        lead_time: core::LeadTime::Fixed(lead_time),
        ..node
    };
    let warm_up = 100 + 10 * u64::from(lead_time);
    let simulation = core::Simulation { items: vec![vec![node]], periods, replications, warm_up };
    Ok(params::plain(py, &run::long(py, run, |run| simulation.run(run))?)?.unbind())
}

/// Simulates networks of stock-keeping nodes: a list of items, each a list of node dicts, suppliers
/// before those they supply. Gives the report as a dict.
#[pyfunction]
#[pyo3(signature = (items, periods = 1000, replications = 10, warm_up = 100, **run),
       text_signature = "(items, periods=1000, replications=10, warm_up=100, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
fn simulate_network(
    py: Python<'_>,
    items: &Bound<'_, PyAny>,
    periods: u64,
    replications: u32,
    warm_up: u64,
    run: Option<&Bound<'_, PyDict>>,
) -> Result<Py<PyAny>> {
    let items = record("items", items)?;
    let simulation = core::Simulation { items, periods, replications, warm_up };
    Ok(params::plain(py, &run::long(py, run, |run| simulation.run(run))?)?.unbind())
}

/// A class around a serde record: hyperparameters as keyword arguments and attributes, pickling.
macro_rules! record_class {
    ($($name:ident),+) => {$(
        #[doc = docs!(forecast::$name)]
        #[pyclass(module = "mercato.replenish", frozen)]
        pub struct $name(core::$name);

        #[pymethods]
        impl $name {
            #[new]
            #[pyo3(signature = (*args, **kwargs))]
            fn new(args: &Bound<'_, PyTuple>, kwargs: Option<&Bound<'_, PyDict>>) -> Result<Self> {
                let record: core::$name = params::parse(args, kwargs)?;
                record.check()?;
                Ok(Self(record))
            }

            fn __getattr__(&self, py: Python<'_>, name: &str) -> Result<Py<PyAny>> {
                params::attribute(py, stringify!($name), &self.0, name)
            }

            fn _params(&self, py: Python<'_>) -> Result<Py<PyAny>> {
                Ok(params::plain(py, &self.0)?.unbind())
            }

            fn __repr__(&self, py: Python<'_>) -> Result<String> {
                params::repr(py, stringify!($name), &self.0)
            }

            fn __eq__(&self, other: &Self) -> bool {
                self.0 == other.0
            }

            fn __getnewargs_ex__(&self, py: Python<'_>) -> Result<((), Py<PyAny>)> {
                Ok(((), self._params(py)?))
            }
        }
    )+};
}

record_class!(Planner, PolicySearch, PolicyLearning, SpanQuantiles, AbcXyz);

#[pymethods]
impl PolicySearch {
    #[doc = docs!(forecast::PolicySearch::ss)]
    ///
    /// node: the fields of a stock-keeping node, e.g. {"demand": {"kind": "poisson", "mean": 6},
    /// "holding_cost": 1, "stockout_cost": 4, "fixed_cost": 5, "lead_time": 2, "unmet": "lost"}.
    /// Gives a dict with reorder_point, order_up_to, cost and evaluations.
    #[pyo3(signature = (node, **run),
           text_signature = "($self, node, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn ss(
        &self,
        py: Python<'_>,
        node: &Bound<'_, PyAny>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Py<PyAny>> {
        let node: core::StockNode = record("node", node)?;
        Ok(params::plain(py, &run::long(py, run, |run| self.0.ss(&node, run))?)?.unbind())
    }
}

#[pymethods]
impl PolicyLearning {
    #[doc = docs!(forecast::PolicyLearning::ss)]
    ///
    /// node: as for `PolicySearch.ss`.
    #[pyo3(signature = (node, **run),
           text_signature = "($self, node, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn ss(
        &self,
        py: Python<'_>,
        node: &Bound<'_, PyAny>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Py<PyAny>> {
        let node: core::StockNode = record("node", node)?;
        Ok(params::plain(py, &run::long(py, run, |run| self.0.ss(&node, run))?)?.unbind())
    }
}

#[pymethods]
impl SpanQuantiles {
    #[doc = docs!(forecast::SpanQuantiles::fit_panel)]
    ///
    /// Gives a table that `Planner.plan` takes as its forecast: unique_id, ds (the first day of the
    /// span), days, and the quantiles as limits of intervals (hi-90 is the 95 % quantile).
    #[pyo3(signature = (panel, unit_value = None, **run),
           text_signature = "($self, panel, unit_value=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    fn quantiles(
        &self,
        py: Python<'_>,
        panel: &PyPanel,
        unit_value: Option<&str>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<PyTable> {
        let panel = &panel.inner;
        let found = run::long(py, run, |run| self.0.fit_panel(panel, unit_value, run))?;
        let calendar = panel.calendar();
        let begins: Vec<i64> =
            panel.iter().enumerate().map(|(i, s)| s.start + found.periods(i) as i64).collect();
        let start: Vec<i64> = begins.iter().map(|b| calendar.timestamp(*b)).collect();
        let end = begins.iter().map(|b| calendar.timestamp(b + found.span() as i64));
        let days: Vec<f64> =
            start.iter().zip(end).map(|(s, e)| ((e - s) as f64 / 86_400.0).max(1.0)).collect();
        let mut columns = vec![
            (
                "unique_id".to_owned(),
                ids(panel.ids().iter().map(String::as_str), panel.has_integer_ids()),
            ),
            ("ds".to_owned(), times(&start, calendar.frequency())),
            ("days".to_owned(), floats(&days)),
        ];
        for (k, level) in found.levels().iter().enumerate() {
            let width = (200e6 * (level - 0.5).abs()).round() / 1e6;
            let side = if *level < 0.5 { "lo" } else { "hi" };
            let values: Vec<f64> = (0..found.len()).map(|i| found.values(i)[k]).collect();
            columns.push((format!("{side}-{width}"), floats(&values)));
        }
        table(&columns)
    }
}

/// ABC and XYZ class, demand class, share of value and variation of every series, as a table.
///
/// unit_value: name of a static number of the panel, the value of a unit; None = all the same.
/// cuts: an `AbcXyz` with other cuts than the usual ones.
#[pyfunction]
#[pyo3(signature = (panel, unit_value = None, cuts = None))]
fn classify(
    py: Python<'_>,
    panel: &PyPanel,
    unit_value: Option<&str>,
    cuts: Option<&AbcXyz>,
) -> Result<PyTable> {
    use arrow_array::{ArrayRef, Float64Array, StringArray};
    use std::sync::Arc;
    let cuts = cuts.map_or_else(core::AbcXyz::default, |c| c.0.clone());
    let panel = &panel.inner;
    let classes = run::short(py, || cuts.classify_panel(panel, unit_value))?;
    let text = |f: &dyn Fn(&core::PanelClass) -> String| -> ArrayRef {
        Arc::new(classes.iter().map(|c| Some(f(c))).collect::<StringArray>())
    };
    let demand = |c: &core::PanelClass| format!("{:?}", c.demand).to_lowercase();
    let variation = classes.iter().map(|c| c.class.variation).collect::<Float64Array>();
    table(&[
        (
            "unique_id".to_owned(),
            ids(panel.ids().iter().map(String::as_str), panel.has_integer_ids()),
        ),
        ("abc".to_owned(), text(&|c| format!("{:?}", c.class.abc))),
        ("xyz".to_owned(), text(&|c| format!("{:?}", c.class.xyz))),
        ("demand".to_owned(), text(&demand)),
        ("share".to_owned(), floats(&classes.iter().map(|c| c.class.share).collect::<Vec<_>>())),
        ("variation".to_owned(), Arc::new(variation)),
    ])
}

#[pymethods]
impl Planner {
    #[doc = docs!(forecast::Planner::plan)]
    ///
    /// forecast, stock, suppliers: tables; see `PlanInput.from_tables` for their columns. suppliers
    /// holds the offers: item, supplier, lead_time, unit_price, and optionally rank, minimum, pack,
    /// capacity, from (price breaks), reliability.
    /// calendar: one dict per supplier with a calendar, capacity or outage, e.g.
    /// {"supplier": "acme", "order_weekdays": [0, 3], "closed": [20100], "capacity": 500}.
    /// overrides: dicts with item, quantity, reason and by.
    #[pyo3(signature = (forecast, stock, suppliers, overrides = None, calendar = None, **run),
           text_signature = "($self, forecast, stock, suppliers, overrides=None, calendar=None, *, seed=0, threads=None, progress=False, deadline=None, cancel=None)")]
    #[allow(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn plan(
        &self,
        py: Python<'_>,
        forecast: &Bound<'_, PyAny>,
        stock: Option<&Bound<'_, PyAny>>,
        suppliers: &Bound<'_, PyAny>,
        overrides: Option<&Bound<'_, PyAny>>,
        calendar: Option<&Bound<'_, PyAny>>,
        run: Option<&Bound<'_, PyDict>>,
    ) -> Result<Plan> {
        let forecast = Columns::of_table(forecast)?;
        let stock = stock.map(Columns::of_table).transpose()?;
        let offers = Columns::of_table(suppliers)?;
        let mut input = core::PlanInput::from_tables(&forecast, stock.as_ref(), &offers)?;
        let calendar = calendar.map_or(Ok(Vec::new()), |c| record("calendar", c))?;
        input.set_suppliers(calendar);
        let overrides = overrides.map_or(Ok(Vec::new()), |o| record("overrides", o))?;
        Ok(Plan(run::long(py, run, move |run| self.0.plan_with(input, overrides, run))?))
    }
}

#[doc = docs!(forecast::Plan)]
#[pyclass(module = "mercato.replenish", frozen)]
pub struct Plan(core::Plan);

#[pymethods]
impl Plan {
    /// The purchase orders, each a dict with its lines.
    #[getter]
    fn orders(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        Ok(params::plain(py, &self.0.orders())?.unbind())
    }

    /// The risks, each a dict with kind, item, day, probability and units.
    #[getter]
    fn alerts(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        Ok(params::plain(py, &self.0.alerts())?.unbind())
    }

    /// Items that could not be planned, with the field at fault.
    #[getter]
    fn failures(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        Ok(params::plain(py, &self.0.record().failures)?.unbind())
    }

    /// The sum of the orders in minor currency units.
    #[getter]
    fn total(&self) -> i64 {
        self.0.record().total
    }

    #[doc = docs!(forecast::Plan::item)]
    fn item(&self, py: Python<'_>, item: &str) -> Result<Py<PyAny>> {
        Ok(params::plain(py, self.0.item(item)?)?.unbind())
    }

    #[doc = docs!(forecast::Plan::explain)]
    fn explain(&self, item: &str) -> Result<Vec<String>> {
        Ok(self.0.explain(item)?)
    }

    #[doc = docs!(forecast::Plan::with_override)]
    fn with_override(
        &self,
        py: Python<'_>,
        item: &str,
        quantity: i64,
        reason: &str,
        by: &str,
    ) -> Result<Self> {
        let again = || self.0.with_override(item, quantity, reason, by, &mercato::Run::default());
        Ok(Self(run::short(py, again)?))
    }

    #[doc = docs!(forecast::Plan::confirm)]
    fn confirm(&self, by: &str) -> Result<Self> {
        Ok(Self(self.0.confirm(by)?))
    }

    #[doc = docs!(forecast::Plan::ordered)]
    fn ordered(&self, by: &str) -> Result<Self> {
        Ok(Self(self.0.ordered(by)?))
    }

    #[doc = docs!(forecast::Plan::receive)]
    ///
    /// receipts: dicts with supplier, item and quantity.
    fn receive(&self, receipts: &Bound<'_, PyAny>, by: &str) -> Result<Self> {
        let receipts: Vec<core::Receipt> = record("receipts", receipts)?;
        Ok(Self(self.0.receive(&receipts, by)?))
    }

    #[doc = docs!(forecast::Plan::diff)]
    fn diff(&self, py: Python<'_>, other: &Self) -> Result<Py<PyAny>> {
        Ok(params::plain(py, &self.0.diff(&other.0))?.unbind())
    }

    /// A plan from the values that `to_parts` gave.
    #[staticmethod]
    fn from_parts(parts: &Bound<'_, PyAny>) -> Result<Self> {
        let (planner, input, record_) = record("parts", parts)?;
        Ok(Self(core::Plan::from_parts(planner, input, record_)))
    }

    /// Everything as plain values, to store and to go on with later: planner, input and record.
    fn to_parts(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        let p = &self.0;
        Ok(params::plain(py, &(p.planner(), p.input(), p.record()))?.unbind())
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> Result<(Bound<'py, PyAny>, (Bound<'py, pyo3::types::PyBytes>,))> {
        let p = &slf.get().0;
        let bytes = serde_json::to_vec(&(p.planner(), p.input(), p.record()))
            .map_err(|e| Error::internal(e.to_string()))?;
        let bytes = pyo3::types::PyBytes::new(slf.py(), &bytes);
        Ok((slf.get_type().getattr("_from_bytes")?, (bytes,)))
    }

    #[staticmethod]
    fn _from_bytes(data: &[u8]) -> Result<Self> {
        let (planner, input, record) = serde_json::from_slice(data)
            .map_err(|e| Error::invalid_input(format!("not a pickled plan: {e}")))?;
        Ok(Self(core::Plan::from_parts(planner, input, record)))
    }

    /// The whole plan as plain values: orders, items, alerts, failures, overrides and history.
    fn to_dict(&self, py: Python<'_>) -> Result<Py<PyAny>> {
        Ok(params::plain(py, self.0.record())?.unbind())
    }

    #[doc = docs!(forecast::Plan::lines)]
    fn to_table(&self) -> Result<crate::data::PyTable> {
        use arrow_array::{ArrayRef, Date32Array, Int64Array, StringArray};
        use std::sync::Arc;
        let lines: Vec<_> = self.0.lines().collect();
        let text = |f: fn(&core::PurchaseOrder, &core::OrderLine) -> String| -> ArrayRef {
            Arc::new(lines.iter().map(|(o, l)| Some(f(o, l))).collect::<StringArray>())
        };
        let int = |f: fn(&core::OrderLine) -> i64| -> ArrayRef {
            Arc::new(lines.iter().map(|(_, l)| Some(f(l))).collect::<Int64Array>())
        };
        let day = |f: fn(&core::PurchaseOrder, &core::OrderLine) -> i32| -> ArrayRef {
            Arc::new(lines.iter().map(|(o, l)| Some(f(o, l))).collect::<Date32Array>())
        };
        crate::data::PyTable::new(vec![
            ("item", text(|_, l| l.item.clone())),
            ("supplier", text(|o, _| o.supplier.clone())),
            ("order_day", day(|o, _| o.order_day)),
            ("arrives", day(|_, l| l.arrives)),
            ("quantity", int(|l| l.quantity)),
            ("unit_price", int(|l| l.unit_price)),
            ("total", int(|l| l.total)),
        ])
    }

    fn __repr__(&self) -> String {
        let r = self.0.record();
        let (orders, items) = (r.orders.len(), r.items.len());
        format!("Plan({items} items, {orders} orders, {} alerts)", r.alerts.len())
    }
}

/// Adds the module's classes and functions.
pub fn register(m: &Bound<'_, PyModule>) -> Result<()> {
    add_functions(m)?;
    m.add_function(wrap_pyfunction!(ss_normal, m)?)?;
    m.add_function(wrap_pyfunction!(eoq_discounts, m)?)?;
    m.add_function(wrap_pyfunction!(joint_replenishment, m)?)?;
    m.add_function(wrap_pyfunction!(newsvendor_discrete, m)?)?;
    m.add_function(wrap_pyfunction!(newsvendor, m)?)?;
    m.add_function(wrap_pyfunction!(base_stock, m)?)?;
    m.add_function(wrap_pyfunction!(ss_discrete_exact, m)?)?;
    m.add_function(wrap_pyfunction!(rq_normal, m)?)?;
    m.add_function(wrap_pyfunction!(wagner_whitin, m)?)?;
    m.add_function(wrap_pyfunction!(finite_horizon, m)?)?;
    m.add_function(wrap_pyfunction!(gsm_serial, m)?)?;
    m.add_function(wrap_pyfunction!(gsm_tree, m)?)?;
    m.add_function(wrap_pyfunction!(ssm_serial, m)?)?;
    m.add_function(wrap_pyfunction!(ssm_certified, m)?)?;
    m.add_function(wrap_pyfunction!(simulate, m)?)?;
    m.add_function(wrap_pyfunction!(simulate_network, m)?)?;
    m.add_function(wrap_pyfunction!(classify, m)?)?;
    m.add_class::<Planner>()?;
    params::sign::<core::Planner>(m.py().get_type::<Planner>().as_any())?;
    m.add_class::<PolicySearch>()?;
    params::sign::<core::PolicySearch>(m.py().get_type::<PolicySearch>().as_any())?;
    m.add_class::<PolicyLearning>()?;
    params::sign::<core::PolicyLearning>(m.py().get_type::<PolicyLearning>().as_any())?;
    m.add_class::<SpanQuantiles>()?;
    params::sign::<core::SpanQuantiles>(m.py().get_type::<SpanQuantiles>().as_any())?;
    m.add_class::<AbcXyz>()?;
    params::sign::<core::AbcXyz>(m.py().get_type::<AbcXyz>().as_any())?;
    m.add_class::<Plan>()?;
    Ok(())
}
