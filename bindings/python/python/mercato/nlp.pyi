"""Types of the module; the documentation is in its own docstrings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, final

import numpy as np
import numpy.typing as npt

from . import CancelToken, Scored
from ._types import Id, OnProgress, Path

__all__ = [
    "IntentClassifier",
    "IntentModel",
    "TextClassifier",
    "TextModel",
    "SentimentClassifier",
    "Entity",
    "EntityExtractor",
    "EntityTagger",
    "TaggerModel",
    "Passage",
    "KnowledgeBase",
    "Session",
    "Reply",
    "Assistant",
    "evaluate",
    "risk_coverage",
    "summarize",
]

_Names = Mapping[str, Mapping[str, Sequence[str]]]
_Tagged = tuple[str, Sequence[tuple[int, int, str]]] | Mapping[str, Any]

@final
class IntentClassifier:
    languages: Sequence[str]
    tier: Literal["linear"]
    features: dict[str, Any]
    c: float
    min_count: int
    passes: int
    folds: int
    out_of_scope_error: float
    memory: int
    max_bytes: int
    def __new__(
        cls,
        languages: Sequence[str] = ["en", "zh"],
        tier: Literal["linear"] = "linear",
        features: dict[str, Any] = {"word_ngrams": 2, "word_pairs": 6, "char_min": 2, "char_max": 5, "cjk_max": 3, "word_weight": 1.2, "unknown_weight": 1.0},
        c: float = 2.0,
        min_count: int = 2,
        passes: int = 15,
        folds: int = 3,
        out_of_scope_error: float = 0.05,
        memory: int = 12,
        max_bytes: int = 1000000,
    ) -> IntentClassifier: ...
    def fit(
        self,
        texts: Iterable[str],
        labels: Iterable[Id],
        out_of_scope: Iterable[str] | None = None,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> IntentModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class IntentModel:
    def classify(self, text: str, n: int = 3) -> list[Scored]: ...
    def classify_batch(
        self,
        texts: Iterable[str],
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> tuple[list[str], npt.NDArray[np.float32]]: ...
    def predict_proba(
        self,
        texts: Iterable[str],
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> npt.NDArray[np.float32]: ...
    def explain(self, text: str, n: int = 10) -> dict[str, Any]: ...
    @property
    def labels(self) -> list[str]: ...
    def is_out_of_scope(self, text: str) -> tuple[bool, float]: ...
    def learn(
        self,
        texts: Iterable[str],
        labels: Iterable[Id],
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> IntentModel: ...
    @property
    def revision(self) -> int: ...
    @property
    def params(self) -> IntentClassifier: ...
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> IntentModel: ...
    @staticmethod
    def load(path: Path) -> IntentModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> IntentModel: ...
    def __reduce__(self) -> tuple[Any, tuple[bytes]]: ...
    def __copy__(self) -> IntentModel: ...
    def __deepcopy__(self, _memo: dict[Any, Any]) -> IntentModel: ...

@final
class TextClassifier:
    features: dict[str, Any]
    c: float
    min_count: int
    passes: int
    folds: int
    max_bytes: int
    def __new__(
        cls,
        features: dict[str, Any] = {"word_ngrams": 2, "word_pairs": 6, "char_min": 2, "char_max": 5, "cjk_max": 3, "word_weight": 1.2, "unknown_weight": 1.0},
        c: float = 0.5,
        min_count: int = 2,
        passes: int = 15,
        folds: int = 3,
        max_bytes: int = 5000000,
    ) -> TextClassifier: ...
    def fit(
        self,
        texts: Iterable[str],
        labels: Iterable[Id],
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> TextModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class TextModel:
    def classify(self, text: str, n: int = 3) -> list[Scored]: ...
    def classify_batch(
        self,
        texts: Iterable[str],
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> tuple[list[str], npt.NDArray[np.float32]]: ...
    def predict_proba(
        self,
        texts: Iterable[str],
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> npt.NDArray[np.float32]: ...
    def explain(self, text: str, n: int = 10) -> dict[str, Any]: ...
    @property
    def labels(self) -> list[str]: ...
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> TextModel: ...
    @staticmethod
    def load(path: Path) -> TextModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> TextModel: ...
    def __reduce__(self) -> tuple[Any, tuple[bytes]]: ...
    def __copy__(self) -> TextModel: ...
    def __deepcopy__(self, _memo: dict[Any, Any]) -> TextModel: ...

@final
class SentimentClassifier:
    c: float
    min_count: int
    cjk_max: int
    folds: int
    max_bytes: int
    def __new__(
        cls,
        c: float = 0.5,
        min_count: int = 2,
        cjk_max: int = 3,
        folds: int = 3,
        max_bytes: int = 5000000,
    ) -> SentimentClassifier: ...
    def fit(
        self,
        texts: Iterable[str],
        labels: Iterable[Id],
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> TextModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class Entity:
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def byte_start(self) -> int: ...
    @property
    def byte_end(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def confidence(self) -> float: ...

@final
class EntityExtractor:
    def __new__(
        cls,
        patterns: Literal["retail", "none"] = "retail",
        dictionaries: _Names | None = None,
        tagger: TaggerModel | None = None,
    ) -> EntityExtractor: ...
    def fit(
        self,
        sentences: Iterable[_Tagged],
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> EntityExtractor: ...
    def extract(self, text: str, dictionaries: _Names | None = None) -> list[Entity]: ...

@final
class EntityTagger:
    passes: int
    learning_rate: float
    regularization: float
    min_count: int
    outside_penalty: float
    def __new__(
        cls,
        passes: int = 10,
        learning_rate: float = 0.05,
        regularization: float = 3e-05,
        min_count: int = 2,
        outside_penalty: float = 0.0,
    ) -> EntityTagger: ...
    def fit(
        self,
        sentences: Iterable[_Tagged],
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> TaggerModel: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __dir__(self) -> list[str]: ...
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

@final
class TaggerModel:
    @property
    def kinds(self) -> list[str]: ...
    @property
    def params(self) -> EntityTagger: ...
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> TaggerModel: ...
    @staticmethod
    def load(path: Path) -> TaggerModel: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> TaggerModel: ...
    def __reduce__(self) -> tuple[Any, tuple[bytes]]: ...
    def __copy__(self) -> TaggerModel: ...
    def __deepcopy__(self, _memo: dict[Any, Any]) -> TaggerModel: ...

@final
class Passage:
    @property
    def id(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def coverage(self) -> float: ...

@final
class KnowledgeBase:
    def __new__(
        cls, *, k1: float = 1.2, b: float = 0.6, title_weight: int = 2, passage_chars: int = 400
    ) -> KnowledgeBase: ...
    def add(self, documents: Iterable[Mapping[str, str]]) -> KnowledgeBase: ...
    def remove(self, ids: Iterable[str]) -> int: ...
    def search(self, query: str, n: int = 5, mode: Literal["bm25"] = "bm25") -> list[Passage]: ...
    def __len__(self) -> int: ...
    def __contains__(self, id: str, /) -> bool: ...
    def save(self, path: Path) -> None: ...
    @staticmethod
    def open(path: Path) -> KnowledgeBase: ...
    @staticmethod
    def load(path: Path) -> KnowledgeBase: ...
    def to_bytes(self) -> bytes: ...
    @staticmethod
    def from_bytes(data: bytes) -> KnowledgeBase: ...
    def __reduce__(self) -> tuple[Any, tuple[bytes]]: ...

@final
class Session:
    def __new__(cls, **state: Any) -> Session: ...
    def to_dict(self) -> dict[str, Any]: ...

@final
class Reply:
    @property
    def text(self) -> str: ...
    @property
    def intent(self) -> str | None: ...
    @property
    def confidence(self) -> float: ...
    @property
    def citations(self) -> list[Passage]: ...
    @property
    def entities(self) -> list[Entity]: ...
    @property
    def slots(self) -> dict[str, str]: ...
    @property
    def action(self) -> dict[str, Any] | None: ...
    @property
    def handoff(self) -> bool: ...
    @property
    def reason(self) -> str | None: ...

@final
class Assistant:
    def __new__(
        cls,
        intents: IntentModel | None = None,
        entities: EntityExtractor | None = None,
        knowledge: KnowledgeBase | None = None,
        flows: Sequence[Mapping[str, Any]] | None = None,
        policy: Mapping[str, Any] | None = None,
        sentiment: TextModel | None = None,
        negative: str = "negative",
    ) -> Assistant: ...
    def reply(self, session: Session, text: str, dictionaries: _Names | None = None) -> Reply: ...
    def resolve(
        self,
        ticket: str,
        intent: str,
        answer: str,
        *,
        seed: int = 0,
        threads: int | None = None,
        progress: OnProgress = False,
        deadline: float | None = None,
        cancel: CancelToken | None = None,
    ) -> dict[str, Any]: ...
    def rollback(self) -> bool: ...
    @property
    def intents(self) -> IntentModel | None: ...

def evaluate(
    model: IntentModel | TextModel,
    texts: Iterable[str],
    labels: Iterable[Id],
    oos: Iterable[str] | None = None,
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: OnProgress = False,
    deadline: float | None = None,
    cancel: CancelToken | None = None,
) -> dict[str, Any]: ...
def risk_coverage(
    model: IntentModel,
    texts: Iterable[str],
    labels: Iterable[Id],
    *,
    seed: int = 0,
    threads: int | None = None,
    progress: OnProgress = False,
    deadline: float | None = None,
    cancel: CancelToken | None = None,
) -> list[dict[str, float]]: ...
def summarize(text_or_turns: str | Iterable[str], sentences: int = 3) -> list[str]: ...
