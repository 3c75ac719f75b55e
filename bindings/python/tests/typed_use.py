"""Not run: `mypy --strict` reads it, so that the types say what users write."""

import numpy as np
import polars as pl

import mercato
from mercato import CancelToken, Interactions, ItemAttributes, Progress, Scored
from mercato.recsys import Als, AlsModel, ItemKnn, Recommender, evaluate

frame = pl.DataFrame({"user_id": [1], "item_id": ["a"]})
inter: Interactions = Interactions.from_table(frame, time=None)
inter = Interactions.from_arrays(np.array([1]), ["a"], weights=[1.0])
train, test = inter.split_last(n=1)


def show(progress: Progress) -> None:
    print(progress.stage, progress.done / max(progress.total, 1))


model: AlsModel = Als(factors=8, solver="cholesky").fit(
    train, seed=1, threads=2, progress=show, deadline=2.5, cancel=CancelToken()
)
models: list[Recommender] = [model, ItemKnn().fit(train, progress=True)]
best: list[Scored] = model.recommend("a", n=3, where={"price": {"lt": 5}}, history=[("a", 1.0)])
names = [scored.id for scored in best]
ids, score = best[0]
scores: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = model.recommend_batch(n=5).scores
metrics: dict[str, float] = evaluate(model, test, k=[5])
again: AlsModel = AlsModel.from_bytes(model.to_bytes()).with_attributes(
    ItemAttributes.from_table(frame)
)
try:
    mercato.open("shop.mercato")
except mercato.UnknownIdError as error:
    print(error.code, error.context["path"])
except OSError:
    pass
