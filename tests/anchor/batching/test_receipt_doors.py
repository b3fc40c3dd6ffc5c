"""Every door that receipts leave by gives only such as prove their credential, or says what is wrong with the tree.

The doors are held against each other over random damage; after each, `trees repair` makes the tree again, to the byte.
"""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from typer.testing import CliRunner

from anchor.batching.receipts import receipt_at, tree_for_receipts
from anchor.books.batches import BatchRow, Place
from anchor.books.keys import KeyStore
from anchor.books.tables import BatchState
from anchor.cli.app import app
from anchor.daemon import jobs_api as http
from anchor.daemon.jobs_api import create_intake_app
from anchor.intake.streams import IntakeLimits
from anchor.restoring.trees import Repairs
from anchor.settings import Settings
from anchor.workspace import Workspace
from registry.credential.digest import Limits
from registry.errors import StoreError
from registry.merkle.proof import check_inclusion
from registry.merkle.tree import Tree
from registry.receipt.model import parse
from registry.trees.folder import FolderTrees
from tests.anchor.issuer import CHAIN, CONTRACT, Site, credential

COUNT = 41
UNUSABLE = {"tree-damaged", "tree-missing"}
T = TypeVar("T")


@dataclass
class Batch:
    """An anchored batch and the ways to its receipts."""

    site: Site
    client: TestClient
    job: str
    row: BatchRow
    path: Path
    good: bytes

    @property
    def doors(self) -> dict[str, Callable[[], list[bytes]]]:
        """Each gives receipts, or raises `StoreError`."""
        return {"zip": self.zipped, "lines": self.lines, "command": self.command}

    def zipped(self) -> list[bytes]:
        content = self._answer("application/zip")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            return [archive.read(name) for name in archive.namelist()]

    def lines(self) -> list[bytes]:
        return self._answer("application/x-ndjson").splitlines()

    def _answer(self, kind: str) -> bytes:
        answer = self.client.get(f"/v1/jobs/{self.job}/receipts", headers={"Accept": kind})
        if answer.status_code == 200:
            return answer.content
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert answer.status_code == 503
        assert self.row.root.hex() in problem["detail"]
        assert f"testamur trees repair 0x{self.row.root.hex()}" in problem["remedy"]
        assert "data" not in answer.text, "where it lies is the operator's affair"
        raise StoreError(problem["detail"], code=problem["code"])

    def command(self) -> list[bytes]:
        with TemporaryDirectory() as folder:
            output = Path(folder) / "receipts.jsonl"
            options = ["--data-folder", str(self.site.folder.path), "--json"]
            ran = CliRunner().invoke(app, ["receipts", f"0x{self.row.root.hex()}", "-o", str(output), *options])
            if ran.exit_code == 0:
                return output.read_bytes().splitlines()
            assert not output.exists()
            error = json.loads(ran.stdout)["error"]
            assert f"testamur trees repair 0x{self.row.root.hex()}" in error["remedy"]
            raise StoreError(error["what"], code=error["code"])


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workspace, "chain_id", 31337)
        patch.setattr(Workspace, "contract_address", CONTRACT)
        patch.setenv("TESTAMUR_CHAIN", "http://127.0.0.1:9")
        site = Site(tmp_path_factory.mktemp("doors") / "data")
        service = create_intake_app(site.folder, CHAIN, CONTRACT, limits=IntakeLimits(), notices=site.notices)
        key = KeyStore(site.engine, CHAIN, CONTRACT).add(1, "test")[1]
        with TestClient(service, headers={"Authorization": f"Bearer {key}"}) as client:
            lines = b"\n".join(map(credential, range(COUNT)))
            answer = client.post("/v1/jobs", content=lines, headers={"Content-Type": "application/x-ndjson"})
            assert site.seal() == 1
            site.mined(state=BatchState.FINAL)
            (row,) = site.batches.all()
            path = site.folder.tree_path(row.tree)
            yield Batch(site, client, answer.json()["id"], row, path, path.read_bytes())
        site.folder.close()


