"""Hand-written stubs against the module: names, order and defaults of hyperparameters; docstrings."""

import ast
import inspect
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import mercato

DOMAINS = [m.name for m in pkgutil.iter_modules(mercato.__path__) if not m.name.startswith("_")]


def classes():
    for domain in DOMAINS:
        module = __import__(f"mercato.{domain}", fromlist=["x"])
        tree = ast.parse(Path(module.__file__).with_suffix(".pyi").read_text())
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and hasattr(
                getattr(module, node.name, None), "_params"
            ):
                yield pytest.param(vars(module)[node.name], node, id=f"{domain}.{node.name}")


@pytest.mark.parametrize(("cls", "node"), list(classes()))
def test_hyperparameters_in_the_stub_are_those_of_the_record(cls, node):
    new = next(n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__new__")
    names = [a.arg for a in new.args.args[1:]]
    stub = dict(zip(names, map(ast.literal_eval, new.args.defaults), strict=True))
    real = {name: p.default for name, p in inspect.signature(cls).parameters.items()}
    # A default too long for a stub is `...` there.
    stub = {name: real.get(name) if value is ... else value for name, value in stub.items()}
    assert stub == real and list(stub) == list(real)
    assert cls()._params() == real
    attributes = {n.target.id for n in node.body if isinstance(n, ast.AnnAssign)}
    assert attributes == set(real)


def public():
    for name in ["", *DOMAINS]:
        module = __import__(f"mercato.{name}".rstrip("."), fromlist=["x"])
        for export in module.__all__:
            yield f"{module.__name__}.{export}", getattr(module, export)


def test_everything_public_has_a_docstring():
    bare = []
    for path, thing in public():
        members = vars(thing).items() if isinstance(thing, type) else ()
        for name, member in [(path, thing), *((f"{path}.{n}", m) for n, m in members)]:
            if not name.rpartition(".")[2].startswith("_") and not getattr(member, "__doc__", None):
                bare.append(name)
    assert not [b for b in bare if not b.endswith((".code", ".context"))]


def test_docstrings_hold_no_rust():
    for path, thing in public():
        text = inspect.getdoc(thing) or ""
        assert "```" not in text and "::" not in text, path


def test_what_users_write_passes_a_strict_type_check():
    here = Path(__file__).parent
    site = Path(mercato.__file__).resolve().parents[1]
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--no-incremental",
        str(here / "typed_use.py"),
    ]
    check = subprocess.run(
        command, env=os.environ | {"MYPYPATH": str(site)}, cwd=here, capture_output=True, text=True
    )
    assert check.returncode == 0, check.stdout + check.stderr
