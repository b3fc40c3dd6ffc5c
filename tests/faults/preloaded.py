"""All of the program, for a process from which daemons are forked."""

import importlib
import pkgutil

for package in ("anchor", "registry"):
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not found.name.endswith("__main__") and ".migrations" not in found.name:
            importlib.import_module(found.name)
