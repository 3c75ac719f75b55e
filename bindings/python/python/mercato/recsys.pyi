"""Types of the module; the documentation is in its own docstrings."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt
from typing_extensions import disjoint_base

from . import CancelToken, Interactions, ItemAttributes, Scored
from ._types import Array, History, Id, OnProgress, Path, Where

__all__ = [
    "Recommender",
    "Recommendations",
    "UserVector",
    "Contribution",
    "Explanation",
    "Rules",
    "Chain",
    "Answer",
    "Als",
    "AlsModel",
    "AutoRecommender",
    "Blend",
    "BlendModel",
    "Ease",
    "EaseModel",
    "SequenceLinear",
    "SequenceLinearModel",
    "RepeatBasket",
    "RepeatBasketModel",
    "ItemKnn",
    "ItemKnnModel",
    "Popularity",
    "PopularityModel",
    "QuantizedModel",
    "Spectral",
    "SpectralModel",
    "evaluate",
    "compare",
    "plot_comparison",
]

@disjoint_base
class Recommender:
    def recommend(
        self,
        user: Id,
        n: int = 10,
        exclude_seen: bool = True,
        where: Where | None = None,
        items: Sequence[Id] | None = None,
        history: History | None = None,
        rules: Rules | Sequence[dict[str, Any]] | None = None,
    ) -> list[Scored]: ...
    def trace(
        self,
        user: Id,
        n: int = 10,
        exclude_seen: bool = True,
        where: Where | None = None,
        items: Sequence[Id] | None = None,
        history: History | None = None,
        rules: Rules | Sequence[dict[str, Any]] | None = None,
        now: int | None = None,
    ) -> dict[str, Any]: ...
    def recommend_batch(
        self,
        users: Array | None = None,
        n: int = 10,
        exclude_seen: bool = True,
        where: Where | None = None,
        items: Sequence[Id] | None = None,
        rules: Rules | Sequence[dict[str, Any]] | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> Recommendations: ...
    def similar_items(
        self,
        item: Id,
        n: int = 10,
        where: Where | None = None,
        items: Sequence[Id] | None = None,
        rules: Rules | Sequence[dict[str, Any]] | None = None,
    ) -> list[Scored]: ...
    def explain(self, user: Id, item: Id, history: History | None = None) -> Explanation: ...
    def fold_in(self, history: History) -> UserVector: ...
    def recommend_vector(
        self,
        user: UserVector,
        n: int = 10,
        exclude_seen: bool = True,
        where: Where | None = None,
        items: Sequence[Id] | None = None,
    ) -> list[Scored]: ...
    @property
    def users(self) -> npt.NDArray[Any]: ...
    @property
    def items(self) -> npt.NDArray[Any]: ...

@final
class Recommendations:
    @property
    def users(self) -> npt.NDArray[Any]: ...
    @property
    def items(self) -> npt.NDArray[Any]: ...
    @property
    def scores(self) -> npt.NDArray[np.float32]: ...
    def __len__(self) -> int: ...

@final
class UserVector:
    @property
    def values(self) -> npt.NDArray[np.float32]: ...

@final
class Contribution:
    @property
    def item(self) -> Id: ...
    @property
    def weight(self) -> float: ...
    @property
    def part(self) -> float: ...

@final
class Explanation:
    @property
    def item(self) -> Id: ...
    @property
    def score(self) -> float: ...
    @property
    def kind(self) -> Literal["exact", "neighbors", "popularity"]: ...
    @property
    def contributions(self) -> list[Contribution]: ...
    @property
    def rest(self) -> float: ...
    @property
    def share_of_users(self) -> float: ...

@final
class Rules:
    def __new__(cls, rules: Sequence[dict[str, Any]]) -> Rules: ...
    def to_list(self) -> list[dict[str, Any]]: ...
    def __len__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __getnewargs__(self) -> tuple[Any, ...]: ...

@final
class Chain:
    def __new__(
        cls,
        steps: Sequence[dict[str, Any]],
        deadline: float | None = None,
        at_least: int = 1,
        rules: Rules | Sequence[dict[str, Any]] | None = None,
        attributes: ItemAttributes | None = None,
    ) -> Chain: ...
    def recommend(
        self,
        user: Id | None = None,
        n: int = 10,
        exclude_seen: bool = True,
        where: Where | None = None,
        items: Sequence[Id] | None = None,
        history: History | None = None,
        rules: Rules | Sequence[dict[str, Any]] | None = None,
        item: Id | None = None,
        segment: str | None = None,
    ) -> Answer: ...
    @property
    def steps(self) -> list[str]: ...
    @property
    def problems(self) -> list[tuple[str, str]]: ...

@final
class Answer:
    @property
    def items(self) -> list[Scored]: ...
    @property
    def step(self) -> str | None: ...
    @property
    def passed(self) -> list[tuple[str, str]]: ...
    @property
    def late(self) -> bool: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Scored]: ...

@final
class Als:
    factors: int
    regularization: float
    unobserved_weight: float
    alpha: float
    iterations: int
    solver: Literal["cg", "cholesky"]
    cg_steps: int
    def __new__(
        cls,
        factors: int = 64,
        regularization: float = 0.01,
        unobserved_weight: float = 1.0,
        alpha: float = 10.0,
        iterations: int = 15,
        solver: Literal["cg", "cholesky"] = "cg",
        cg_steps: int = 3,
    ) -> Als: ...
    def fit(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> AlsModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class AlsModel(Recommender):
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> AlsModel: ...
    @staticmethod
    def load(path: Path) -> AlsModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> AlsModel: ...
    def with_attributes(self, attributes: ItemAttributes) -> AlsModel: ...
    def update(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> AlsModel: ...
    def quantize(
        self,
        form: Literal["int8", "pq"] = "int8",
        bytes: int = 14,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> QuantizedModel: ...
    def fold_in_items(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> AlsModel: ...
    @property
    def params(self) -> Als: ...
    def __copy__(self) -> AlsModel: ...
    def __deepcopy__(self, _memo: object, /) -> AlsModel: ...
    @property
    def user_factors(self) -> npt.NDArray[np.float32]: ...
    @property
    def item_factors(self) -> npt.NDArray[np.float32]: ...

@final
class AutoRecommender:
    time_budget: float
    metric: str
    validation: Literal["auto", "random", "last"]
    exclude_seen: bool
    max_trials: int
    candidates: Sequence[Any]
    def __new__(
        cls,
        time_budget: float = 60.0,
        metric: str = "ndcg@20",
        validation: Literal["auto", "random", "last"] = "auto",
        exclude_seen: bool = True,
        max_trials: int = 1000,
        candidates: Sequence[Any] = [],
    ) -> AutoRecommender: ...
    def fit(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> BlendModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Blend:
    parts: Sequence[tuple[Any, float]]
    def __new__(cls, parts: Sequence[tuple[Any, float]] = ...) -> Blend: ...
    def fit(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> BlendModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class BlendModel(Recommender):
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> BlendModel: ...
    @staticmethod
    def load(path: Path) -> BlendModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> BlendModel: ...
    def with_attributes(self, attributes: ItemAttributes) -> BlendModel: ...
    def update(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> BlendModel: ...
    def quantize(
        self,
        form: Literal["int8", "pq"] = "int8",
        bytes: int = 14,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> QuantizedModel: ...
    def fold_in_items(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> BlendModel: ...
    @property
    def params(self) -> Blend: ...
    @property
    def report(self) -> dict[str, Any] | None: ...
    def __copy__(self) -> BlendModel: ...
    def __deepcopy__(self, _memo: object, /) -> BlendModel: ...

@final
class Ease:
    regularization: float
    neighbors: int
    user_exponent: float
    item_exponent: float
    form: Literal["auto", "dense", "sparse"]
    memory: int
    def __new__(
        cls,
        regularization: float = 100.0,
        neighbors: int = 100,
        user_exponent: float = 0.0,
        item_exponent: float = 0.0,
        form: Literal["auto", "dense", "sparse"] = "auto",
        memory: int = 1073741824,
    ) -> Ease: ...
    def fit(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> EaseModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class EaseModel(Recommender):
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> EaseModel: ...
    @staticmethod
    def load(path: Path) -> EaseModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> EaseModel: ...
    def with_attributes(self, attributes: ItemAttributes) -> EaseModel: ...
    def update(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> EaseModel: ...
    def fold_in_items(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> EaseModel: ...
    @property
    def params(self) -> Ease: ...
    @property
    def form(self) -> Literal["dense", "sparse"]: ...
    def quantize(
        self,
        form: Literal["int8", "pq"] = "int8",
        bytes: int = 14,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> QuantizedModel: ...
    def __copy__(self) -> EaseModel: ...
    def __deepcopy__(self, _memo: object, /) -> EaseModel: ...

@final
class SequenceLinear:
    decay: float
    past_decay: float
    future_decay: float
    transitions: float
    regularization: float
    transition_regularization: float
    neighbors: int
    memory: int
    def __new__(
        cls,
        decay: float = 0.7,
        past_decay: float = 0.2,
        future_decay: float = 0.7,
        transitions: float = 1.0,
        regularization: float = 100.0,
        transition_regularization: float = 30.0,
        neighbors: int = 100,
        memory: int = 1073741824,
    ) -> SequenceLinear: ...
    def fit(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> SequenceLinearModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class SequenceLinearModel(Recommender):
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> SequenceLinearModel: ...
    @staticmethod
    def load(path: Path) -> SequenceLinearModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> SequenceLinearModel: ...
    def with_attributes(self, attributes: ItemAttributes) -> SequenceLinearModel: ...
    def update(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> SequenceLinearModel: ...
    def fold_in_items(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> SequenceLinearModel: ...
    @property
    def params(self) -> SequenceLinear: ...
    def quantize(
        self,
        form: Literal["int8", "pq"] = "int8",
        bytes: int = 14,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> QuantizedModel: ...
    def __copy__(self) -> SequenceLinearModel: ...
    def __deepcopy__(self, _memo: object, /) -> SequenceLinearModel: ...

@final
class RepeatBasket:
    decay: float
    personal: float
    transitions: float
    popularity: float
    regularization: float
    neighbors: int
    memory: int
    def __new__(
        cls,
        decay: float = 0.8,
        personal: float = 0.03,
        transitions: float = 1.0,
        popularity: float = 1.0,
        regularization: float = 100.0,
        neighbors: int = 100,
        memory: int = 1073741824,
    ) -> RepeatBasket: ...
    def fit(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> RepeatBasketModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class RepeatBasketModel(Recommender):
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> RepeatBasketModel: ...
    @staticmethod
    def load(path: Path) -> RepeatBasketModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> RepeatBasketModel: ...
    def with_attributes(self, attributes: ItemAttributes) -> RepeatBasketModel: ...
    def update(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> RepeatBasketModel: ...
    def fold_in_items(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> RepeatBasketModel: ...
    @property
    def params(self) -> RepeatBasket: ...
    def quantize(
        self,
        form: Literal["int8", "pq"] = "int8",
        bytes: int = 14,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> QuantizedModel: ...
    def __copy__(self) -> RepeatBasketModel: ...
    def __deepcopy__(self, _memo: object, /) -> RepeatBasketModel: ...

@final
class ItemKnn:
    neighbors: int
    similarity: Literal["cosine", "tf_idf", "bm25", "rp3_beta"]
    shrink: float
    k1: float
    b: float
    alpha: float
    beta: float
    def __new__(
        cls,
        neighbors: int = 100,
        similarity: Literal["cosine", "tf_idf", "bm25", "rp3_beta"] = "cosine",
        shrink: float = 0.0,
        k1: float = 1.2,
        b: float = 0.75,
        alpha: float = 1.0,
        beta: float = 0.6,
    ) -> ItemKnn: ...
    def fit(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ItemKnnModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class ItemKnnModel(Recommender):
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> ItemKnnModel: ...
    @staticmethod
    def load(path: Path) -> ItemKnnModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> ItemKnnModel: ...
    def with_attributes(self, attributes: ItemAttributes) -> ItemKnnModel: ...
    def update(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ItemKnnModel: ...
    def quantize(
        self,
        form: Literal["int8", "pq"] = "int8",
        bytes: int = 14,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> QuantizedModel: ...
    def fold_in_items(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> ItemKnnModel: ...
    @property
    def params(self) -> ItemKnn: ...
    def __copy__(self) -> ItemKnnModel: ...
    def __deepcopy__(self, _memo: object, /) -> ItemKnnModel: ...

@final
class Popularity:
    measure: Literal["users", "weight"]
    def __new__(
        cls,
        measure: Literal["users", "weight"] = "users",
    ) -> Popularity: ...
    def fit(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> PopularityModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class PopularityModel(Recommender):
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> PopularityModel: ...
    @staticmethod
    def load(path: Path) -> PopularityModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> PopularityModel: ...
    def with_attributes(self, attributes: ItemAttributes) -> PopularityModel: ...
    def update(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> PopularityModel: ...
    def quantize(
        self,
        form: Literal["int8", "pq"] = "int8",
        bytes: int = 14,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> QuantizedModel: ...
    def fold_in_items(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> PopularityModel: ...
    @property
    def params(self) -> Popularity: ...
    def __copy__(self) -> PopularityModel: ...
    def __deepcopy__(self, _memo: object, /) -> PopularityModel: ...

@final
class QuantizedModel(Recommender):
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> QuantizedModel: ...
    @staticmethod
    def load(path: Path) -> QuantizedModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> QuantizedModel: ...
    def with_attributes(self, attributes: ItemAttributes) -> QuantizedModel: ...
    @property
    def params(self) -> dict[str, Any]: ...
    def __copy__(self) -> QuantizedModel: ...
    def __deepcopy__(self, _memo: object, /) -> QuantizedModel: ...

@final
class Spectral:
    rank: int
    alpha: float
    user_exponent: float
    item_exponent: float
    iterations: int
    def __new__(
        cls,
        rank: int = 256,
        alpha: float = 0.2,
        user_exponent: float = 0.3,
        item_exponent: float = 0.45,
        iterations: int = 6,
    ) -> Spectral: ...
    def fit(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> SpectralModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class SpectralModel(Recommender):
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> SpectralModel: ...
    @staticmethod
    def load(path: Path) -> SpectralModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> SpectralModel: ...
    def with_attributes(self, attributes: ItemAttributes) -> SpectralModel: ...
    def update(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> SpectralModel: ...
    def quantize(
        self,
        form: Literal["int8", "pq"] = "int8",
        bytes: int = 14,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> QuantizedModel: ...
    def fold_in_items(
        self, interactions: Interactions, *, seed: int = 0, threads: int | None = None,
        progress: OnProgress = False, deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> SpectralModel: ...
    @property
    def params(self) -> Spectral: ...
    def __copy__(self) -> SpectralModel: ...
    def __deepcopy__(self, _memo: object, /) -> SpectralModel: ...

def evaluate(
    model: Recommender,
    test: Interactions,
    k: Sequence[int] = (10, 20),
    exclude_seen: bool = True,
    where: Where | None = None,
    items: Sequence[Id] | None = None,
    rules: Rules | Sequence[dict[str, Any]] | None = None,
    intervals: float | None = None,
    segments: Literal["activity"] | Mapping[Id, str] | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: OnProgress = False,
    deadline: float | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Any]: ...
def compare(
    a: Recommender,
    b: Recommender,
    test: Interactions,
    metric: str = "ndcg@10",
    exclude_seen: bool = True,
    where: Where | None = None,
    items: Sequence[Id] | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: OnProgress = False,
    deadline: float | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Any]: ...
def plot_comparison(
    results: Mapping[str, Mapping[str, Any]],
    x: str = "coverage@20",
    y: str = "ndcg@20",
    ax: Any = None,
) -> Any: ...
