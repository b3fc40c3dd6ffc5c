"""The faces of the packages: each name is listed, can be imported, and is explained."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

import registry
from registry import Trust
from registry.faces import lazily
from tests.conftest import Run

REPOSITORY = Path(__file__).parents[2]
FACES = [
    "registry",
    *(
        f"registry.{folder.parent.name}"
        for folder in sorted((REPOSITORY / "registry").glob("*/__init__.py"))
        if "__all__" in folder.read_text(encoding="utf-8")
    ),
]
NAMES = [(face, name) for face in FACES for name in import_module(face).__all__]


def imported_for_types(face: str) -> dict[str, tuple[str, str]]:
    """The names that a face shows to who checks types: the module of each, and its name there."""
    tree = ast.parse(Path(str(import_module(face).__file__)).read_text(encoding="utf-8"))
    found = {}
    for branch in (node for node in tree.body if isinstance(node, ast.If)):
        for line in branch.body:
            assert isinstance(line, ast.ImportFrom)
            found |= {alias.asname or alias.name: (str(line.module), alias.name) for alias in line.names}
    return found


def test_the_rooms_that_others_use_have_faces() -> None:
    wanted = "audit chain credential document embedded index merkle receipt recognition trees verifier verify"
    assert {f"registry.{room}" for room in wanted.split()} <= set(FACES)


@pytest.mark.parametrize("face", FACES)
def test_what_is_listed_is_what_types_are_checked_by_and_what_is_loaded(face: str) -> None:
    listed = import_module(face).__all__
    shown = imported_for_types(face)
    assert sorted(set(listed)) == sorted(listed)
    assert set(listed) == set(shown)
    for name, (module, own_name) in shown.items():
        there = import_module(f"{module}.{own_name}") if module == face else getattr(import_module(module), own_name)
        assert getattr(import_module(face), name) is there, name


@pytest.mark.parametrize(("face", "name"), NAMES, ids=[f"{face}.{name}" for face, name in NAMES])
def test_every_name_is_explained(face: str, name: str) -> None:
    found = getattr(import_module(face), name)
    if isinstance(found, type | FunctionType | ModuleType):
        assert (found.__doc__ or "").strip(), "no docstring"
        # A dataclass without a docstring gets its signature for one.
        assert not (found.__doc__ or "").startswith(f"{name}("), "no docstring"
    else:
        assert name in dir(import_module(face))


@pytest.mark.parametrize("face", FACES)
def test_a_name_that_is_not_there_is_told_as_by_any_module(face: str) -> None:
    module = import_module(face)
    assert set(module.__all__) <= set(dir(module))
    with pytest.raises(AttributeError, match=f"module '{face}' has no attribute 'nothing'"):
        _ = module.nothing


def test_a_face_is_small() -> None:
    for face in FACES[1:]:
        assert len(Path(str(import_module(face).__file__)).read_text(encoding="utf-8").splitlines()) < 40, face


@pytest.mark.parametrize("face", FACES)
def test_to_import_a_face_loads_nothing_else_of_the_project(face: str) -> None:
    code = f"import sys, {face}; print(*sorted(name for name in sys.modules if name.split('.')[0] == 'registry'))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert set(ran.stdout.split()) == {"registry", "registry.faces", face}


def test_a_name_may_have_another_one_on_the_face() -> None:
    load, names = lazily("registry", {"credential.digest": "digest_bytes as made, Digest", "errors": ""})
    from registry import errors
    from registry.credential.digest import Digest, digest_bytes

    try:
        assert (load("made"), load("Digest"), load("errors")) == (digest_bytes, Digest, errors)
        assert {"made", "Digest", "errors"} <= set(names())
    finally:
        del registry.made  # type: ignore[attr-defined]


def example() -> str:
    """The lines of the package's docstring that are code."""
    return inspect.cleandoc(str(registry.__doc__)).partition("```python\n")[2].partition("```")[0]


def test_the_example_of_the_front_door_judges_a_credential(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from registry.embedded import EmbeddedChain

    assert len([line for line in example().splitlines() if line]) <= 15
    document = Path("diploma.json")
    document.write_text('{"type": ["VerifiableCredential"], "issuer": "did:web:university.example"}', encoding="utf-8")
    assert run("issuer", "register", "--uri", "did:web:university.example").code == 0
    root = run("anchor", document, "--wait", "--json").json["batches"][0]["root"]
    assert run("receipts", root, "-o", "receipts").code == 0
    receipt = next(Path("receipts").glob("*.json"))

    names: dict[str, Any] = {}
    exec(example(), names)  # the lines that the documentation shows
    believed = Trust({1: "University of Example"})
    with EmbeddedChain(Path("testamur-data/chain")) as chain, monkeypatch.context() as patched:
        patched.setitem(names, "connect", lambda _: chain.client())
        assert names["judge"](document, receipt, "http://127.0.0.1:8545", believed) == "valid with a warning"
        assert names["judge"](receipt, receipt, "http://127.0.0.1:8545", believed) == "not valid"
    assert names["judge"](document, receipt, "http://127.0.0.1:1", believed) == "could not be checked"
    assert "cannot be judged: " in names["judge"](document, document, "http://127.0.0.1:1", believed)
