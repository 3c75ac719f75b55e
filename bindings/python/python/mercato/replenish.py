"""Replenishment: inventory policies, the purchase plan, simulation."""

from typing import NamedTuple

from mercato._mercato.replenish import *
from mercato._mercato.replenish import __all__


class Eoq(NamedTuple):
    """An order quantity and its cost per time unit."""

    order_quantity: float
    cost: float


class EoqBackorders(NamedTuple):
    """An order quantity with planned backorders."""

    order_quantity: float
    stockout_fraction: float
    cost: float


class Discount(NamedTuple):
    """An order quantity under quantity discounts and the price break in force, from 0."""

    order_quantity: float
    region: int
    cost: float


class JointReplenishment(NamedTuple):
    """Order multiples and quantities of items that share an order's fixed cost."""

    order_quantities: list[float]
    base_cycle_time: float
    order_multiples: list[int]
    cost: float


class StockLevel(NamedTuple):
    """A stock level and its expected cost per period."""

    base_stock_level: float
    cost: float


class NewsvendorProfit(NamedTuple):
    """A stock level and its expected profit."""

    base_stock_level: float
    profit: float


class SsPolicy(NamedTuple):
    """At or below s, order up to S; the cost is None where the method gives none."""

    reorder_point: float
    order_up_to: float
    cost: float | None


class RqPolicy(NamedTuple):
    """At r, order Q."""

    reorder_point: float
    order_quantity: float
    cost: float


class SafetyStock(NamedTuple):
    """A safety stock and what it rests on."""

    safety_stock: float
    target_level: float
    protection_mean: float
    protection_sd: float


class LotSizes(NamedTuple):
    """An optimal plan of lots, one entry per period."""

    order_quantities: list[float]
    cost: float
    cost_to_go: list[float]
    next_order: list[int]


class FiniteHorizonPolicy(NamedTuple):
    """s and S per period."""

    reorder_points: list[int]
    order_up_to: list[int]
    cost: float


class GsmSolution(NamedTuple):
    """Optimal service times; lists follow the order of the stages."""

    service_times: list[int]
    inbound_times: list[int]
    net_lead_times: list[int]
    safety_stock: list[float]
    base_stock: list[float]
    cost: float


class SerialPolicy(NamedTuple):
    """Base-stock levels of a chain, supplier first."""

    echelon_base_stock: list[float]
    local_base_stock: list[float]
    cost: float


class CertifiedSerial(NamedTuple):
    """A policy whose distance from the optimum is proven."""

    policy: dict[str, object]
    upper_bound: float
    lower_bound: float
    gap: float


__all__ += [
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
