"""The FastAPI example under uvicorn, asked over real HTTP."""

import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import mercato
from mercato.recsys import Popularity

APP = Path(__file__).resolve().parents[3] / "examples/python/fastapi"


@pytest.fixture(scope="module")
def service(model, shop, tmp_path_factory):
    path = tmp_path_factory.mktemp("service") / "shop.mercato"
    model.save(path)
    Popularity().fit(shop).save(path.with_name("popular.mercato"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "app:app",
        "--port",
        str(port),
        "--log-level",
        "warning",
    ]
    # The same mercato as here, from another folder.
    files = {"MODEL": str(path), "POPULAR": str(path.with_name("popular.mercato"))}
    here = files | {"PYTHONPATH": str(Path(mercato.__file__).resolve().parents[1])}
    with subprocess.Popen(command, cwd=APP, env=os.environ | here) as server:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False
        ) as client:
            for _ in range(600):
                try:
                    client.get("/health")
                    break
                except httpx.ConnectError:
                    assert server.poll() is None, "the service ended"
                    time.sleep(0.05)
            yield client, path
        server.terminate()


def test_answers_equal_those_of_the_model(service, model, user):
    client, _ = service
    ranked = lambda scored: [{"id": s.id, "score": s.score} for s in scored]
    assert client.get(f"/recommend/{user}", params={"n": 5}).json() == ranked(
        model.recommend(user, n=5)
    )
    where = {"price": {"lt": 2}}
    filtered = client.get(f"/recommend/{user}", params={"where": json.dumps(where)}).json()
    assert filtered == ranked(model.recommend(user, where=where))
    item = model.recommend(user)[0].id
    assert client.get(f"/similar/{item}").json() == ranked(model.similar_items(item))
    visitor = client.post("/recommend", json=[item]).json()
    assert visitor == ranked(model.recommend(-1, history=[item]))


def test_errors_have_codes_and_statuses(service, user):
    client, _ = service
    unknown = client.get("/recommend/-9")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_id")
    for bad in ("nonsense", '{"colour": "red"}', '{"price": {"near": 3}}'):
        refused = client.get(f"/recommend/{user}", params={"where": bad})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_params")
    assert client.get(f"/recommend/{user}", params={"n": -1}).json()["code"] == "invalid_params"


def test_many_clients_at_once_get_their_own_answers(service, model, shop):
    client, _ = service
    users = [int(u) for u in shop.users[:100]]
    before = client.get("/metrics").json()["requests"]

    def ask(user):
        return user, [s["id"] for s in client.get(f"/recommend/{user}").json()]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for user, items in pool.map(ask, users):
            assert items == [s.id for s in model.recommend(user)]
    metrics = client.get("/metrics").json()
    assert metrics["requests"] - before == 100 and metrics["mean_milliseconds"] < 100


def test_a_page_is_answered_whatever_file_is_missing(service, model, shop, user):
    client, path = service
    page = lambda **params: client.get(f"/page/{user}", params=params).json()
    whole = page(n=5)
    assert (whole["step"], whole["passed"], whole["late"]) == ("personal", [], False)
    assert [s["id"] for s in whole["items"]] == [s.id for s in model.recommend(user, n=5)]
    stranger = client.get("/page/-9", params={"item": whole["items"][0]["id"]}).json()
    assert stranger["step"] == "similar" and stranger["passed"] == [["personal", "unknown_user"]]
    path.unlink()
    fallback = page(n=5)
    assert fallback["step"] == "popular" and len(fallback["items"]) == 5
    assert fallback["passed"] == [["personal", "unavailable"], ["similar", "unavailable"]]
    path.write_bytes(b"half a file")
    popular = path.with_name("popular.mercato").rename(path.with_name("elsewhere"))
    assert page(n=5)["step"] == "editors"
    popular.rename(path.with_name("popular.mercato"))
    model.save(path)
    assert page(n=5) == whole


def test_a_new_file_is_taken_and_a_broken_one_is_not(service, model, shop, user):
    client, path = service
    popular = Popularity().fit(shop)
    popular.save(path)
    assert client.get(f"/recommend/{user}").json()[0]["id"] == popular.recommend(user)[0].id
    assert "PopularityModel" in client.get("/health").json()["model"]
    path.unlink()
    assert client.get(f"/recommend/{user}").json()[0]["id"] == popular.recommend(user)[0].id
    health = client.get("/health").json()
    assert health["stale"] and "No such file" in health["error"]
    model.save(path)
    assert client.get(f"/recommend/{user}").json()[0]["id"] == model.recommend(user)[0].id
    assert not client.get("/health").json()["stale"]
