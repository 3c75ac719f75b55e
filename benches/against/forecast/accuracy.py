"""Accuracy on M4 (official OWA), M3 (sMAPE), carparts and Online Retail (RMSSE), of single methods and of Auto.

    python accuracy.py [M4_Yearly ...] [--out record.json]

The test part of every data set is scored once per method; nothing is chosen on it.
"""
import argparse, io, json, os, sys, tempfile
import numpy as np, pandas as pd, polars as pl
import common

sys.path.insert(0, os.path.join(common.ROOT, "..", "shared", "score"))
import score_m4

FORECAST = os.path.join(common.DATA, "forecast")
SINGLE = ["AutoEts", "DynamicOptimizedTheta", "AutoCes", "Theta", "Auto"]
SPARSE = ["Naive", "HistoricAverage", "Croston", "CrostonSBA", "CrostonOptimized", "Tsb", "Adida", "Imapa", "Auto"]


def split(frame, id, y):
    parts = frame.partition_by(id, maintain_order=True, as_dict=True)
    return [k[0] for k in parts], [g[y].to_numpy() for g in parts.values()]


def m4(name):
    m, h = score_m4.FR[name]
    season = {"Weekly": 52}.get(name, m)
    ids, series = split(pl.read_parquet(f"{FORECAST}/m4/{name.lower()}_train.parquet"), "id", "y")
    names = {"Yearly": ["AutoEts", "DynamicOptimizedTheta", "AutoCes", "Auto"],
             "Weekly": ["Mstl", "DynamicOptimizedTheta", "AutoCes", "Auto"],
             "Hourly": ["Mstl", "DynamicOptimizedTheta", "SeasonalNaive", "Auto"]}[name]
    f, _, cpu, total = common.mercato(series, h, common.methods(season, names), threads=2)
    out, base = {}, score_m4.naive2()
    table = dict(zip(names, f))
    if name != "Hourly":
        table[f"median({names[0]}, DOT, CES)"] = np.median(f[:3], axis=0)
    for k, v in table.items():
        frame = pd.DataFrame(v, columns=[f"F{i+1}" for i in range(h)], index=pd.Index(ids, name="id"))
        s = score_m4.score_freq(frame, name)
        s["OWA"] = score_m4.owa(s, score_m4.score_freq(base, name))
        out[k] = {q: round(x, 5) for q, x in s.items()}
    for k, c in zip(names, cpu):
        out[k]["cpu_seconds"] = round(c, 2)
    return out


def m3():
    frame = pl.read_parquet(f"{FORECAST}/m3/m3.parquet")
    errors, cpu = {}, {}
    for (period,), g in frame.partition_by("period", as_dict=True, maintain_order=True).items():
        m, h = {"YEARLY": (1, 6), "QUARTERLY": (4, 8), "MONTHLY": (12, 18), "OTHER": (1, 8)}[period]
        ids, train = split(g.filter(~pl.col("test")), "id", "y")
        _, test = split(g.filter(pl.col("test")), "id", "y")
        f, _, c, _ = common.mercato(train, h, common.methods(m, SINGLE), threads=2)
        table = dict(zip(SINGLE, f)) | {"median(ETS, DOT, CES)": np.median(f[:3], axis=0)}
        for k, v in table.items():
            errors.setdefault(k, []).extend(
                np.mean(200 * np.abs(a - b[: len(a)]) / (np.abs(a) + np.abs(b[: len(a)]))) for a, b in zip(test, v))
        for k, s in zip(SINGLE, c):
            cpu[k] = cpu.get(k, 0) + s
    return {k: {"n": len(v), "sMAPE": round(float(np.mean(v)), 4)} | ({"cpu_seconds": round(cpu[k], 2)} if k in cpu else {})
            for k, v in errors.items()}


def rmsse(series, h, season, from_first=True):
    train, test = [y[:-h] for y in series], [y[-h:] for y in series]
    f, _, cpu, _ = common.mercato(train, h, common.methods(season, SPARSE), threads=2)
    out = {}
    for k, v, c in zip(SPARSE, f, cpu):
        scores = []
        for tr, te, p in zip(train, test, v):
            tr = tr[~np.isnan(tr)]
            first = np.flatnonzero(tr)[:1].sum() if from_first else 0
            scale = np.mean(np.diff(tr[first:]) ** 2) if len(tr) > first + 1 else np.nan
            ok = ~np.isnan(te)
            if ok.any() and scale > 0:
                scores.append(np.sqrt(np.mean((te[ok] - p[ok]) ** 2) / scale))
        out[k] = {"n": len(scores), "RMSSE": round(float(np.mean(scores)), 5), "cpu_seconds": round(c, 2)}
    return out


def carparts():
    """Scale over the whole training part, all series; and the same on series without missing values."""
    every = split(pl.read_parquet(f"{FORECAST}/carparts/carparts.parquet"), "id", "y")[1]
    complete = [y for y in every if not np.isnan(y).any()]
    return {"all": rmsse(every, 12, 12, False), "complete": rmsse(complete, 12, 12, False)}


def online_retail():
    frame = pl.read_parquet(f"{common.DATA}/retail/online_retail/daily_sku.parquet")
    wide = frame.with_columns(pl.col("y").cast(pl.Float64)).sort("id", "t")
    last = wide["t"].max()
    series = []
    for g in wide.partition_by("id", maintain_order=True):
        y = np.zeros(last - g["t"][0] + 1)
        y[g["t"].to_numpy() - g["t"][0]] = g["y"].to_numpy()
        if len(y) > 14 + 2:
            series.append(y)
    return rmsse(series, 14, 6)


SETS = {"M4_Yearly": lambda: m4("Yearly"), "M4_Weekly": lambda: m4("Weekly"), "M4_Hourly": lambda: m4("Hourly"),
        "M3": m3, "carparts": carparts, "online_retail": online_retail}

if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("sets", nargs="*", default=list(SETS))
    ap.add_argument("--out")
    a = ap.parse_args()
    result = {}
    for name in a.sets or SETS:
        result[name] = SETS[name]()
        print(name, json.dumps(result[name], indent=1), flush=True)
    if a.out:
        json.dump(result, open(a.out, "w"), indent=1)
