"""The data doors: every table library, arrays, sparse matrices, and what is refused."""

import datetime as dt
import math

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from mercato import Interactions, InvalidInputError, InvalidParamsError, ItemAttributes

NAMES = {"weight": "weight", "time": "time"}


@pytest.fixture(scope="module")
def frames(invoices):
    arrow = invoices.to_arrow()
    return {
        "polars": invoices,
        "polars in chunks": pl.concat([invoices[:100], invoices[100:]], rechunk=False),
        "pandas": invoices.to_pandas(),
        "pandas of arrow": invoices.to_pandas(use_pyarrow_extension_array=True),
        "pyarrow": arrow,
        "batches": pa.RecordBatchReader.from_batches(arrow.schema, arrow.to_batches(1000)),
        "duckdb": duckdb.sql("select * from invoices"),
    }


def test_every_table_library_gives_the_same_interactions(frames, shop):
    for name, table in frames.items():
        assert Interactions.from_table(table, **NAMES) == shop, name
    assert shop.has_times and shop.n_events > len(shop) > 0


def test_arrays_give_what_the_table_gives(invoices, shop):
    columns = [invoices[c] for c in ("user_id", "item_id", "weight", "time")]
    for convert in (
        lambda c: c,
        lambda c: c.to_numpy(),
        lambda c: c.to_arrow(),
        lambda c: c.to_pandas(),
        lambda c: c.to_list(),
        lambda c: tuple(c),
    ):
        assert Interactions.from_arrays(*map(convert, columns)) == shop


def test_every_integer_width_and_text_layout_is_an_id():
    one = Interactions.from_arrays([1, 2, 2], ["a", "b", "a"])
    for dtype in "int8 int16 int32 int64 uint8 uint16 uint32 uint64".split():
        assert Interactions.from_arrays(np.array([1, 2, 2], dtype), ["a", "b", "a"]) == one
    assert Interactions.from_arrays(np.array([1, 2, 2], ">i4"), ["a", "b", "a"]) == one
    text = pa.array(["a", "b", "a"])
    for layout in (pa.string(), pa.large_string(), pa.string_view()):
        assert Interactions.from_arrays([1, 2, 2], text.cast(layout)) == one
    assert Interactions.from_arrays([1, 2, 2], text.dictionary_encode()) == one
    assert (
        Interactions.from_arrays([1, 2, 2], pl.Series(["a", "b", "a"], dtype=pl.Categorical)) == one
    )
    assert Interactions.from_arrays([1, 2, 2], np.array(["a", "b", "a"])) == one
    assert Interactions.from_arrays([1, 2, 2], np.array(["a", "b", "a"], object)) == one
    assert Interactions.from_arrays([1.0, 2.0, 2.0], ["a", "b", "a"]) == one, "whole floats are ids"
    assert one.users.dtype == np.int64 and one.items.tolist() == ["a", "b"]


def test_arrays_need_not_be_contiguous_or_ordered():
    users = np.array([[1, 9], [2, 9], [2, 9]])[:, 0]
    backwards = Interactions.from_arrays([2, 2, 1], ["c", "b", "a"])
    assert Interactions.from_arrays(users, ["a", "b", "c"]) == backwards


def test_a_sparse_matrix_goes_in_and_comes_out(shop):
    matrix = shop.to_csr()
    again = Interactions.from_csr(matrix, users=shop.users, items=shop.items)
    assert (again.to_csr() != matrix).nnz == 0
    assert (again.users == shop.users).all() and (again.items == shop.items).all()
    small = sp.csr_matrix(np.array([[0, 2.5], [1, 0]], np.float32))
    for form in (small, small.tocoo(), sp.csr_array(small), small.astype(np.int64).tocsc()):
        inter = Interactions.from_csr(form)
        assert (inter.n_users, inter.n_items, len(inter)) == (2, 2, 2)
        assert inter.users.tolist() == [0, 1]


def test_times_are_dates_or_integers(invoices, shop):
    cut = dt.datetime(2011, 3, 1)
    train, test = shop.split_time(cut)
    assert train.n_events + test.n_events == shop.n_events
    assert test.n_events == invoices.filter(pl.col("time") >= cut).height
    assert shop.split_time(dt.date(2011, 3, 1))[0] == train
    assert shop.split_time(np.datetime64("2011-03-01"))[0] == train
    with pytest.raises(InvalidParamsError, match="date"):
        shop.split_time(17)
    steps = Interactions.from_arrays([1, 1], ["a", "b"], times=[10, 20])
    assert steps.split_time(20)[1].items_of(1) == ["b"]
    with pytest.raises(InvalidParamsError, match="integer"):
        steps.split_time(cut)
    for times in ([cut, cut], np.array([cut, cut], "datetime64[ns]"), pd.to_datetime([cut, cut])):
        assert (
            Interactions.from_arrays([1, 1], ["a", "b"], times=times).split_time(cut)[1].n_events
            == 2
        )


def test_splits_lose_nothing(shop):
    for train, test in (shop.split_random(test=0.25, seed=3), shop.split_last(n=2)):
        assert train.n_events + test.n_events == shop.n_events
        assert (train.users == shop.users).all()
    assert shop.split_random(seed=3) == shop.split_random(seed=3)


