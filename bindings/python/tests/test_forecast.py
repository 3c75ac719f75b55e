"""Forecasting from Python, on the daily sales of a real shop where the checkout has them."""

import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mercato
from mercato import Panel
from mercato.forecast import (
    Auto,
    AutoEts,
    Conformal,
    Ensemble,
    ForecastModel,
    Mstl,
    Naive,
    SeasonalNaive,
    Tsb,
    cross_validate,
    evaluate,
)

ROOT = Path(__file__).resolve().parents[3]
DAILY = ROOT / "../shared/data/retail/online_retail/daily_sku.parquet"


def daily_sales() -> pl.DataFrame:
    """Daily sales of 40 products: unique_id, ds (date), y."""
    if DAILY.exists():
        frame = pl.read_parquet(DAILY).with_columns(pl.col("y").cast(pl.Float64))
        frame = frame.select(unique_id="id", ds="date", y="y", price="price")
    else:
        rng = np.random.default_rng(7)
        days = np.arange("2011-01-03", "2011-06-27", dtype="datetime64[D]")
        days = days[np.is_busday(days)]
        parts = [
            pl.DataFrame(
                {
                    "unique_id": [f"sku{i}"] * len(days),
                    "ds": days,
                    "y": rng.poisson(3 + i % 5, len(days)).astype(float),
                    "price": rng.uniform(1, 3, len(days)),
                }
            )
            for i in range(40)
        ]
        frame = pl.concat(parts)
    keep = frame["unique_id"].unique(maintain_order=True).to_list()[:40]
    return frame.filter(pl.col("unique_id").is_in(keep)).sort("unique_id", "ds")


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel.from_table(daily_sales(), freq="D", gaps="zero", known=["price"])


def test_a_panel_fills_gaps_and_keeps_every_sale(panel: Panel) -> None:
    frame = daily_sales()
    assert len(panel) == frame["unique_id"].n_unique()
    total = sum(np.nansum(panel.values(i)) for i in panel.ids)
    assert total == pytest.approx(frame["y"].sum())
    assert pickle.loads(pickle.dumps(panel)) == panel


def test_every_series_gets_finite_forecasts_with_limits(panel: Panel) -> None:
    model = Auto(season_length=7).fit(panel)
    table = model.predict(14, levels=[80, 95]).to_polars()
    assert table.columns == ["unique_id", "ds", "mean", "lo-80", "hi-80", "lo-95", "hi-95"]
    assert table.height == 14 * len(panel)
    assert table.select(pl.exclude("unique_id", "ds").is_finite().all()).row(0) == (True,) * 5
    assert (table["lo-95"] <= table["lo-80"]).all()
    first = table.filter(pl.col("unique_id") == panel.ids[0])["ds"]
    assert first.diff().drop_nulls().dt.total_days().unique().to_list() == [1]


def test_models_are_saved_opened_pickled_and_updated(panel: Panel, tmp_path: Path) -> None:
    model = AutoEts(season_length=7).fit(panel.without_last(7))
    path = tmp_path / "sales.mercato"
    model.save(path)
    want = model.predict(7)["mean"]
    again = mercato.open(path)
    assert isinstance(again, ForecastModel)
    for other in (again, ForecastModel.load(path), pickle.loads(pickle.dumps(model))):
        assert np.array_equal(other.predict(7)["mean"], want)
    later = model.update(panel)
    assert later.predict(1)["ds"][0] - model.predict(1)["ds"][0] == np.timedelta64(7, "D")
    assert model.chosen(panel.ids[0]) is not None


def test_a_backtest_scores_every_method(panel: Panel) -> None:
    methods = {"naive": Naive(), "week": SeasonalNaive(7), "tsb": Tsb()}
    cv = cross_validate(methods, panel, horizon=7, windows=2, levels=[90])
    table = pl.DataFrame(cv)
    assert {"unique_id", "ds", "cutoff", "y", "naive", "week", "tsb", "tsb-hi-90"} <= set(table.columns)
    assert table.height == len(cv) == 14 * len(panel)
    scores = evaluate(cv, metrics=["rmsse", "coverage", "pinball"]).to_polars()
    assert set(scores["model"]) == set(methods)
    assert "coverage-90" in set(scores["metric"])
    assert scores["value"].is_finite().all()


def test_methods_are_made_of_methods(panel: Panel) -> None:
    for method in (
        Ensemble([AutoEts(7), Naive()], combine="mean"),
        Conformal(SeasonalNaive(7), horizon=7, windows=5),
        Mstl([7], method=Naive()),
    ):
        table = method.fit(panel, threads=1).predict(7, levels=[80])
        assert np.isfinite(table["mean"]).all(), repr(method)


def test_integer_ids_and_steps_come_back_as_they_went_in() -> None:
    frame = pl.DataFrame({"unique_id": [7, 7, 9], "ds": [1, 2, 5], "y": [1.0, 2.0, 3.0]})
    table = Naive().fit(Panel.from_table(frame, freq=1)).predict(1).to_polars()
    assert table.rows() == [(7, 3, 2.0), (9, 6, 3.0)]


def test_mistakes_name_the_row_and_the_parameter() -> None:
    twice = pl.DataFrame({"unique_id": ["a", "a"], "ds": [1, 1], "y": [1.0, 2.0]})
    with pytest.raises(mercato.InvalidInputError) as e:
        Panel.from_table(twice, freq=1)
    assert (e.value.context["id"], e.value.context["row"]) == ("a", "1")
    assert Panel.from_table(twice, freq=1, duplicates="sum").values("a").tolist() == [3.0]
    with pytest.raises(mercato.InvalidParamsError, match="model"):
        AutoEts(model="AAM")
    with pytest.raises(mercato.InvalidInputError, match="integer step"):
        Panel.from_table(twice, freq="D")


def test_a_series_without_data_is_reported_not_raised() -> None:
    frame = pl.DataFrame({"unique_id": ["a", "b", "b"], "ds": [1, 1, 2], "y": [None, 1.0, 2.0]})
    model = AutoEts().fit(Panel.from_table(frame, freq=1))
    reasons = {f["id"]: (f["reason"], f["fallback"]) for f in model.failures()}
    assert reasons == {"a": ("no_observations", None), "b": ("too_short", "Naive")}
    assert model.predict(2).to_polars()["unique_id"].unique().to_list() == ["b"]
