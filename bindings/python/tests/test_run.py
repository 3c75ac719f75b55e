"""How work is run: seed, threads, progress, deadline, cancellation, Ctrl-C, two threads at once."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import mercato
from mercato import _mercato
from mercato.recsys import Als

LONG = 60_000  # milliseconds of work that no test waits for


def work(steps=LONG, **run):
    return _mercato._test_work(steps, **run)


def test_the_same_seed_gives_the_same_bytes_for_any_thread_count(shop):
    fit = lambda **run: Als(factors=8, iterations=2).fit(shop, **run).to_bytes()
    assert fit(seed=1, threads=1) == fit(seed=1, threads=2) == fit(seed=1)
    assert fit(seed=1) != fit(seed=2)


def test_progress_reaches_a_callback_on_the_calling_thread():
    seen = []
    me = threading.get_ident()
    assert work(300, progress=lambda p: seen.append((p, threading.get_ident()))) == 300
    assert all(thread == me for _, thread in seen)
    steps = [p.done for p, _ in seen]
    assert steps == sorted(steps) and steps[-1] == 300 and len(steps) > 3
    assert (seen[0][0].stage, seen[0][0].total) == ("test", 300)
    assert "Progress(stage='test', done=300, total=300" in repr(seen[-1][0])


def test_a_real_fit_reports_progress(shop):
    seen = []
    Als(factors=16, iterations=3).fit(shop, progress=seen.append)
    assert {p.stage for p in seen} >= {"als"}


def test_progress_true_shows_a_bar(capfd):
    work(120, progress=True)
    assert "test: 100%" in capfd.readouterr().err


def test_progress_true_shows_a_line_without_tqdm(capfd, monkeypatch):
    monkeypatch.setattr("mercato._progress.tqdm", None)
    work(120, progress=True)
    assert re.search(r"\rtest: 120/120, 0\.\d s\n$", capfd.readouterr().err)


class Oops(Exception):
    pass


def test_what_a_progress_callback_raises_cancels_the_work_and_is_raised():
    def complain(progress):
        raise Oops

    began = time.monotonic()
    with pytest.raises(Oops):
        work(progress=complain)
    assert time.monotonic() - began < 2


def test_a_deadline_is_kept():
    began = time.monotonic()
    with pytest.raises(mercato.DeadlineExceededError):
        work(deadline=0.2)
    assert 0.19 < time.monotonic() - began < 1.5


def test_a_token_cancels_from_another_thread_at_once():
    token = mercato.CancelToken()
    assert not token.cancelled
    stopped = []
    timer = threading.Timer(0.2, lambda: (stopped.append(time.monotonic()), token.cancel()))
    timer.start()
    with pytest.raises(mercato.CancelledError):
        work(cancel=token)
    assert time.monotonic() - stopped[0] < 0.1
    assert token.cancelled and "True" in repr(token)
    with pytest.raises(mercato.CancelledError):
        work(cancel=token)


def test_a_deadline_does_not_spend_the_callers_token():
    token = mercato.CancelToken()
    with pytest.raises(Oops):
        work(cancel=token, progress=lambda p: (_ for _ in ()).throw(Oops))
    assert not token.cancelled
    assert work(5, cancel=token) == 5


@pytest.mark.parametrize(
    "run",
    [
        {"seed": -1},
        {"seed": 1.5},
        {"seed": None},
        {"threads": -1},
        {"threads": "many"},
        {"deadline": -1.0},
        {"deadline": float("nan")},
        {"deadline": "soon"},
        {"progress": "yes"},
        {"cancel": True},
        {"sede": 1},
    ],
)
def test_bad_run_options_are_refused_by_name(run):
    with pytest.raises(mercato.InvalidParamsError, match=next(iter(run))) as caught:
        work(1, **run)
    assert caught.value.context["parameter"] == next(iter(run))


def test_none_means_the_default():
    assert work(1, threads=None, deadline=None, cancel=None, progress=False) == 1


def test_ctrl_c_stops_long_work_promptly():
    script = """
        import time, mercato
        from mercato import _mercato
        print("ready", flush=True)
        began = time.monotonic()
        try:
            _mercato._test_work(60_000)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        assert _mercato._test_work(5) == 5
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        assert time.monotonic() - sent < 1
        assert child.wait(10) == 0


def test_two_threads_really_run_side_by_side():
    """Each call keeps a core busy for a fixed number of milliseconds of its own clock."""
    meeting = threading.Barrier(2, timeout=10)

    def one():
        # Passes only while both are inside the library at the same time.
        first = []
        work(400, progress=lambda p: first.append(1) or (len(first) == 1 and meeting.wait()))

    threads = [threading.Thread(target=one) for _ in range(2)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not meeting.broken


def test_python_runs_while_the_library_works():
    done = threading.Event()
    thread = threading.Thread(target=lambda: (work(300), done.set()))
    thread.start()
    turns = 0
    while not done.is_set():
        turns += 1
    thread.join()
    assert turns > 1000


def test_requests_of_many_threads_share_one_model(model, shop):
    users = [int(u) for u in shop.users[:40]]
    alone = {u: model.recommend(u, n=5) for u in users}
    wrong = []

    def ask():
        for u in users * 5:
            if model.recommend(u, n=5) != alone[u]:
                wrong.append(u)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong


def test_asyncio_goes_on_meanwhile():
    async def both():
        ticks = 0
        job = asyncio.create_task(asyncio.to_thread(work, 200))
        while not job.done():
            ticks += 1
            await asyncio.sleep(0.005)
        return ticks, await job

    ticks, result = asyncio.run(both())
    assert result == 200 and ticks > 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_works():
    script = """
        import os, mercato, warnings
        from mercato import _mercato
        warnings.simplefilter("ignore")
        _mercato._test_work(2)
        child = os.fork()
        if child == 0:
            os._exit(0 if _mercato._test_work(2) == 2 else 1)
        assert os.waitpid(child, 0)[1] == 0
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60)
