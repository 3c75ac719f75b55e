"""Writes daily sales as plain doubles for the Rust example `replenish_replay`.

    python export_daily.py online ../shared/data/retail/online_retail/daily_sku.parquet OUT.bin
    python export_daily.py rossmann ../shared/data/forecast/rossmann100/rossmann_sales.parquet OUT.bin

Header (items, days, covariates, days per year, review period, first and last day of validation), prices,
sales, and the covariates with 14 days of zeros after the last day, which no order that arrives looks at. Rossmann:
the turnover of a store stands for the demand of an item of price 1; promotions, opening and school
holidays and the weekday are known in advance.
"""

import sys

import numpy as np
import polars as pl

kind, source, out = sys.argv[1:]
d = pl.read_parquet(source)
if kind == "online":
    d = d.sort("id", "t")
    ids, day = d["id"].unique(maintain_order=True).to_list(), d["t"].to_numpy() - 1
    at = {item: i for i, item in enumerate(ids)}
    rows, values, known = [at[i] for i in d["id"]], d["y"], []
    price = d.group_by("id", maintain_order=True).agg(pl.col("price").median())["price"].to_numpy()
    year, review, validation = 300, 7, (56, 84)
else:
    d = d.sort("Store", "Date")
    dates = {x: i for i, x in enumerate(d["Date"].unique().sort())}
    ids, day = d["Store"].unique().to_list(), np.array([dates[x] for x in d["Date"]])
    rows, values = d["Store"].to_numpy() - 1, d["Sales"]
    weekday = [((d["DayOfWeek"] == w) & (d["Open"] == 1)).cast(pl.Int64) for w in (0, 5)]
    known = [d["Promo"] * d["Open"], d["Open"], d["SchoolHoliday"], *weekday]
    price, year, review, validation = np.ones(len(ids)), 365, 1, (690, 774)
days = int(day.max()) + 1


def matrix(values, after=0):
    full = np.zeros((len(ids), days + after))  # days without a row had no sales
    full[rows, day] = np.maximum(values.to_numpy(), 0)
    return full


covariates = np.stack([matrix(k, 14) for k in known], 1) if known else np.zeros(0)
header = [len(ids), days, len(known), year, review, *validation]
parts = [header, np.maximum(price, 0.01), matrix(values).ravel(), covariates.ravel()]
np.concatenate(parts).astype("<f8").tofile(out)
