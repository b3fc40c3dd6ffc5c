"""`audit --attest`: what an auditor signs, and what it makes of a file that proves an absence."""

from __future__ import annotations

from pathlib import Path

import pytest

from anchor.settings import load_settings
from anchor.workspace import Workspace
from registry.chain.calls import call_data
from registry.merkle import treefile
from registry.merkle.treefile import TreeId
from registry.verify.attestation import FORM, read_attestation
from tests.conftest import Ran, Run

UNSORTED = [bytes([number]) * 32 for number in (1, 3, 2)]
AUDITOR = "auditor.example"


@pytest.fixture
def key(run: Run, diplomas: Path) -> str:
    """The public key of an auditor, in whose folder the trees of issuer 1 are."""
    assert run("issuer", "register", "--uri", "did:web:university.example", "--json").code == 0
    assert run("anchor", diplomas, "--issuer", 1, "--json").code == 0
    Path("policy.toml").write_text("")
    made = run("checkpoint", "key", AUDITOR, "-o", "auditor.key", "--json")
    assert made.code == 0
    Path("policy.toml").write_text(f'[[auditors]]\nname = "The Auditors"\nkey = "{made.json["key"]}"\n')
    return str(made.json["key"])


def attested(run: Run, *more: object) -> Ran:
    return run("audit", "--issuer", 1, "--attest", "sorted.note", "--key", "auditor.key", *more, "--json")


def test_an_attested_file_is_believed_by_who_names_the_auditor(run: Run, key: str) -> None:
    signed = attested(run, "--name", AUDITOR)
    assert signed.code == 0, signed.out
    assert signed.json["attestation"] == {
        "file": "sorted.note",
        "key": key,
        "batches": 1,
        "others": 0,
        "refused": None,
    }
    said = read_attestation(Path("sorted.note").read_bytes()).attestation
    assert (said.issuer, list(said.leaf_counts.values())) == (1, [300])
    assert said.text.startswith(f"{FORM}\neip155:")
    assert "leaves of 1 batch are in order" in run(
        "audit", "--issuer", 1, "--attest", "sorted.note", "--key", "auditor.key"
    ).out.replace("\n", " ")
    made = run("absent", "ab" * 32, "--issuer", 1, "--prove", "-o", "a.json", "--attestation", "sorted.note", "--json")
    assert made.code == 0
    (tree,) = Path("testamur-data/trees").glob("*.tree")
    tree.unlink()
    assert run("verify", "a.json", "--json").json["code"] == "absent-if-sorted"
    believed = run("verify", "a.json", "--absence", "--policy", "policy.toml", "--json")
    assert (believed.code, believed.json["outcome"]) == (0, "absent")
    assert "attested by The Auditors" in believed.json["text"]


def test_without_an_endpoint_the_witnesses_of_a_list_name_the_block(run: Run, key: str) -> None:
    assert attested(run).code == 0
    made = run("absent", "ab" * 32, "--issuer", 1, "--prove", "-o", "a.json", "--attestation", "sorted.note", "--json")
    block = made.json["asOf"]["number"]
    log = run("checkpoint", "key", "blocks.example", "-o", "blocks.key", "--json").json["key"]
    witness = run("checkpoint", "key", "w.example", "--witness", "-o", "witness.key", "--json").json["key"]
    assert run("checkpoint", "create", "blocks.txt", "--key", "blocks.key", "--block", block, "--json").code == 0
    assert run("checkpoint", "sign", "blocks.txt", "--key", "witness.key", "--log", log, "--json").code == 0
    Path("witnesses.txt").write_text(f"log {log}\nwitness w {witness}\nquorum w\n")
    Path("testamur-data").rename("elsewhere")
    words = ("--offline", "--checkpoints", "blocks.txt", "--witnesses", "witnesses.txt", "--json")
    assert run("verify", "a.json", *words).json["code"] == "absent-if-sorted"
    believed = run("verify", "a.json", "--absence", *words, "--policy", "policy.toml")
    assert (believed.code, believed.json["outcome"]) == (0, "absent"), believed.out
    assert believed.json["restsOn"]["ground"] == "checkpoint"
    assert "No endpoint was asked" in believed.json["text"]
    assert run("verify", "a.json", "--offline", "--json").json["error"]["code"] == "nobody-named"
    assert not Path("testamur-data").exists()


def test_of_trees_against_which_something_was_found_nothing_is_signed(run: Run, key: str) -> None:
    with treefile.lay_out([b"".join(UNSORTED)]) as tree, Workspace(load_settings(None)) as workspace:
        root = bytes(tree[-32:])
        path = workspace.folder.tree_path(TreeId(root, 3))
        path.write_bytes(tree[:])
        workspace.sender.settle("unsorted", workspace.contract_address, call_data("anchor", 1, root, 3))
    refused = attested(run)
    assert refused.code == 1
    assert refused.json["attestation"]["refused"]["code"] == "not-attested"
    assert "tree-unsorted" in refused.json["attestation"]["refused"]["what"]
    assert not Path("sorted.note").exists()
    # Without that tree the batch is one of which nothing is said.
    path.unlink()
    rest = attested(run)
    assert (rest.json["attestation"]["batches"], rest.json["attestation"]["others"]) == (1, 1)
    said = read_attestation(Path("sorted.note").read_bytes()).attestation
    assert root not in said.leaf_counts


def test_where_no_tree_was_read_nothing_is_signed(run: Run, key: str) -> None:
    assert run("issuer", "register", "--uri", "did:web:other.example", "--json").code == 0
    nothing = run("audit", "--issuer", 2, "--attest", "sorted.note", "--key", "auditor.key", "--json")
    assert (nothing.code, nothing.json["attestation"]["refused"]["code"]) == (2, "not-attested")
    assert "Not attested" in run("audit", "--issuer", 2, "--attest", "x", "--key", "auditor.key").out
    assert not Path("sorted.note").exists()


def test_mistakes_are_told_before_the_audit(run: Run, key: str) -> None:
    assert run("checkpoint", "key", "w.example", "--witness", "-o", "witness.key", "--json").code == 0
    for words, code in (
        (("--issuer", 1, "--attest", "x"), "settings"),
        (("--issuer", 1, "--key", "auditor.key"), "settings"),
        (("--issuer", 1, "--name", AUDITOR), "settings"),
        (("--attest", "x", "--key", "auditor.key"), "no-issuer"),
        (("--issuer", 1, "--attest", "x", "--key", "auditor.key", "--name", "another"), "note-key"),
        (("--issuer", 1, "--attest", "x", "--key", "witness.key"), "note-key"),
        (("--issuer", 1, "--attest", "x", "--key", "missing"), "signer"),
    ):
        refused = run("audit", *words, "--json")
        assert (refused.code, refused.json["error"]["code"]) == (1, code), words
    unwritable = run("audit", "--issuer", 1, "--attest", "no/folder", "--key", "auditor.key", "--json")
    assert (unwritable.code, unwritable.json["error"]["code"]) == (2, "unwritable")
