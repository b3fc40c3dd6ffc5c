"""The faces of the packages: a package's main names, each loaded from its module when it is first asked for.

Python runs a package's `__init__` before any module of it. A face that loaded all its names would make every start as
slow as the slowest, and would close circles that the modules do not have.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def lazily(package: str, modules: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a face (PEP 562).

    Args:
        package: its `__name__`.
        modules: of the package, each with the names it gives as an import statement has them: `"digest_bytes as digest,
            Digest"`; nothing for the module itself.
    """
    homes: dict[str, tuple[str, str]] = {}
    for module, names in modules.items():
        for name in names.split(","):
            given, _, shown = name.strip().partition(" as ")
            homes[shown or given or module] = (f"{package}.{module}", given)

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name, obj=sys.modules[package])
        module, given = homes[name]
        found = import_module(module)
        value: object = getattr(found, given) if given else found
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted({*vars(sys.modules[package]), *homes})
