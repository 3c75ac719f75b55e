"""Errors: one class per code, the built-in beside it, and the process lives after a panic."""

import pickle

import pytest

import mercato
from mercato import _mercato

BUILT_IN = {
    "InvalidParamsError": ValueError,
    "InvalidInputError": ValueError,
    "NotEnoughDataError": ValueError,
    "UnknownIdError": KeyError,
    "IoError": OSError,
}
CLASSES = [c for c in vars(mercato).values() if isinstance(c, type) and issubclass(c, Exception)]


def test_every_code_has_its_class():
    codes = {c.code: c.__name__ for c in CLASSES if c is not mercato.MercatoError}
    assert len(codes) == len(CLASSES) - 1 >= 14
    for code, name in codes.items():
        assert name == code.title().replace("_", "") + "Error"
        assert getattr(mercato, name).__doc__


@pytest.mark.parametrize("cls", CLASSES)
def test_each_class_also_is_the_matching_built_in(cls):
    assert issubclass(cls, mercato.MercatoError)
    assert issubclass(cls, BUILT_IN.get(cls.__name__, Exception))
    assert cls.__module__ == "mercato"
    again = pickle.loads(pickle.dumps(cls("what went wrong")))
    assert type(again) is cls and str(again) == "what went wrong"


def test_a_caught_error_tells_code_message_and_context(model):
    with pytest.raises(KeyError) as caught:
        model.recommend(-1)
    error = caught.value
    assert isinstance(error, mercato.UnknownIdError)
    assert (error.code, str(error), error.context) == (
        "unknown_id",
        "unknown user -1",
        {"user": "-1"},
    )
    assert pickle.loads(pickle.dumps(error)).context == {"user": "-1"}


@pytest.mark.parametrize("panic", ["here", "on a thread"])
def test_a_panic_becomes_an_internal_error_and_the_process_lives(panic, model, user):
    for _ in range(3):
        with pytest.raises(mercato.InternalError, match="asked to panic") as caught:
            _mercato._test_panic(long=panic == "on a thread")
        assert caught.value.code == "internal"
    assert model.recommend(user)
