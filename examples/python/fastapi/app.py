"""A recommendation service: the model lives in the process, one file is all that is deployed.

    MODEL=shop.mercato uvicorn app:app

Replace the file by renaming a new one over it and the next request is answered by the new model; when
the new file is damaged or gone, the last good model goes on answering and /health says so.
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


app = FastAPI(title="shop recommendations")
served = Served(Path(os.environ["MODEL"]))


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


@app.get("/health")
def health() -> dict[str, Any]:
    served.refresh()
    return {"model": repr(served.model), "stale": served.error is not None, "error": served.error}


@app.get("/metrics")
def metrics() -> dict[str, float]:
    mean = served.seconds / max(served.requests, 1)
    return {"requests": served.requests, "mean_milliseconds": mean * 1e3}
