"""The types that the stubs of every module speak of."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy.typing as npt

Id: TypeAlias = str | int
Path: TypeAlias = str | os.PathLike[str]
Where: TypeAlias = dict[str, Any]
History: TypeAlias = Sequence[Id] | Sequence[tuple[Id, float]] | Mapping[Id, float]


class ArrowTable(Protocol):
    """A table of polars, pandas, pyarrow, DuckDB or anything that streams Arrow."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowArray(Protocol):
    """An Arrow array."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> object: ...


Array: TypeAlias = npt.NDArray[Any] | ArrowTable | ArrowArray | Sequence[Any]
OnProgress: TypeAlias = bool | Callable[[Any], object]
