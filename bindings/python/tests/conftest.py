"""The shop that the tests work with: real invoices where the checkout has them, else made ones."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mercato
from mercato.recsys import Als

ROOT = Path(__file__).resolve().parents[3]
INVOICES = [
    ROOT / "testdata/online_retail/online_retail.parquet",
    ROOT / "../shared/data/retail/online_retail/online_retail.parquet",
]


def made_invoices() -> pl.DataFrame:
    rng = np.random.default_rng(7)
    n = 40_000
    sku = np.minimum(rng.zipf(1.3, n), 900)
    return pl.DataFrame(
        {
            "user_id": rng.integers(12_000, 13_000, n),
            "item_id": [f"sku{i}" for i in sku],
            "weight": rng.integers(1, 30, n).astype(np.float64),
            "time": (np.datetime64("2011-01-01") + rng.integers(0, 180, n)).astype(
                "datetime64[us]"
            ),
            "price": (sku % 50) / 4,
        }
    )


def real_invoices(path: Path) -> pl.DataFrame:
    quantity = pl.col("Quantity")
    named = pl.read_parquet(path).filter(pl.col("CustomerID").is_not_null(), quantity > 0)
    day = pl.col("InvoiceDate").cast(pl.String).str.split(" ").list.first()
    forms = ["%Y-%m-%d", "%m/%d/%y", "%m/%d/%Y"]
    dates = pl.coalesce([day.str.to_date(form, strict=False, exact=True) for form in forms])
    return named.select(
        user_id="CustomerID",
        item_id="StockCode",
        weight=quantity.cast(pl.Float64),
        time=dates.cast(pl.Datetime("us")),
        price="UnitPrice",
    )


@pytest.fixture(scope="session")
def invoices() -> pl.DataFrame:
    """One row per invoice line: user_id (int), item_id (text), weight, time, price."""
    found = [path for path in INVOICES if path.is_file()]
    return real_invoices(found[0]) if found else made_invoices()


@pytest.fixture(scope="session")
def shop(invoices: pl.DataFrame) -> mercato.Interactions:
    return mercato.Interactions.from_table(invoices, weight="weight", time="time")


@pytest.fixture(scope="session")
def attributes(invoices: pl.DataFrame) -> mercato.ItemAttributes:
    per_item = invoices.group_by("item_id").agg(
        price=pl.col("price").median(), sold=pl.col("weight").sum()
    )
    table = per_item.with_columns(
        kind=pl.when(pl.col("price") < 2).then(pl.lit("small")).otherwise(pl.lit("large")),
        tags=pl.concat_list(pl.col("item_id").str.slice(0, 2), pl.lit("all")),
        cheap=pl.col("price") < 1,
    )
    return mercato.ItemAttributes.from_table(table)


@pytest.fixture(scope="session")
def model(shop, attributes):
    return Als(factors=32, iterations=5).fit(shop, seed=7).with_attributes(attributes)


@pytest.fixture(scope="session")
def user(shop):
    return int(shop.users[5])
