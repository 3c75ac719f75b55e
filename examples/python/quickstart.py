"""Recommendations from a shop's invoices, in the time it takes to read this.

python quickstart.py [invoices.parquet]     (columns of the UCI Online Retail data)
"""

import sys
import tempfile
from pathlib import Path

import mercato
import polars as pl
from mercato import recsys

DATA = Path(__file__).resolve().parents[2] / "testdata/online_retail/online_retail.parquet"


def main(path: Path) -> None:
    lines = pl.read_parquet(path).filter(pl.col("CustomerID").is_not_null(), pl.col("Quantity") > 0)
    products = lines.group_by("StockCode").agg(
        name=pl.col("Description").first(), price=pl.col("UnitPrice").median()
    )
    name = dict(products.select("StockCode", "name").iter_rows())

    # Any table that speaks Arrow goes in: polars, pandas, pyarrow, DuckDB. So do arrays and scipy.
    shop = mercato.Interactions.from_table(lines, user="CustomerID", item="StockCode")
    print(shop)

    train, test = shop.split_random(test=0.2, seed=7)
    for estimator in (recsys.Popularity(), recsys.Als(factors=64)):
        found = recsys.evaluate(estimator.fit(train, seed=7), test, k=[10])
        print(f"{type(estimator).__name__:11} recall@10 {found['recall@10']:.3f}")

    model = recsys.Als(factors=64).fit(shop, seed=7, progress=True)
    model = model.with_attributes(
        mercato.ItemAttributes.from_table(products, item="StockCode", columns=["price"])
    )
    customer = shop.users[0]
    print(f"customer {customer} bought", [name[i] for i in shop.items_of(customer)[:3]])
    for id, score in model.recommend(customer, n=3, where={"price": {"lt": 5}}):
        print(f"  may like {name[id]} ({score:.2f})")
    best = model.recommend(customer, n=1)[0]
    print(f"like {name[best.id]}:", [name[s.id] for s in model.similar_items(best.id, n=3)])

    # One file, opened in constant time by Python and Rust alike.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shop.mercato"
        model.save(file)
        again = mercato.open(file)
        assert again.recommend(customer) == model.recommend(customer)
        print(f"{again.__class__.__name__} of {file.stat().st_size / 1e6:.1f} MB, opened again")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)
