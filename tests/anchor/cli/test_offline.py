"""`verify --offline`: what a holder, a list of blocks and the keys of witnesses say, and nobody else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from registry.receipt.model import parse_json
from registry.verify.checks import Verdict
from tests.conftest import Ran, Run
from tests.elsewhere import all_elsewhere
from tests.registry.chain.worlds import anvil

WITHOUT_NETWORK = ("unshare", "--map-root-user", "--net")
"""A network of its own, in which there is nobody and no route."""


@dataclass
class Border:
    """A machine with nothing but files, in `folder`.

    Attributes:
        root: of the batch.
        node: the endpoint that the issuer has, and the verifier has not.
    """

    run: Run
    folder: Path
    root: str
    node: str

    def verify(self, *more: object, of: str = "holder") -> Ran:
        files = ("--checkpoints", self.folder / "blocks.txt", "--witnesses", self.folder / "witnesses.txt")
        chain = () if "--chain" in more else ("--chain", "eip155:31337")
        return self.run("verify", self.folder / of, "--offline", *files, "--trust", "1", *chain, *more, "--json")

    def shown(self, of: str = "holder") -> str:
        """As a person is told it."""
        files = ("--checkpoints", self.folder / "blocks.txt", "--witnesses", self.folder / "witnesses.txt")
        words = ("--offline", *files, "--trust", "1", "--chain", "eip155:31337")
        return " ".join(self.run("verify", self.folder / of, *words).out.split())

    def receipts(self, output: str) -> Any:
        """Receipts with evidence as of now, whose block is added to the list and signed by the witnesses."""
        ran = self.run(
            *("receipts", self.root, "-o", self.folder / output, "--evidence", "--chain", self.node, "--json")
        )
        assert ran.code == 0, ran
        return ran.json["evidence"]["block"]

    def listed(self, number: int, *witnesses: str) -> None:
        on_chain = ("--chain", self.node, "--json")
        blocks = self.folder / "blocks.txt"
        keys = (f"{self.folder}/blocks.example.key", *(f"{self.folder}/{name}.example.key" for name in witnesses))
        created = self.run("checkpoint", "create", blocks, "--key", keys[0], "--block", str(number), *on_chain)
        assert created.code == 0, created
        for key in keys[1:]:
            signed = self.run("checkpoint", "sign", blocks, "--key", key, *on_chain)
            assert signed.code == 0, signed


@pytest.fixture
def border(run: Run, diplomas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Border]:
    """A border office: three diplomas with receipts, a list of blocks, and three witnesses of whom two are enough."""
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[0])
    monkeypatch.setenv("TESTAMUR_RPC_TIMEOUT", "60")
    folder = tmp_path / "border"
    folder.mkdir()
    with anvil("--slots-in-an-epoch", "1") as url:
        on_chain = ("--chain", url, "--json")
        for words in (("deploy",), ("issuer", "register", "--uri", "did:web:university.example")):
            assert run(*words, *on_chain).code == 0
        root = run("anchor", diplomas, *on_chain).json["batches"][0]["root"]
        # Blocks on top, so that the anchor is final.
        for number in range(3):
            more = run("issuer", "register", "--uri", f"did:web:{number}.example", *on_chain)
            assert more.code == 0, more
        keys = {}
        for name in ("blocks", "ministry", "agency", "university"):
            kind = () if name == "blocks" else ("--witness",)
            made = run("checkpoint", "key", f"{name}.example", "-o", folder / f"{name}.example.key", *kind, "--json")
            keys[name] = made.json["key"]
        lines = [f"log {keys.pop('blocks')}", *(f"witness {name} {key}" for name, key in keys.items())]
        text = "\n".join([*lines, "group two 2 ministry agency university", "quorum two", ""])
        (folder / "witnesses.txt").write_text(text)
        made = Border(run, folder, root, url)
        block = made.receipts("holder")
        for name in ("001.json", "002.json", "003.json"):
            shutil.copy(diplomas / name, folder / "holder" / name)
        for other in (folder / "holder").glob("*.receipt.json"):
            if other.name.removesuffix(".receipt.json") not in ("001.json", "002.json", "003.json"):
                other.unlink()
        made.listed(block["number"], "ministry", "agency")
        yield made


def codes(ran: Ran) -> set[tuple[str, str]]:
    return {
        (verdict["overall"], check["code"])
        for verdict in ran.json["verdicts"]
        for check in verdict["checks"]
        if check["name"] == "status"
    }


def test_a_credential_is_verified_with_nothing_but_files(border: Border, monkeypatch: pytest.MonkeyPatch) -> None:
    border.node = "http://127.0.0.1:9"
    monkeypatch.chdir(border.folder)
    verdicts = border.verify()
    assert verdicts.code == 0, verdicts
    assert len(verdicts.json["verdicts"]) == 3
    assert codes(verdicts) == {("valid with a warning", "status-then")}
    with pytest.MonkeyPatch.context() as only_there:
        came = all_elsewhere(only_there)
        assert border.verify().json == verdicts.json
        assert {type(each) for each in came} == {Verdict}
    rests = verdicts.json["verdicts"][0]["restsOn"]
    assert (rests["ground"], rests["namedBy"], rests["among"]) == ("checkpoint", 2, 3)
    assert rests["names"] == ["ministry", "agency"]
    command = [sys.executable, "-c", "from anchor.cli import main; main()", "verify", "holder", "--offline"]
    files = ["--checkpoints", "blocks.txt", "--witnesses", "witnesses.txt", "--trust", "1"]
    files += ["--chain", "eip155:31337", "--json"]
    alone = subprocess.run(
        [*WITHOUT_NETWORK, *command, *files],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert alone.returncode == 0, alone.stderr
    said = [(each["overall"], each["asOf"], each["restsOn"]) for each in json.loads(alone.stdout)["verdicts"]]
    assert said == [(each["overall"], each["asOf"], each["restsOn"]) for each in verdicts.json["verdicts"]]
    monkeypatch.setenv("TESTAMUR_EVIDENCE_DAYS", "0.0000001")
    old = border.verify()
    assert (old.code, codes(old)) == (2, {("could not be checked", "status-old")})


def test_what_was_revoked_before_its_evidence_is_not_valid(border: Border, diplomas: Path) -> None:
    revoked = border.run("revoke", diplomas / "002.json", "--yes", "--issuer", "1", "--chain", border.node, "--json")
    assert revoked.code == 0, revoked
    # What the holder has is of before.
    assert codes(border.verify()) == {("valid with a warning", "status-then")}
    for number in range(3):
        border.run("issuer", "register", "--uri", f"did:web:later{number}.example", "--chain", border.node, "--json")
    block = border.receipts("later")
    border.listed(block["number"], "ministry", "university")
    for name in ("001", "002"):
        shutil.copy(border.folder / "later" / f"{name}.json.receipt.json", border.folder / "holder")
    later = {verdict["name"][-8:-5]: verdict["overall"] for verdict in border.verify().json["verdicts"]}
    assert later == {"001": "valid with a warning", "002": "not valid", "003": "valid with a warning"}


def test_nobody_who_is_named_knows_the_block(border: Border) -> None:
    block = border.receipts("again")
    receipt = next((border.folder / "holder").glob("001*.receipt.json"))
    assert parse_json(receipt.read_bytes()).evidence is not None
    # One witness alone is not enough, whoever he is.
    lines = (border.folder / "blocks.txt").read_text().splitlines(keepends=True)
    (border.folder / "blocks.txt").write_text("".join(line for line in lines if "agency" not in line))
    alone = border.verify()
    assert (alone.code, codes(alone)) == (2, {("could not be checked", "checkpoint-quorum")})
    assert "agency, university did not, and at the least" in str(alone.json)
    (border.folder / "blocks.txt").unlink()
    border.listed(block["number"] - 1, "ministry", "agency")
    unlisted = border.verify()
    assert (unlisted.code, codes(unlisted)) == (2, {("could not be checked", "block-not-listed")})


def test_numbers_of_parties_are_of_the_chain_that_was_named(border: Border) -> None:
    """Whichever chain a list is of: the party that is trusted is one of the chain that the verifier means."""
    elsewhere = border.verify("--chain", "eip155:1")
    assert (elsewhere.code, codes(elsewhere)) == (2, {("could not be checked", "other-chain")})
    # Nobody was asked, so nobody is said to have been.
    assert "the verifier means" in str(elsewhere.json)
    assert "was asked" not in str(elsewhere.json)
    endpoint = border.verify("--chain", "https://one.example")
    assert (endpoint.code, endpoint.json["error"]["code"]) == (1, "which-chain")
    policy = border.folder / "policy.toml"
    policy.write_text('chain = "eip155:31337"\n')
    assert border.verify("--chain", "https://one.example", "--policy", policy).code == 0


def test_receipts_without_evidence_leave_all_open(border: Border) -> None:
    for path in (border.folder / "holder").glob("*.receipt.json"):
        bare = parse_json(path.read_bytes()).without_evidence()
        path.write_text(bare.model_dump_json(by_alias=True, exclude_none=True))
    bare_ones = border.verify()
    assert (bare_ones.code, codes(bare_ones)) == (2, {("could not be checked", "no-evidence")})
    # All rows have one reason with one text, which is told once below them.
    assert border.shown().count("no-evidence: The receipt has no evidence") == 1


def test_what_a_verdict_rests_on_is_told_once(border: Border) -> None:
    one = next((border.folder / "holder").glob("001*.json"))
    assert border.shown(of=f"holder/{one.name.removesuffix('.receipt.json')}").count("Proved against block") == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--offline",), "nobody-named"),
        (("--offline", "--checkpoints", "list.txt"), "nobody-named"),
        (("--checkpoints", "list.txt"), "offline"),
        (("--offline", "--prove"), "offline"),
        (("--offline", "--checkpoints", "list.txt", "--witnesses", "none.txt"), "unreadable"),
    ],
)
def test_who_is_believed_has_to_be_said(run: Run, diplomas: Path, options: tuple[str, ...], code: str) -> None:
    ran = run("verify", diplomas / "001.json", *options, "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, code), ran


def test_a_policy_with_validators_is_enough(run: Run, diplomas: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(f'chain = "eip155:1337"\n\n[[validators]]\naddress = "0x{"70" * 20}"\nname = "Ministry"\n')
    ran = run("verify", diplomas / "001.json", "--offline", "--policy", policy, "--json")
    assert (ran.code, ran.json["overall"]) == (2, "could not be checked")
