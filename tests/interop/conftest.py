"""The product's files and what packages of others say of them: both are made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.interop.product import Product, product


@pytest.fixture(scope="package")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with product(tmp_path_factory.mktemp("product")) as found:
        yield found
