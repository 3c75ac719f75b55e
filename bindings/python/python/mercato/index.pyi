"""Types of the module; the documentation is in its own docstrings."""

from collections.abc import Sequence
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt

from . import CancelToken, ItemAttributes, Scored
from ._types import Array, Id, OnProgress, Path, Where

__all__ = ["VectorIndex"]

_Matrix = npt.NDArray[Any] | Sequence[Sequence[float]]
_Vector = npt.NDArray[Any] | Sequence[float]

@final
class VectorIndex:
    @staticmethod
    def build(
        vectors: _Matrix,
        ids: Array | None = None,
        metric: Literal["cosine", "dot", "l2"] = "cosine",
        kind: Literal["auto", "flat", "hnsw"] = "auto",
        storage: Literal["f32"] = "f32",
        m: int = 16,
        ef_construction: int = 200,
        attributes: ItemAttributes | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> VectorIndex: ...
    def search(
        self,
        query: _Vector,
        k: int = 10,
        ef: int | None = None,
        target_recall: float | None = None,
        where: Where | None = None,
    ) -> list[Scored]: ...
    def search_batch(
        self,
        queries: _Matrix,
        k: int = 10,
        ef: int | None = None,
        where: Where | None = None,
        target_recall: float | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]: ...
    def upsert(
        self,
        ids: Array,
        vectors: _Matrix,
        attributes: ItemAttributes | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> None: ...
    def remove(
        self,
        ids: Array,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> int: ...
    def self_check(
        self,
        sample: int = 1000,
        k: int = 10,
        ef: int | None = None,
        target_recall: float | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]: ...
    def snapshot(self) -> VectorIndex: ...
    def vector(self, id: Id) -> npt.NDArray[np.float32]: ...
    @property
    def dim(self) -> int: ...
    @property
    def params(self) -> dict[str, Any]: ...
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> VectorIndex: ...
    @staticmethod
    def load(path: Path) -> VectorIndex: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> VectorIndex: ...
    def __len__(self) -> int: ...
    def __contains__(self, id: Id, /) -> bool: ...
    def __copy__(self) -> VectorIndex: ...
    def __deepcopy__(self, memo: Any, /) -> VectorIndex: ...
    def __reduce__(self) -> tuple[Any, tuple[bytes]]: ...
