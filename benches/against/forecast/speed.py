"""Speed and optima against statsforecast, same series, one thread, alternating; CPU seconds.

    python speed.py [--out record.json] [--repeat 3]
"""
import argparse, json, time, warnings
import numpy as np, polars as pl
import statsforecast
from statsforecast.ets import ets_f
from statsforecast import models as sf
import common

warnings.filterwarnings("ignore")
PACK = pl.read_parquet(f"{common.DATA}/forecast/bench_pack.parquet")
CASES = [("m4_yearly", 1, 6, 200), ("m3_quarterly", 4, 8, 60), ("m3_monthly", 12, 18, 30)]
PEERS = {
    "AutoEts": lambda m: sf.AutoETS(season_length=m),
    "DynamicOptimizedTheta": lambda m: sf.DynamicOptimizedTheta(season_length=m),
    "AutoCes": lambda m: sf.AutoCES(season_length=m),
}
SPARSE = {"Croston": sf.CrostonClassic, "CrostonOptimized": sf.CrostonOptimized, "Tsb": lambda: sf.TSB(0.1, 0.1),
          "Adida": sf.ADIDA, "Imapa": sf.IMAPA}


def series(name, n):
    part = PACK.filter(pl.col("dataset") == name)
    get = lambda t: [g["y"].to_numpy() for g in part.filter(pl.col("test") == t).partition_by("id", maintain_order=True)]
    return get(False)[:n], get(True)[:n]


def smape(f, y):
    return float(np.mean([np.mean(200 * np.abs(a[: len(b)] - b) / (np.abs(a[: len(b)]) + np.abs(b))) for a, b in zip(f, y)]))


def peer(model, ys, h):
    started = time.process_time()
    out = []
    for y in ys:
        try:
            out.append(model.forecast(y=y, h=h)["mean"])
        except Exception:
            out.append(np.full(h, y[-1]))
    return np.array(out), time.process_time() - started


def compare(name, make, train, test, h, m, repeat):
    ours, theirs = [], []
    for _ in range(repeat):
        f, _, cpu, _ = common.mercato(train, h, common.methods(m, [name]))
        ours.append(cpu[0])
        g, s = peer(make(), train, h)
        theirs.append(s)
    a, b = np.median(ours) / len(train), np.median(theirs) / len(train)
    out = {"series": len(train), "mercato_us": round(1e6 * a, 2), "statsforecast_us": round(1e6 * b, 1), "ratio": round(b / a, 1)}
    if test is not None:
        out |= {"sMAPE_mercato": round(smape(f[0], test), 3), "sMAPE_statsforecast": round(smape(g, test), 3)}
    else:
        out["largest_difference"] = float(np.max(np.abs(f[0] - g) / np.maximum(1e-9, np.abs(g))))
    return out


def optima(ys, m):
    forms = ["ANN", "MNN", "AAN", "MAN", "AAdN", "MAdN"] + ([] if m == 1 else ["ANA", "AAA", "AAdA", "MNA", "MAA", "MAdA", "MNM", "MAM", "MAdM"])
    parts = [{"auto_ets": {"season_length": m, "model": f.replace("d", ""), "damped": "d" in f}} for f in forms]
    _, ours, _, _ = common.mercato(ys, 1, parts)
    out = {}
    for k, form in enumerate(forms):
        gaps = []
        for i, y in enumerate(ys):
            try:
                theirs = -2 * ets_f(y, m, model=form.replace("d", ""), damped="d" in form)["loglik"]
            except Exception:
                continue
            if np.isfinite(ours[k][i]) and np.isfinite(theirs):
                gaps.append((ours[k][i] - theirs) / max(1, abs(theirs)))
        g = np.array(gaps)
        out[form] = {"series": len(g), "worse_by_1e-6": int((g > 1e-6).sum()), "worst": float(g.max()), "mean": float(g.mean())}
    return out


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--out")
    ap.add_argument("--repeat", type=int, default=3)
    a = ap.parse_args()
    result = {"statsforecast": statsforecast.__version__, "threads": 1, "unit": "CPU microseconds per series, median", "speed": {}, "optima": {}}
    for name, m, h, n in CASES:
        train, test = series(name, n)
        for model, make in PEERS.items():
            result["speed"][f"{name} {model}"] = r = compare(model, lambda: make(m), train, test, h, m, a.repeat)
            print(name, model, r, flush=True)
        result["optima"][name] = o = optima(train[:40], m)
        print(json.dumps(o, indent=1), flush=True)
    parts = [g["y"].drop_nulls().to_numpy() for g in pl.read_parquet(f"{common.DATA}/forecast/carparts/carparts.parquet").partition_by("id", maintain_order=True)]
    parts = [y[~np.isnan(y)] for y in parts][:500]
    parts = [y for y in parts if len(y) > 5]
    for model, make in SPARSE.items():
        result["speed"][f"carparts {model}"] = r = compare(model, make, parts, None, 12, 12, a.repeat)
        print("carparts", model, r, flush=True)
    if a.out:
        json.dump(result, open(a.out, "w"), indent=1)
