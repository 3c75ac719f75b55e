"""A recommendation service: the model lives in the process, one file is all that is deployed.

    MODEL=shop.mercato POPULAR=popular.mercato uvicorn app:app

Replace a file by renaming a new one over it and the next request is answered by the new model. /recommend
speaks to the model alone: when the new file is damaged or gone, the last good model goes on and /health says
so. /page never fails: it asks a chain of fallbacks, opened from the files that are there, and tells which
step answered and why the earlier ones did not. Delete the model's file and watch it.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import mercato
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

STATUS = {"unknown_id": 404, "invalid_params": 422, "invalid_input": 422, "unsupported": 422}


class Served:
    """The newest model that could be opened."""

    def __init__(self, path: Path):
        self.path, self.stamp, self.error = path, None, None
        self.model = None
        self.requests, self.seconds = 0, 0.0
        self.refresh()

    def refresh(self) -> None:
        """Opening maps the file: constant time, so any request may do it."""
        try:
            stat = self.path.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self.stamp:
                self.stamp = stamp
                self.model = mercato.open(self.path)
            self.error = None
        except (mercato.MercatoError, OSError) as error:
            self.error = str(error)


class Page:
    """A chain over the files as they are now: each request may see other ones."""

    def __init__(self, model: Path, popular: Path, listed: list[str]):
        self.files, self.listed, self.stamps = (model, popular), listed, None
        self.refresh()

    def refresh(self) -> None:
        stamps = [(s.st_mtime_ns, s.st_ino) if (s := stat_of(f)) else None for f in self.files]
        if stamps != self.stamps:
            model, popular = self.files
            steps = [
                {"model": model, "name": "personal"},
                {"similar": model, "name": "similar"},
                {"popular": popular},
                {"list": self.listed, "name": "editors"},
            ]
            # Files that are missing or damaged are no errors: those steps are passed over.
            self.chain = mercato.recsys.Chain(steps, deadline=0.02, rules=RULES)
            self.stamps = stamps


def stat_of(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


# What the shop wants, whatever the model says.
RULES = json.loads(os.environ.get("RULES", "[]"))

app = FastAPI(title="shop recommendations")
served = Served(Path(os.environ["MODEL"]))
page = Page(
    served.path,
    Path(os.environ.get("POPULAR", os.environ["MODEL"])),
    os.environ.get("EDITORS", "85123A,22423").split(","),
)


@app.exception_handler(mercato.MercatoError)
async def refuse(request: Request, error: mercato.MercatoError) -> JSONResponse:
    body = {"code": error.code, "message": str(error), "context": error.context}
    return JSONResponse(body, status_code=STATUS.get(error.code, 500))


def filter_of(where: str | None) -> Any:
    try:
        return where and json.loads(where)
    except ValueError as error:
        raise mercato.InvalidParamsError(f"where must be JSON: {error}") from None


def answer(ask) -> list[dict[str, Any]]:
    began = time.perf_counter()
    served.refresh()
    ranked = ask(served.model)
    served.requests += 1
    served.seconds += time.perf_counter() - began
    return [{"id": s.id, "score": s.score} for s in ranked]


# Plain functions: FastAPI runs each on a thread, and mercato works without the interpreter's lock.
@app.get("/recommend/{user}")
def recommend(user: int, n: int = 10, where: str | None = None) -> list[dict[str, Any]]:
    return answer(lambda model: model.recommend(user, n=n, where=filter_of(where)))


@app.post("/recommend")
def recommend_to_visitor(history: list[str], n: int = 10) -> list[dict[str, Any]]:
    return answer(lambda model: model.recommend(-1, n=n, history=history))


@app.get("/similar/{item}")
def similar(item: str, n: int = 10) -> list[dict[str, Any]]:
    return answer(lambda model: model.similar_items(item, n=n))


@app.get("/page/{user}")
def page_of(
    user: int, n: int = 10, item: str | None = None, where: str | None = None
) -> dict[str, Any]:
    page.refresh()
    answer = page.chain.recommend(user, n=n, item=item, where=filter_of(where))
    items = [{"id": s.id, "score": s.score} for s in answer]
    return {"items": items, "step": answer.step, "passed": answer.passed, "late": answer.late}


@app.get("/health")
def health() -> dict[str, Any]:
    served.refresh()
    return {"model": repr(served.model), "stale": served.error is not None, "error": served.error}


@app.get("/metrics")
def metrics() -> dict[str, float]:
    mean = served.seconds / max(served.requests, 1)
    return {"requests": served.requests, "mean_milliseconds": mean * 1e3}
