"""Every code that the program can say is in the reference, and the page of errors has no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from anchor.daemon.jobs_view import REASONS, TOLD_AS_IT_IS
from registry.errors import PUBLIC_SENTENCES
from registry.recognition.path import Gap
from registry.verify.verdict import Code

REPOSITORY = Path(__file__).parents[2]
REFERENCE = REPOSITORY / "docs" / "reference"
NAMES = ("code", "default_code")


def codes_in(source: str) -> Iterator[str]:
    """The codes that a module gives: by keyword, as a class's own, or in the place of a parameter of that name."""
    tree = ast.parse(source)
    places = {"Doubt": 0} | dict(parameters(tree))
    constants = dict(imported_by(tree)) | dict(constants_of(tree))
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg=name, value=value) if name in NAMES:
                yield from texts(value, constants)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in NAMES:
                yield from texts(value, constants)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in NAMES:
                yield from texts(value, constants)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=given) if name in places:
                for value in given[places[name] : places[name] + 1]:
                    yield from texts(value, constants)


def parameters(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The functions of a module that take a code, and in which place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
            if "code" in names:
                yield node.name, names.index("code")


def constants_of(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The texts that a module has names for."""
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text))):
                yield name, text
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                yield name, text


def imported_by(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The texts that a module has from another one of ours, by the names it has for them."""
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=str(module), names=names):
                theirs = constants_in(module)
                yield from ((each.asname or each.name, theirs[each.name]) for each in names if each.name in theirs)


@cache
def constants_in(module: str) -> dict[str, str]:
    """The texts that a module of ours has names for."""
    path = REPOSITORY / f"{module.replace('.', '/')}.py"
    return dict(constants_of(ast.parse(path.read_text(encoding="utf-8")))) if path.is_file() else {}


def texts(value: ast.expr, constants: Mapping[str, str]) -> Iterator[str]:
    """The texts that an expression may come to."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Name(id=name) if name in constants:
            yield constants[name]
        case ast.IfExp(body=body, orelse=orelse):
            yield from texts(body, constants)
            yield from texts(orelse, constants)
        case ast.BoolOp(values=values):
            for each in values:
                yield from texts(each, constants)


def all_codes() -> set[str]:
    sources = [path for package in ("registry", "anchor") for path in (REPOSITORY / package).rglob("*.py")]
    said = {code for path in sources for code in codes_in(path.read_text(encoding="utf-8"))}
    return said | set(PUBLIC_SENTENCES) | REASONS.keys() | TOLD_AS_IT_IS | {str(code) for code in (*Code, *Gap)}


def test_every_code_is_in_the_reference() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted(REFERENCE.glob("*.md")))
    codes = all_codes()
    assert len(codes) > 200
    assert sorted(code for code in codes if f"`{code}`" not in pages) == []


def test_the_page_of_errors_has_no_code_that_nobody_says() -> None:
    rows = re.findall(r"^\| (`[^|]*`) \|", (REFERENCE / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    listed = {code for cell in rows for code in re.findall(r"`([a-z0-9-]+)`", cell)}
    assert listed
    assert listed - all_codes() == set()


@pytest.mark.parametrize(
    "source",
    [
        "raise StoreError('x', code='new-code')",
        "raise StoreError('x', code='new-code' if x else None)",
        "class NewError(StoreError):\n    default_code = 'new-code'",
        "class NewError(StoreError):\n    default_code: ClassVar[str] = 'new-code'",
        "NEW: Final = 'new-code'\nraise StoreError('x', code=NEW)",
        "Doubt('new-code', 'x')",
        "class A:\n    def made(self, what, code): ...\n    def fails(self):\n        raise self.made('x', 'new-code')",
    ],
)
def test_a_new_code_is_found(source: str) -> None:
    assert list(codes_in(source)) == ["new-code"]
