"""Applications for `lookup_http`: the service over the folder and stores that LOOKUP_BENCH… name, and a bare one."""

from __future__ import annotations

import os
from pathlib import Path

from fastapi import FastAPI

from registry.database.engine import open_database
from registry.index.reader import Index
from registry.service.app import create_app
from registry.service.service import Service, spare_collections
from registry.trees.open import open_trees
from scripts.bench.many_batches import CHAIN, CONTRACT


def service() -> FastAPI:
    """The lookup service without limits of rate."""
    folder = Path(os.environ["LOOKUP_BENCH"])
    engine = open_database(os.environ.get("LOOKUP_BENCH_DATABASE", f"sqlite:///{folder / 'testamur.db'}"))
    spare_collections()
    trees = open_trees(os.environ.get("LOOKUP_BENCH_TREES", folder / "trees"))
    return create_app(Service(Index(engine, CHAIN, CONTRACT), trees))


def hello() -> FastAPI:
    """The least that FastAPI can answer."""
    app = FastAPI()

    @app.get("/")
    async def say_hello() -> dict[str, str]:
        return {"hello": "world"}

    return app
