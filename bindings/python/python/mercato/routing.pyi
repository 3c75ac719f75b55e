"""Types of the module; the documentation is in its own docstrings."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, final

import numpy as np
import numpy.typing as npt

from . import CancelToken
from ._types import OnProgress, Path

__all__ = [
    "Problem",
    "ProblemBuilder",
    "Client",
    "MaxRuntime",
    "MaxIterations",
    "NoImprovement",
    "TargetCost",
    "Solution",
    "Route",
    "Visit",
    "Unassigned",
    "Reason",
    "Violation",
    "Eta",
    "solve",
    "resolve",
    "eta",
]

_Amounts: TypeAlias = int | Sequence[int]
_Window: TypeAlias = tuple[float, float] | Sequence[float]
_Matrix: TypeAlias = Sequence[Sequence[float]] | npt.NDArray[np.floating[Any] | np.integer[Any]]
_Rounding: TypeAlias = Literal["exact", "nearest", "ceil", "dimacs"]

class _Events(TypedDict, total=False):
    now: float
    cancel: Sequence[int]
    insert: Sequence[Client]
    delay: Mapping[int, float]
    vehicle_down: Sequence[int]

@final
class Problem:
    def __new__(cls, json: str) -> Problem: ...
    @staticmethod
    def builder(
        rounding: _Rounding = "exact",
        backhaul: Literal["mixed", "linehaul_first"] = "mixed",
        name: str = "",
        speed: float = 1.0,
    ) -> ProblemBuilder: ...
    @staticmethod
    def read(
        path: Path,
        format: Literal["vrplib", "solomon", "lilim", "json"] | None = None,
        rounding: _Rounding | None = None,
    ) -> Problem: ...
    @staticmethod
    def from_json(text: str) -> Problem: ...
    def to_json(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def n_clients(self) -> int: ...
    @property
    def n_depots(self) -> int: ...
    @property
    def n_vehicles(self) -> int: ...
    def __getnewargs__(self) -> tuple[str]: ...

@final
class ProblemBuilder:
    def add_depot(
        self,
        x: float | None = None,
        y: float | None = None,
        *,
        lat: float | None = None,
        lon: float | None = None,
        index: int | None = None,
        tw: _Window | None = None,
        name: str = "",
    ) -> int: ...
    def add_client(self, *args: Any, **kwargs: Any) -> int: ...
    def add_vehicle_type(
        self,
        count: int = 1,
        capacity: _Amounts | None = None,
        start: int = 0,
        end: int | Literal["open"] | None = None,
        *,
        shift: _Window | None = None,
        fixed_cost: float = 0.0,
        unit_distance_cost: float = 1.0,
        unit_duration_cost: float = 0.0,
        max_distance: float | None = None,
        max_duration: float | None = None,
        max_stops: int | None = None,
        skills: Sequence[str] = (),
        reload_depots: Sequence[int] = (),
        max_reloads: int | None = None,
        profile: int = 0,
        name: str = "",
    ) -> int: ...
    def add_shipment(self, pickup: int, delivery: int, amount: _Amounts | None = None) -> int: ...
    def set_matrix(
        self, distance: _Matrix, duration: _Matrix | None = None, profile: int = 0
    ) -> None: ...
    def build(self) -> Problem: ...

@final
class Client:
    def __new__(
        cls,
        x: float | None = None,
        y: float | None = None,
        *,
        lat: float | None = None,
        lon: float | None = None,
        index: int | None = None,
        demand: _Amounts | None = None,
        pickup: _Amounts | None = None,
        service: float = 0.0,
        tw: _Window | Sequence[_Window] | None = None,
        release: float = 0.0,
        prize: float | None = None,
        skills: Sequence[str] = (),
        group: int | None = None,
        name: str = "",
    ) -> Client: ...

@final
class MaxRuntime:
    def __new__(cls, seconds: float) -> MaxRuntime: ...
    @property
    def seconds(self) -> float: ...

@final
class MaxIterations:
    def __new__(cls, iterations: int) -> MaxIterations: ...
    @property
    def iterations(self) -> int: ...

@final
class NoImprovement:
    def __new__(cls, iterations: int) -> NoImprovement: ...
    @property
    def iterations(self) -> int: ...

@final
class TargetCost:
    def __new__(cls, cost: float) -> TargetCost: ...
    @property
    def cost(self) -> float: ...

_Stop: TypeAlias = MaxRuntime | MaxIterations | NoImprovement | TargetCost

@final
class Visit:
    @property
    def client(self) -> int | None: ...
    @property
    def depot(self) -> int | None: ...
    @property
    def name(self) -> str: ...
    @property
    def arrival(self) -> float: ...
    @property
    def wait(self) -> float: ...
    @property
    def start(self) -> float: ...
    @property
    def departure(self) -> float: ...
    @property
    def load(self) -> list[int]: ...
    @property
    def slack(self) -> float: ...

@final
class Route:
    @property
    def vehicle_type(self) -> int: ...
    @property
    def visits(self) -> list[Visit]: ...
    @property
    def clients(self) -> list[int]: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def distance(self) -> float: ...
    @property
    def duration(self) -> float: ...
    @property
    def load(self) -> list[int]: ...
    @property
    def cost(self) -> float: ...
    def __len__(self) -> int: ...

@final
class Reason:
    @property
    def rule(self) -> str: ...
    @property
    def excess(self) -> float: ...
    @property
    def vehicle_type(self) -> int | None: ...
    @property
    def message(self) -> str: ...

@final
class Unassigned:
    @property
    def client(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def reasons(self) -> list[Reason]: ...

@final
class Violation:
    @property
    def rule(self) -> str: ...
    @property
    def route(self) -> int | None: ...
    @property
    def client(self) -> int | None: ...
    @property
    def excess(self) -> float: ...

@final
class Eta:
    @property
    def client(self) -> int | None: ...
    @property
    def name(self) -> str: ...
    @property
    def planned(self) -> float: ...
    @property
    def p10(self) -> float: ...
    @property
    def p50(self) -> float: ...
    @property
    def p90(self) -> float: ...

@final
class Solution:
    @property
    def problem(self) -> Problem: ...
    @property
    def cost(self) -> float: ...
    @property
    def distance(self) -> float: ...
    @property
    def duration(self) -> float: ...
    @property
    def uncollected(self) -> float: ...
    @property
    def feasible(self) -> bool: ...
    @property
    def iterations(self) -> int: ...
    @property
    def trace(self) -> list[tuple[float, int, float]]: ...
    @property
    def routes(self) -> list[Route]: ...
    @property
    def unassigned(self) -> list[Unassigned]: ...
    def check(self) -> list[Violation]: ...
    def to_geojson(self) -> str: ...
    def to_vrplib(self) -> str: ...

def solve(
    problem: Problem,
    stop: _Stop | Sequence[_Stop] | None = None,
    initial: Solution | Sequence[Sequence[int]] | None = None,
    params: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: OnProgress = False,
    deadline: float | None = None,
    cancel: CancelToken | None = None,
) -> Solution: ...
def resolve(
    problem: Problem,
    solution: Solution,
    events: _Events,
    stop: _Stop | Sequence[_Stop] | None = None,
    params: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: OnProgress = False,
    deadline: float | None = None,
    cancel: CancelToken | None = None,
) -> Solution: ...
def eta(
    solution: Solution, position: tuple[int, int], time: float, spread: float = 0.2
) -> list[Eta]: ...