def test_large_trees_in_memory_are_bounded(here: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    size = COUNT * http.LEAF_BYTES
    monkeypatch.setattr(http, "SMALL_TREE_BYTES", size - 1)
    monkeypatch.setattr(http, "MOST_TREE_BYTES", 2 * size - 1)
    begun, goes_on = threading.Event(), threading.Event()

    def slow(*given: Any) -> Tree:
        begun.set()
        assert goes_on.wait(20)
        return tree_for_receipts(*given)

    service = create_intake_app(here.site.folder, CHAIN, CONTRACT, limits=IntakeLimits(), notices=here.site.notices)
    at, headers = f"/v1/jobs/{here.job}/receipts", here.client.headers
    with TestClient(service, headers=headers) as client, ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(http, "tree_for_receipts", slow)
        first = pool.submit(client.get, at)
        assert begun.wait(20)
        second = client.get(at)
        assert (second.status_code, second.json()["code"]) == (429, "work-limit")
        goes_on.set()
        assert first.result().status_code == 200
        # What was had is given back, also where the tree cannot be used.
        here.path.write_bytes(here.good[:-1])
        try:
            assert [client.get(at).status_code for _ in range(3)] == [503] * 3
        finally:
            here.path.write_bytes(here.good)
        assert [client.get(at).status_code for _ in range(3)] == [200] * 3


def damaged(draw: Callable[[st.SearchStrategy[Any]], Any], good: bytes) -> bytes | None:
    """The file afterwards; None when it is gone."""
    kind = draw(st.sampled_from(["flip", "cut", "longer", "gone", "swapped", "zeros", "forged", "whole"]))
    at = draw(st.integers(0, len(good) - 1))
    match kind:
        case "flip":
            return good[:at] + bytes([good[at] ^ 1 << draw(st.integers(0, 7))]) + good[at + 1 :]
        case "cut":
            return good[:at]
        case "longer":
            return good + good[:at]
        case "gone":
            return None
        case "swapped":
            with Tree.build(sha256(bytes([number])).digest() for number in range(COUNT)) as other:
                return bytes(other._content.held)
        case "zeros":
            return good[:at] + bytes(min(32, len(good) - at)) + good[at + 32 :]
        case "forged":
            # A leaf is another one, and all above follows from it: everything holds but the root.
            leaves = [good[64 + 32 * index : 96 + 32 * index] for index in range(COUNT)]
            leaves[at % COUNT] = bytes([leaves[at % COUNT][0]]) + bytes(31)
            with Tree.build(leaves) as other:
                return bytes(other._content.held)
    return good


def proves(content: bytes, row: BatchRow) -> bytes:
    """The digest of a receipt that proves it."""
    receipt = parse(content)
    proof = receipt.inclusion_proof
    check_inclusion(receipt.digest_value, row.root, proof)
    assert (receipt.root, proof.leaf_count) == (row.root, row.leaf_count)
    return receipt.digest_value


def given_or_said(ask: Callable[[], T]) -> T | None:
    """What was asked for, or None where the tree was said to be missing or damaged."""
    try:
        found = ask()
    except StoreError as error:
        if error.code not in UNUSABLE:
            raise
        return None
    assert found is not None
    return found


@given(st.data())
@settings(
    max_examples=25,
    deadline=None,
    # What fails is plain without being made small, which takes minutes.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_only_receipts_that_prove_leave_by_any_door(here: Batch, data: st.DataObject) -> None:
    here.path.write_bytes(here.good)
    leaves = list(here.site.batches.leaves(here.row))
    running = FolderTrees(here.site.folder.trees)
    if data.draw(st.booleans(), label="read before"):
        assert running.inclusion(here.row.tree, leaves[0].digest) is not None
    content = damaged(data.draw, here.good)
    if content is None:
        here.path.unlink()
    elif data.draw(st.booleans(), label="in place"):
        here.path.write_bytes(content)
    else:
        here.path.unlink()
        here.path.write_bytes(content)
    codes = set()
    for name, door in here.doors.items():
        try:
            given_out = door()
        except StoreError as error:
            codes.add(error.code)
        else:
            codes.add("given")
            assert sorted(proves(each, here.row) for each in given_out) == [leaf.digest for leaf in leaves], name
    assert len(codes) == 1, "the doors agree"
    assert codes <= {*UNUSABLE, "given"}
    assert ("given" in codes) == (content == here.good)
    # One receipt at a time, in a process that runs on and in a new one.
    for leaf in leaves:
        for store in (running, FolderTrees(here.site.folder.trees)):
            proof = given_or_said(partial(store.inclusion, here.row.tree, leaf.digest))
            if proof is not None:
                check_inclusion(leaf.digest, here.row.root, proof)
        place = Place(here.row, leaf)
        one = partial(receipt_at, here.site.folder, place, chain=CHAIN, contract=CONTRACT.lower())
        receipt = given_or_said(one)
        if receipt is not None:
            check_inclusion(leaf.digest, here.row.root, receipt.inclusion_proof)
    repairs = Repairs(here.site.folder, Settings(), [], Limits())
    (outcome,) = map(repairs.repair, repairs.wanted([here.row.root]))
    assert (outcome.sound, outcome.source) == ((True, None) if content == here.good else (False, "database"))
    assert here.path.read_bytes() == here.good
    for leaf in leaves[:3]:
        assert running.inclusion(here.row.tree, leaf.digest) is not None


def test_a_leaf_of_the_database_that_the_tree_does_not_have_is_said(here: Batch) -> None:
    """The tree is sound and the database is not: no receipt can be made, and none is."""
    with here.site.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE leaf SET leaf_index = leaf_index + 1 WHERE leaf_index = 40")
    try:
        answer = here.client.get(f"/v1/jobs/{here.job}/receipts")
        assert (answer.status_code, answer.json()["code"]) == (503, "leaf-differs")
    finally:
        with here.site.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE leaf SET leaf_index = leaf_index - 1 WHERE leaf_index = 41")
