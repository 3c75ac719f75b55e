"""Models as files, bytes and pickles: equal to the last bit, and safe against damage."""

import copy
import multiprocessing
import pickle
import resource

import pytest

import mercato
from mercato import recsys
from mercato.recsys import RepeatBasket, SequenceLinear, Ease, Als, ItemKnn, Popularity, Spectral


@pytest.fixture(
    scope="module",
    params=[
        Als(factors=8, iterations=2),
        ItemKnn(neighbors=20),
        Popularity(),
        Spectral(rank=8),
        Ease(),
        RepeatBasket(),
        SequenceLinear(),
    ],
    ids=repr,
)
def saved(request, shop, attributes, tmp_path_factory):
    model = request.param.fit(shop, seed=3).with_attributes(attributes)
    path = tmp_path_factory.mktemp("models") / "shop.mercato"
    model.save(path)
    return model, path


def answers(model):
    where = {"kind": "small"}
    return model.recommend_batch(n=9).items.tolist(), model.recommend_batch(
        n=9, where=where
    ).scores.tobytes()


def test_every_way_back_gives_the_same_answers(saved):
    model, path = saved
    cls = type(model)
    expected = answers(model)
    for again in (
        cls.open(path),
        cls.open(str(path)),
        cls.load(path),
        mercato.open(path),
        cls.from_bytes(model.to_bytes()),
        pickle.loads(pickle.dumps(model)),
    ):
        assert type(again) is cls
        assert answers(again) == expected
        assert again.params == model.params and repr(again) == repr(model)
    assert model.to_bytes() == path.read_bytes() == cls.open(path).to_bytes()
    assert copy.copy(model) is model and copy.deepcopy(model) is model


def test_a_file_tells_what_it_is(saved):
    model, path = saved
    about = mercato.inspect(path)
    kinds = {"als", "ease", "item_knn", "popularity", "repeat_basket", "sequence_linear", "spectral"}
    assert about["kind"] in kinds
    assert about["bytes"] == path.stat().st_size
    assert about["meta"]["params"] and about["sections"]
    assert mercato.verify(path) is None


def test_another_kind_is_refused(saved, tmp_path):
    model, path = saved
    other = recsys.ItemKnnModel if isinstance(model, recsys.AlsModel) else recsys.AlsModel
    with pytest.raises(mercato.WrongKindError):
        other.open(path)


def test_damaged_and_missing_files_are_typed_errors(saved, tmp_path):
    model, path = saved
    whole = path.read_bytes()
    broken = tmp_path / "broken.mercato"
    for content in (b"", b"x", whole[:100], whole[:-64], whole + bytes(64), b"PAR1" + whole[4:]):
        broken.write_bytes(content)
        for use in (
            type(model).open,
            type(model).load,
            mercato.open,
            mercato.inspect,
            mercato.verify,
        ):
            with pytest.raises(mercato.CorruptArtifactError):
                use(broken)
    at = len(whole) // 2
    broken.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    for use in (type(model).load, mercato.verify):
        with pytest.raises(mercato.CorruptArtifactError):
            use(broken)
    for missing in (tmp_path / "none.mercato", tmp_path):
        with pytest.raises(OSError) as caught:
            mercato.open(missing)
        assert caught.value.code == "io"
    with pytest.raises(mercato.IoError):
        model.save(tmp_path / "no" / "folder.mercato")
    with pytest.raises(mercato.CorruptArtifactError):
        type(model).from_bytes(b"nothing")
    with pytest.raises(TypeError):
        mercato.open(3)


def test_a_model_crosses_processes(saved):
    model, _ = saved
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(answers, (model,)) == answers(model)


def resident() -> int:
    """KiB of memory that this process holds."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_ten_thousand_open_and_close_cycles_do_not_leak(saved, user):
    model, path = saved

    def cycles(n):
        for _ in range(n):
            assert len(mercato.open(path).recommend(user, n=3)) == 3

    cycles(500)
    before = resident()
    cycles(10_000)
    assert resident() - before < 8_000


def test_ten_thousand_failed_calls_do_not_leak(saved):
    model, path = saved

    def failures(n):
        for _ in range(n):
            with pytest.raises(KeyError):
                model.recommend(-1)

    failures(500)
    before = resident()
    failures(10_000)
    assert resident() - before < 8_000