def bad(message, **changes):
    columns = {"user_id": [1, 2], "item_id": ["a", "b"], "weight": [1.0, 2.0], "time": [1, 2]}
    return pytest.param(columns | changes, message, id=message)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        bad("user_id.*row 1", user_id=[1, None]),
        bad("item_id.*row 0", item_id=[None, "b"]),
        bad("weight.*NaN.*row 1", weight=[1.0, math.nan]),
        bad("weight.*inf.*row 0", weight=[math.inf, 1.0]),
        bad("weight.*-2.*row 1", weight=[1.0, -2.0]),
        bad("weight.*row 0", weight=[None, 1.0]),
        bad("weight.*texts", weight=["1", "2"]),
        bad("user_id.*1.5.*row 0", user_id=[1.5, 2.0]),
        bad("user_id.*18446744073709551615", user_id=pl.Series([1, 2**64 - 1], dtype=pl.UInt64)),
        bad("user_id.*bool", user_id=[True, False]),
        bad("item_id.*times", item_id=[dt.date(2011, 1, 1)] * 2),
        bad("item_id.*List", item_id=[[1], [2]]),
        bad("time.*floats", time=[1.0, 2.0]),
        bad("time.*row 1", time=[dt.date(2011, 1, 1), None]),
    ],
)
def test_bad_tables_are_refused_by_column_and_row(columns, message):
    with pytest.raises(InvalidInputError, match=message) as caught:
        Interactions.from_table(pl.DataFrame(columns), weight="weight", time="time")
    assert caught.value.code == "invalid_input"
    assert isinstance(caught.value, ValueError)
    assert caught.value.context["column"] in columns


def test_a_missing_column_is_named_with_those_that_are_there():
    with pytest.raises(InvalidInputError, match="user_id.*a.*b") as caught:
        Interactions.from_table(pl.DataFrame({"a": [1], "b": [2]}))
    assert caught.value.context["column"] == "user_id"


@pytest.mark.parametrize("table", [None, 3, "file.csv", {"user_id": [1]}, [{"user_id": 1}], object])
def test_what_is_no_table_is_refused(table):
    with pytest.raises(InvalidInputError, match="expected a table"):
        Interactions.from_table(table)


def test_mixed_ids_are_refused_by_row():
    with pytest.raises(InvalidInputError, match="users.*row 2.*str"):
        Interactions.from_arrays([1, 2, "x"], ["a", "b", "c"])
    with pytest.raises(InvalidInputError, match="items.*row 1.*int"):
        Interactions.from_arrays([1, 2, 3], ["a", 2, "c"])
    mixed = pd.DataFrame({"user_id": [1, "x"], "item_id": [1, 2]}, dtype=object)
    with pytest.raises(InvalidInputError, match="user_id"):
        Interactions.from_table(mixed)


@pytest.mark.parametrize(
    ("users", "items", "weights"),
    [
        ([1, 2], ["a"], None),
        ([1, 2], ["a", "b"], [1.0]),
        ([1, None], ["a", "b"], None),
        (np.zeros((2, 2), int), ["a", "b"], None),
        (3, ["a"], None),
        ([object(), object()], ["a", "b"], None),
        ([b"x", b"y"], ["a", "b"], None),
        ([1, 2], ["a", "b"], ["x", "y"]),
        ([1, 2], ["a", "b"], np.array([1, 2], complex)),
    ],
)
def test_bad_arrays_are_refused(users, items, weights):
    with pytest.raises(InvalidInputError):
        Interactions.from_arrays(users, items, weights)


def test_bad_matrices_are_refused():
    matrix = sp.csr_array(np.eye(3))
    with pytest.raises(InvalidInputError, match="tocsr"):
        Interactions.from_csr(np.eye(3))
    with pytest.raises(InvalidInputError):
        Interactions.from_csr(matrix, users=[1, 2])
    with pytest.raises(InvalidInputError, match="more than once"):
        Interactions.from_csr(matrix, items=["a", "a", "b"])
    matrix.data[1] = np.nan
    with pytest.raises(InvalidInputError, match="NaN"):
        Interactions.from_csr(matrix)
    broken = sp.csr_array(np.eye(3))
    broken.indices[0] = 99
    with pytest.raises(InvalidInputError, match="row 0"):
        Interactions.from_csr(broken)


def test_empty_data_is_data():
    empty = Interactions.from_table(pl.DataFrame({"user_id": [1], "item_id": ["a"]})[:0])
    assert (len(empty), empty.n_users) == (0, 0)
    assert len(Interactions.from_arrays([], [])) == 0


def test_attributes_take_text_numbers_flags_and_tags(attributes):
    assert dict(attributes.columns) == {
        "price": "number",
        "sold": "number",
        "kind": "text",
        "tags": "tags",
        "cheap": "bool",
    }
    with pytest.raises(InvalidInputError, match="more than once"):
        ItemAttributes.from_table(pl.DataFrame({"item_id": [1, 1], "a": ["x", "y"]}))
    with pytest.raises(InvalidInputError, match="no column"):
        ItemAttributes.from_table(pl.DataFrame({"item_id": [1]}), columns=["a"])
