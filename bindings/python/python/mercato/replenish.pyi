"""Types of the module; the documentation is in its own docstrings."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, final

from . import CancelToken, Panel, Table
from ._types import ArrowTable, OnProgress

__all__ = [
    "eoq",
    "eoq_backorders",
    "epq",
    "eoq_disruptions",
    "eoq_additive_yield",
    "eoq_multiplicative_yield",
    "newsvendor_normal",
    "newsvendor_poisson",
    "newsvendor_normal_profit",
    "newsvendor_poisson_profit",
    "newsvendor_disruptions",
    "myopic",
    "ss_poisson_exact",
    "ss_power_approximation",
    "rq_poisson_exact",
    "safety_stock",
    "safety_stock_for_fill_rate",
    "ss_normal",
    "eoq_discounts",
    "joint_replenishment",
    "newsvendor_discrete",
    "newsvendor",
    "base_stock",
    "ss_discrete_exact",
    "rq_normal",
    "wagner_whitin",
    "finite_horizon",
    "gsm_serial",
    "gsm_tree",
    "ssm_serial",
    "ssm_certified",
    "simulate",
    "simulate_network",
    "classify",
    "Planner",
    "PolicySearch",
    "PolicyLearning",
    "SpanQuantiles",
    "AbcXyz",
    "Plan",
    "CertifiedSerial",
    "Discount",
    "Eoq",
    "EoqBackorders",
    "FiniteHorizonPolicy",
    "GsmSolution",
    "JointReplenishment",
    "LotSizes",
    "NewsvendorProfit",
    "RqPolicy",
    "SafetyStock",
    "SerialPolicy",
    "SsPolicy",
    "StockLevel",
]

_Record: TypeAlias = Mapping[str, Any]

class Eoq(NamedTuple):
    order_quantity: float
    cost: float

class EoqBackorders(NamedTuple):
    order_quantity: float
    stockout_fraction: float
    cost: float

class Discount(NamedTuple):
    order_quantity: float
    region: int
    cost: float

class JointReplenishment(NamedTuple):
    order_quantities: list[float]
    base_cycle_time: float
    order_multiples: list[int]
    cost: float

class StockLevel(NamedTuple):
    base_stock_level: float
    cost: float

class NewsvendorProfit(NamedTuple):
    base_stock_level: float
    profit: float

class SsPolicy(NamedTuple):
    reorder_point: float
    order_up_to: float
    cost: float | None

class RqPolicy(NamedTuple):
    reorder_point: float
    order_quantity: float
    cost: float

class SafetyStock(NamedTuple):
    safety_stock: float
    target_level: float
    protection_mean: float
    protection_sd: float

class LotSizes(NamedTuple):
    order_quantities: list[float]
    cost: float
    cost_to_go: list[float]
    next_order: list[int]

class FiniteHorizonPolicy(NamedTuple):
    reorder_points: list[int]
    order_up_to: list[int]
    cost: float

class GsmSolution(NamedTuple):
    service_times: list[int]
    inbound_times: list[int]
    net_lead_times: list[int]
    safety_stock: list[float]
    base_stock: list[float]
    cost: float

class SerialPolicy(NamedTuple):
    echelon_base_stock: list[float]
    local_base_stock: list[float]
    cost: float

class CertifiedSerial(NamedTuple):
    policy: dict[str, object]
    upper_bound: float
    lower_bound: float
    gap: float

def eoq(fixed_cost: float, holding_cost: float, demand_rate: float) -> Eoq: ...
def eoq_backorders(fixed_cost: float, holding_cost: float, stockout_cost: float, demand_rate: float) -> EoqBackorders: ...
def epq(fixed_cost: float, holding_cost: float, demand_rate: float, production_rate: float) -> Eoq: ...
def eoq_disruptions(fixed_cost: float, holding_cost: float, stockout_cost: float, demand_rate: float, disruption_rate: float, recovery_rate: float) -> Eoq: ...
def eoq_additive_yield(fixed_cost: float, holding_cost: float, demand_rate: float, yield_mean: float, yield_sd: float) -> Eoq: ...
def eoq_multiplicative_yield(fixed_cost: float, holding_cost: float, demand_rate: float, yield_mean: float, yield_sd: float) -> Eoq: ...
def newsvendor_normal(holding_cost: float, stockout_cost: float, demand_mean: float, demand_sd: float, lead_time: float = ...) -> StockLevel: ...
def newsvendor_poisson(holding_cost: float, stockout_cost: float, demand_mean: float) -> StockLevel: ...
def newsvendor_normal_profit(revenue: float, purchase_cost: float, salvage_value: float, demand_mean: float, demand_sd: float, holding_cost: float = ..., stockout_cost: float = ...) -> NewsvendorProfit: ...
def newsvendor_poisson_profit(revenue: float, purchase_cost: float, salvage_value: float, demand_mean: float, holding_cost: float = ..., stockout_cost: float = ...) -> NewsvendorProfit: ...
def newsvendor_disruptions(holding_cost: float, stockout_cost: float, demand: float, disruption_prob: float, recovery_prob: float) -> StockLevel: ...
def myopic(holding_cost: float, stockout_cost: float, purchase_cost: float, purchase_cost_next: float, demand_mean: float, demand_sd: float, discount_factor: float = ...) -> StockLevel: ...
def ss_poisson_exact(holding_cost: float, stockout_cost: float, fixed_cost: float, demand_mean: float) -> SsPolicy: ...
def ss_power_approximation(holding_cost: float, stockout_cost: float, fixed_cost: float, demand_mean: float, demand_sd: float) -> SsPolicy: ...
def rq_poisson_exact(holding_cost: float, stockout_cost: float, fixed_cost: float, demand_mean: float, lead_time: float) -> RqPolicy: ...
def safety_stock(service_level: float, demand_mean: float, demand_sd: float, lead_time: float, lead_time_sd: float = ..., review_period: float = ...) -> SafetyStock: ...
def safety_stock_for_fill_rate(fill_rate: float, order_quantity: float, demand_mean: float, demand_sd: float, lead_time: float, lead_time_sd: float = ..., review_period: float = ...) -> SafetyStock: ...
def ss_normal(
    holding_cost: float, stockout_cost: float, fixed_cost: float, demand_mean: float, demand_sd: float
) -> SsPolicy: ...
def eoq_discounts(
    fixed_cost: float,
    holding_cost_rate: float,
    demand_rate: float,
    breakpoints: Sequence[float],
    unit_costs: Sequence[float],
    kind: Literal["all_units", "incremental"] = "all_units",
) -> Discount: ...
def joint_replenishment(
    shared_fixed_cost: float,
    individual_fixed_costs: Sequence[float],
    holding_costs: Sequence[float],
    demand_rates: Sequence[float],
) -> JointReplenishment: ...
def newsvendor_discrete(
    holding_cost: float,
    stockout_cost: float,
    demand_values: Sequence[float],
    probabilities: Sequence[float],
) -> StockLevel: ...
def newsvendor(holding_cost: float, stockout_cost: float, demand: _Record) -> StockLevel: ...
def base_stock(
    holding_cost: float, stockout_cost: float, demand: _Record, lead_time: float = 0.0
) -> StockLevel: ...
def ss_discrete_exact(
    holding_cost: float, stockout_cost: float, fixed_cost: float, demand: _Record, lead_time: int = 0
) -> SsPolicy: ...
def rq_normal(
    holding_cost: float,
    stockout_cost: float,
    fixed_cost: float,
    demand_mean: float,
    demand_sd: float,
    lead_time: float,
    method: Literal["exact", "eil", "eoqb", "eoqss", "loss_function"] = "exact",
) -> RqPolicy: ...
def wagner_whitin(
    holding_cost: float | Sequence[float],
    fixed_cost: float | Sequence[float],
    demand: Sequence[float],
    purchase_cost: float | Sequence[float] | None = None,
) -> LotSizes: ...
def finite_horizon(problem: _Record) -> FiniteHorizonPolicy: ...
def gsm_serial(stages: Sequence[_Record]) -> GsmSolution: ...
def gsm_tree(stages: Sequence[_Record], edges: Sequence[tuple[int, int]]) -> GsmSolution: ...
def ssm_serial(
    echelon_holding_cost: Sequence[float],
    lead_time: Sequence[float],
    stockout_cost: float,
    demand: _Record,
    levels: int = 1000,
    demands: int = 100,
) -> SerialPolicy: ...
def ssm_certified(
    echelon_holding_cost: Sequence[float],
    lead_time: Sequence[float],
    stockout_cost: float,
    demand: _Record,
    resolution: int = 100,
) -> CertifiedSerial: ...
def simulate(
    policy: _Record,
    demand: _Record,
    lead_time: int = 0,
    costs: _Record | None = None,
    periods: int = 1000,
    replications: int = 10,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: OnProgress = False,
    deadline: float | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Any]: ...
def simulate_network(
    items: Sequence[Sequence[_Record]],
    periods: int = 1000,
    replications: int = 10,
    warm_up: int = 100,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: OnProgress = False,
    deadline: float | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Any]: ...

def classify(panel: Panel, unit_value: str | None = None, cuts: AbcXyz | None = None) -> Table: ...

@final
class AbcXyz:
    a: float
    b: float
    x: float
    y: float
    def __new__(cls, a: float = 0.8, b: float = 0.95, x: float = 0.5, y: float = 1.0) -> AbcXyz: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class SpanQuantiles:
    span: int
    levels: list[float]
    warm_up: int
    stride: int
    history: int
    ridge: float
    def __new__(
        cls,
        span: int = 14,
        levels: list[float] = [0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998],
        warm_up: int = 28,
        stride: int = 3,
        history: int = 364,
        ridge: float = 0.01,
    ) -> SpanQuantiles: ...
    def quantiles(
        self,
        panel: Panel,
        unit_value: str | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> Table: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class PolicySearch:
    samples: int
    starts: int
    periods: int
    polish: int
    finish: Literal["exact", "simulated"]
    def __new__(
        cls,
        samples: int = 200,
        starts: int = 6,
        periods: int = 1000000,
        polish: int = 3,
        finish: Literal["exact", "simulated"] = "exact",
    ) -> PolicySearch: ...
    def ss(
        self,
        node: _Record,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class PolicyLearning:
    periods: int
    exploration: float
    rate: float
    evaluate: int
    def __new__(
        cls,
        periods: int = 2000000,
        exploration: float = 0.2,
        rate: float = 0.8,
        evaluate: int = 1000000,
    ) -> PolicyLearning: ...
    def ss(
        self,
        node: _Record,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Planner:
    service_level: float | dict[str, float]
    goal: _Record | None
    goals: dict[str, _Record]
    review_period: int
    order_cost: float
    holding_rate: float
    shortage_rate: float
    max_cover_days: int
    correlation: float
    budget: int | None
    storage: float | None
    stockout_alert: float
    alert_days: int
    overstock_days: int
    late_days: int
    drift_alert: float
    def __new__(
        cls,
        service_level: float | dict[str, float] = 0.95,
        goal: _Record | None = None,
        goals: dict[str, _Record] = {},
        review_period: int = 7,
        order_cost: float = 0.0,
        holding_rate: float = 0.25,
        shortage_rate: float = 0.5,
        max_cover_days: int = 180,
        correlation: float = 0.0,
        budget: int | None = None,
        storage: float | None = None,
        stockout_alert: float = 0.1,
        alert_days: int = 28,
        overstock_days: int = 120,
        late_days: int = 1,
        drift_alert: float = 0.99,
    ) -> Planner: ...
    def plan(
        self,
        forecast: ArrowTable,
        stock: ArrowTable | None,
        suppliers: ArrowTable,
        overrides: Sequence[_Record] | None = None,
        calendar: Sequence[_Record] | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> Plan: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Plan:
    @property
    def orders(self) -> list[dict[str, Any]]: ...
    @property
    def alerts(self) -> list[dict[str, Any]]: ...
    @property
    def failures(self) -> list[dict[str, Any]]: ...
    @property
    def total(self) -> int: ...
    def item(self, item: str) -> dict[str, Any]: ...
    def explain(self, item: str) -> list[str]: ...
    def with_override(self, item: str, quantity: int, reason: str, by: str) -> Plan: ...
    def confirm(self, by: str) -> Plan: ...
    def ordered(self, by: str) -> Plan: ...
    def receive(self, receipts: Sequence[_Record], by: str) -> Plan: ...
    def diff(self, other: Plan) -> dict[str, Any]: ...
    @staticmethod
    def from_parts(parts: Sequence[Any]) -> Plan: ...
    def to_parts(self) -> list[Any]: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def to_dict(self) -> dict[str, Any]: ...
    def to_table(self) -> Table: ...
