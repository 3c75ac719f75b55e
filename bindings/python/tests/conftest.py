"""The shop that the tests work with: the real invoices of testdata/."""

from pathlib import Path

import polars as pl
import pytest

import mercato
from mercato.recsys import Als

ROOT = Path(__file__).resolve().parents[3]
INVOICES = ROOT / "testdata/online_retail/online_retail.parquet"


@pytest.fixture(scope="session")
def invoices() -> pl.DataFrame:
    """One row per invoice line: user_id (int), item_id (text), weight, time, price."""
    quantity = pl.col("Quantity")
    named = pl.read_parquet(INVOICES).filter(pl.col("CustomerID").is_not_null(), quantity > 0)
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
