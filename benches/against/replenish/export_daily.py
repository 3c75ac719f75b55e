"""Writes daily sales per SKU as plain doubles for the Rust example `replenish_replay`.

    python export_daily.py ../shared/data/retail/online_retail/daily_sku.parquet OUT.bin
"""

import sys

import numpy as np
import polars as pl

d = pl.read_parquet(sys.argv[1]).sort("id", "t")
ids = d["id"].unique(maintain_order=True).to_list()
days = d["t"].max()
sales = np.zeros((len(ids), days))
at = {item: i for i, item in enumerate(ids)}
# Days without a row had no sales.
sales[[at[i] for i in d["id"]], d["t"].to_numpy() - 1] = np.maximum(d["y"].to_numpy(), 0)
price = d.group_by("id", maintain_order=True).agg(pl.col("price").median())["price"].to_numpy()
np.concatenate([[len(ids), days], np.maximum(price, 0.01), sales.ravel()]).astype("<f8").tofile(sys.argv[2])
