"""Series in and forecasts out of the Rust example `forecast_file`, without any Python binding."""
import json, os, resource, struct, subprocess, tempfile
import numpy as np

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
DATA = os.path.join(ROOT, "..", "shared", "data")
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
BINARY = os.path.join(TARGET, "release", "examples", "forecast_file")


def write_series(path, series):
    with open(path, "wb") as f:
        f.write(struct.pack("<I", len(series)))
        for y in series:
            y = np.ascontiguousarray(y, dtype="<f8")
            f.write(struct.pack("<I", len(y)))
            f.write(y.tobytes())


def mercato(series, horizon, methods, threads=1):
    """Forecasts (methods, series, horizon), objectives (methods, series), per-method wall seconds, CPU seconds in all."""
    with tempfile.TemporaryDirectory() as d:
        src, out = os.path.join(d, "in"), os.path.join(d, "out")
        write_series(src, series)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        text = subprocess.run([BINARY, src, str(horizon), str(threads), out, json.dumps(methods)],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        raw = np.fromfile(out, dtype="<f8").reshape(len(methods), -1)
    n = len(series)
    wall = [float(line.split("\t")[1]) for line in text.splitlines()]
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return raw[:, : n * horizon].reshape(len(methods), n, horizon), raw[:, n * horizon:], wall, cpu


def methods(m, names):
    known = {
        "AutoEts": {"auto_ets": {"season_length": m}},
        "DynamicOptimizedTheta": {"dynamic_optimized_theta": {"season_length": m}},
        "AutoTheta": {"auto_theta": {"season_length": m}},
        "Theta": {"theta": {"season_length": m}},
        "AutoCes": {"auto_ces": {"season_length": m}},
        "Mstl": {"mstl": {"season_lengths": [24, 168] if m == 24 else [max(m, 2)]}},
        "Auto": {"auto": {"season_length": m}},
        "Naive": {"naive": {}},
        "SeasonalNaive": {"seasonal_naive": {"season_length": m}},
        "HistoricAverage": {"historic_average": {}},
        "Croston": {"croston": {"variant": "classic"}},
        "CrostonSBA": {"croston": {"variant": "sba"}},
        "CrostonOptimized": {"croston": {"variant": "optimized"}},
        "Tsb": {"tsb": {"alpha_d": 0.1, "alpha_p": 0.1}},
        "Adida": {"adida": {}},
        "Imapa": {"imapa": {}},
    }
    return [known[n] for n in names]
