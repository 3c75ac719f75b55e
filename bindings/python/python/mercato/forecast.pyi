"""Types of the module; the documentation is in its own docstrings."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, final

from . import CancelToken, Panel, Table
from ._types import OnProgress, Path

__all__ = [
    "ForecastModel",
    "Backtest",
    "Naive",
    "SeasonalNaive",
    "HistoricAverage",
    "WindowAverage",
    "Drift",
    "Ses",
    "Holt",
    "HoltWinters",
    "AutoEts",
    "Theta",
    "OptimizedTheta",
    "DynamicTheta",
    "DynamicOptimizedTheta",
    "AutoTheta",
    "AutoCes",
    "Croston",
    "Tsb",
    "Adida",
    "Imapa",
    "Auto",
    "Mstl",
    "Ensemble",
    "Conformal",
    "cross_validate",
    "evaluate",
]

_Estimator: TypeAlias = (
    Naive
    | SeasonalNaive
    | HistoricAverage
    | WindowAverage
    | Drift
    | Ses
    | Holt
    | HoltWinters
    | AutoEts
    | Theta
    | OptimizedTheta
    | DynamicTheta
    | DynamicOptimizedTheta
    | AutoTheta
    | AutoCes
    | Croston
    | Tsb
    | Adida
    | Imapa
    | Auto
    | Mstl
    | Ensemble
    | Conformal
)

@final
class ForecastModel:
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> ForecastModel: ...
    @staticmethod
    def load(path: Path) -> ForecastModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> ForecastModel: ...
    def __copy__(self) -> ForecastModel: ...
    def __deepcopy__(self, _memo: object, /) -> ForecastModel: ...
    def predict(self, horizon: int, levels: Sequence[float] = ()) -> Table: ...
    def update(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def failures(self) -> list[dict[str, Any]]: ...
    def chosen(self, id: str | int) -> str | None: ...
    @property
    def ids(self) -> list[str]: ...
    def __len__(self) -> int: ...

@final
class Backtest:
    @property
    def table(self) -> Table: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __len__(self) -> int: ...

@final
class Naive:
    def __new__(cls) -> Naive: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class SeasonalNaive:
    season_length: int
    def __new__(
        cls,
        season_length: int = 7,
    ) -> SeasonalNaive: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class HistoricAverage:
    def __new__(cls) -> HistoricAverage: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class WindowAverage:
    window: int
    def __new__(
        cls,
        window: int = 7,
    ) -> WindowAverage: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Drift:
    def __new__(cls) -> Drift: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Ses:
    def __new__(cls) -> Ses: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Holt:
    damped: bool
    def __new__(
        cls,
        damped: bool = False,
    ) -> Holt: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class HoltWinters:
    season_length: int
    multiplicative: bool
    damped: bool
    def __new__(
        cls,
        season_length: int = 12,
        multiplicative: bool = False,
        damped: bool = False,
    ) -> HoltWinters: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class AutoEts:
    season_length: int
    model: str
    damped: bool | None
    def __new__(
        cls,
        season_length: int = 1,
        model: str = "ZZZ",
        damped: bool | None = None,
    ) -> AutoEts: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Theta:
    season_length: int
    def __new__(
        cls,
        season_length: int = 1,
    ) -> Theta: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class OptimizedTheta:
    season_length: int
    def __new__(
        cls,
        season_length: int = 1,
    ) -> OptimizedTheta: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class DynamicTheta:
    season_length: int
    def __new__(
        cls,
        season_length: int = 1,
    ) -> DynamicTheta: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class DynamicOptimizedTheta:
    season_length: int
    def __new__(
        cls,
        season_length: int = 1,
    ) -> DynamicOptimizedTheta: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class AutoTheta:
    season_length: int
    def __new__(
        cls,
        season_length: int = 1,
    ) -> AutoTheta: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class AutoCes:
    season_length: int
    model: Literal["N", "S", "P", "F", "Z"]
    def __new__(
        cls,
        season_length: int = 1,
        model: Literal["N", "S", "P", "F", "Z"] = "Z",
    ) -> AutoCes: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Croston:
    variant: Literal["classic", "sba", "optimized"]
    def __new__(
        cls,
        variant: Literal["classic", "sba", "optimized"] = "classic",
    ) -> Croston: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Tsb:
    alpha_d: float
    alpha_p: float
    def __new__(
        cls,
        alpha_d: float = 0.1,
        alpha_p: float = 0.1,
    ) -> Tsb: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Adida:
    def __new__(cls) -> Adida: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Imapa:
    def __new__(cls) -> Imapa: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Auto:
    season_length: int
    def __new__(
        cls,
        season_length: int = 1,
    ) -> Auto: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Mstl:
    def __new__(cls, season_lengths: Sequence[int], method: _Estimator | None = None) -> Mstl: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...

@final
class Ensemble:
    def __new__(
        cls, members: Sequence[_Estimator], combine: Literal["median", "mean"] = "median"
    ) -> Ensemble: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...

@final
class Conformal:
    def __new__(cls, method: _Estimator, horizon: int = 1, windows: int = 10) -> Conformal: ...
    def fit(
        self,
        panel: Panel,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ForecastModel: ...

def cross_validate(
    estimators: Sequence[_Estimator] | Mapping[str, _Estimator],
    panel: Panel,
    horizon: int,
    windows: int = 1,
    step: int | None = None,
    levels: Sequence[float] = (),
    season_length: int | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: OnProgress = False,
    deadline: float | None = None,
    cancel: CancelToken | None = None,
) -> Backtest: ...
def evaluate(
    cv: Backtest,
    metrics: Sequence[str] = ("mase", "rmsse", "smape", "wape"),
) -> Table: ...
