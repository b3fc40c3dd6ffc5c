"""`checkpoint`: a list is begun, added to, signed by witnesses who looked, and verified without an endpoint."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry.chain.rpc.connect import connect
from registry.proofs.checkpoints import read_checkpoints
from registry.proofs.witnesses import parse_witnesses
from tests.anchor.cli.test_prove import relay
from tests.conftest import Ran, Run, commands_in
from tests.registry.chain.worlds import BrokenEndpoint, Exchange, anvil, unused_port

DAY = 86_400


def new_key(run: Run, name: str, *more: str) -> str:
    ran = run("checkpoint", "key", name, "-o", f"{name}.key", *more, "--json")
    assert ran.code == 0, ran
    return str(ran.json["key"])


def witnessed(run: Run) -> None:
    """The keys of a list and of two witnesses, and a policy by which both have to sign."""
    log = new_key(run, "blocks.example")
    lines = [f"witness {name} {new_key(run, f'{name}.example', '--witness')}" for name in ("ministry", "university")]
    text = "\n".join([f"log {log}", *lines, "group both all ministry university", "quorum both", ""])
    Path("policy.txt").write_text(text)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, a policy, and a practice chain with some blocks, each of them final: made once, and copied."""
    folder = tmp_path_factory.mktemp("made")
    with commands_in(folder) as run:
        witnessed(run)
        for name in ("a", "b", "c"):
            assert run("issuer", "register", "--uri", f"did:web:{name}.example").code == 0
    return folder


@pytest.fixture
def policy(run: Run, made: Path) -> str:
    """The keys and the policy, in the working folder; its text."""
    for file in made.iterdir():
        if file.is_file():
            shutil.copy(file, file.name)
    return Path("policy.txt").read_text()


@pytest.fixture
def chain(policy: str, made: Path) -> None:
    """The chain as well."""
    shutil.copytree(made / "testamur-data", "testamur-data")


def failed(ran: Ran, code: int, reason: str) -> str:
    assert (ran.code, ran.json["error"]["code"]) == (code, reason), ran
    return str(ran.json["error"]["what"])


def signs(run: Run, name: str, file: str = "days.txt", *more: object) -> Ran:
    return run("checkpoint", "sign", file, "--key", f"{name}.example.key", *more, "--json")


def creates(run: Run, *more: object, file: str = "days.txt") -> Ran:
    return run("checkpoint", "create", file, "--key", "blocks.example.key", *more, "--json")


def verifies(run: Run, file: str = "days.txt") -> Ran:
    return run("checkpoint", "verify", file, "--witnesses", "policy.txt", "--json")


def test_a_key_is_in_a_file_that_its_owner_alone_can_read(run: Run, policy: str) -> None:
    assert stat.S_IMODE(Path("ministry.example.key").stat().st_mode) == 0o600
    assert Path("ministry.example.key").read_text().startswith("PRIVATE+KEY+ministry.example+")
    secret = Path("ministry.example.key").read_text().split("+", 4)[-1].strip()
    shown = run("checkpoint", "key", "third.example", "-o", "third.key", "--witness")
    assert shown.out.startswith("third.example+")
    assert Path("third.key").read_text().split("+", 4)[-1].strip() not in shown.out
    failed(run("checkpoint", "key", "x", "-o", "third.key", "--json"), 1, "exists")
    failed(run("checkpoint", "key", "two words", "-o", "x.key", "--json"), 1, "note-key")
    failed(run("checkpoint", "key", "x", "-o", "no/folder.key", "--json"), 1, "unwritable")
    assert not Path("x.key").exists()
    Path("blocks.example.key").chmod(0o644)
    failed(creates(run), 1, "readable")
    Path("blocks.example.key").chmod(0o600)
    # One kind of key is not the other, and neither says what is in it.
    failed(run("checkpoint", "create", "days.txt", "--key", "third.key", "--json"), 1, "note-key")
    Path("days.txt").write_text("")
    failed(run("checkpoint", "sign", "days.txt", "--key", "blocks.example.key", "--json"), 1, "note-key")
    Path("third.key").write_text("PRIVATE+KEY+" + secret)
    ran = run("checkpoint", "sign", "days.txt", "--key", "third.key", "--json")
    failed(ran, 1, "note-key")
    assert secret not in ran.out + ran.errors
    failed(run("checkpoint", "sign", "days.txt", "--key", "none.key", "--json"), 1, "signer")


def test_from_a_new_list_to_enough_signatures(run: Run, chain: None) -> None:
    made = creates(run, "--block", 2, "--block", 1, "--block", 2)
    assert [each["block"] for each in made.json["added"]] == [1, 2]
    assert (made.json["size"], made.json["droppedSignatures"]) == (2, 0)
    before = verifies(run)
    assert (before.code, before.json["code"], before.json["signedByLog"]) == (2, "checkpoint-quorum", True)
    assert signs(run, "ministry").json["compared"] == 2
    half = run("checkpoint", "verify", "days.txt", "--witnesses", "policy.txt")
    assert half.code == 2
    assert "ministry signed, university did not, and at the least 2 of them have to (quorum both)" in half.out
    assert signs(run, "university").code == 0
    enough = verifies(run)
    assert (enough.code, enough.json["enough"], enough.json["code"]) == (0, True, None)
    assert [(each["name"], each["counts"], bool(each["signedAt"])) for each in enough.json["witnesses"]] == [
        ("ministry", True, True),
        ("university", True, True),
    ]
    (of_chain,) = enough.json["chains"]
    assert (of_chain["blocks"], of_chain["first"]["block"], of_chain["last"]["block"]) == (2, 1, 2)
    trusted = read_checkpoints(Path("days.txt").read_bytes()).trusted(parse_witnesses(Path("policy.txt").read_text()))
    found = trusted.block(of_chain["chain"], 2)
    assert found is not None
    assert f"0x{found.hash.hex()}" == of_chain["last"]["hash"]
    assert (
        "enough: ministry, university signed"
        in run("checkpoint", "verify", "days.txt", "--witnesses", "policy.txt").out
    )


def test_what_is_added_drops_the_signatures_of_the_shorter_list(run: Run, chain: None) -> None:
    creates(run, "--block", 1)
    signs(run, "ministry")
    signs(run, "university")
    kept = Path("days.txt").read_bytes()
    for wrong, code, reason in (
        (["--block", 0], 1, "checkpoint-order"),
        (["--block", 99], 2, "not-final"),
        (["--key", "ministry.example.key"], 1, "note-key"),
    ):
        failed(creates(run, *wrong), code, reason)
        assert Path("days.txt").read_bytes() == kept
    # The day's block is older than the last one of the list, or is that one.
    assert creates(run).json["added"] == []
    assert Path("days.txt").read_bytes() == kept
    assert verifies(run).code == 0
    more = creates(run, "--block", 2).json
    assert (more["size"], more["droppedSignatures"]) == (2, 2)
    assert verifies(run).json["code"] == "checkpoint-quorum"
    signs(run, "ministry")
    told = run("checkpoint", "create", "days.txt", "--key", "blocks.example.key", "--block", "3")
    assert "1 signature of others under the shorter list left out" in told.out


def test_a_list_of_somebody_else_is_not_added_to(run: Run, chain: None) -> None:
    creates(run, "--block", 1)
    new_key(run, "other.example")
    kept = Path("days.txt").read_bytes()
    failed(run("checkpoint", "create", "days.txt", "--key", "other.example.key", "--json"), 1, "checkpoint-log")
    Path("days.txt").write_bytes(kept.replace(b"0x", b"0x0", 1))
    failed(creates(run, "--block", 2), 1, "checkpoint-form")
    Path("days.txt").write_bytes(kept[:-3] + b"1Z\n" if kept[-3:-2] != b"1" else kept[:-3] + b"2Z\n")
    failed(creates(run, "--block", 2), 1, "checkpoint-root")
    failed(signs(run, "ministry"), 1, "checkpoint-root")
    failed(verifies(run), 1, "checkpoint-root")
    failed(verifies(run, "nothing.txt"), 1, "unreadable")


def test_a_witness_asks_for_whose_list_it_is(run: Run, chain: None, policy: str) -> None:
    creates(run, "--block", 1)
    log = policy.split()[1]
    assert signs(run, "ministry", "days.txt", "--log", log).code == 0
    failed(signs(run, "ministry", "days.txt", "--log", new_key(run, "other.example")), 1, "checkpoint-log")
    failed(signs(run, "ministry", "days.txt", "--log", "x"), 1, "note-key")


def test_what_a_witness_signed_before_it_does_not_ask_again(run: Run, chain: None) -> None:
    creates(run, "--block", 1)
    Path("unsigned.txt").write_bytes(Path("days.txt").read_bytes())
    signs(run, "ministry")
    Path("before.txt").write_bytes(Path("days.txt").read_bytes())
    creates(run, "--block", 2)
    assert signs(run, "ministry", "days.txt", "--before", "before.txt").json["compared"] == 1
    # Its own signature is what it goes by, and what was signed has to be there still.
    failed(signs(run, "ministry", "days.txt", "--before", "unsigned.txt"), 1, "checkpoint-before")
    failed(signs(run, "university", "days.txt", "--before", "before.txt"), 1, "checkpoint-before")
    creates(run, "--block", 2, file="other.txt")
    what = failed(signs(run, "ministry", "other.txt", "--before", "before.txt"), 1, "checkpoint-before")
    assert "entries added at its end" in what
    assert b"ministry" not in Path("other.txt").read_bytes()


def test_signatures_below_copies_come_into_one_list(run: Run, chain: None) -> None:
    creates(run, "--block", 1)
    for name in ("ministry", "university"):
        Path(f"{name}.txt").write_bytes(Path("days.txt").read_bytes())
        assert signs(run, name, f"{name}.txt").code == 0
    merge = ("checkpoint", "merge", "days.txt", "ministry.txt", "university.txt", "--witnesses", "policy.txt", "--json")
    assert run(*merge).json["added"] == ["ministry", "university"]
    assert verifies(run).code == 0
    assert run(*merge).json["added"] == []
    kept = Path("days.txt").read_bytes()
    creates(run, "--block", 2, file="ministry.txt")
    failed(run(*merge), 1, "checkpoint-copy")
    # One that does not hold would spoil the list for everybody.
    forged = kept.replace(b"ministry.example ", b"ministry.example X", 1).replace(b"=\n\xe2", b"\n\xe2")
    Path("university.txt").write_bytes(forged)
    assert run("checkpoint", "merge", "days.txt", "university.txt", "--witnesses", "policy.txt").code == 1
    assert Path("days.txt").read_bytes() == kept


def test_a_policy_that_makes_no_sense_is_told_by_its_line(run: Run, chain: None) -> None:
    creates(run, "--block", 1)
    Path("policy.txt").write_text("quorum nobody\n")
    ran = verifies(run)
    failed(ran, 1, "witness-policy")
    assert ran.json["error"]["where"] == "policy.txt, line 1"
    Path("policy.txt").unlink()
    failed(verifies(run), 1, "witness-policy")


# On a node


@pytest.fixture
def node(run: Run, policy: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A node whose chain has a block each two hours, for some days; the two newest are not final."""
    monkeypatch.setenv("TESTAMUR_RPC_TIMEOUT", "60")
    with anvil("--slots-in-an-epoch", "1", "--timestamp", str(1_767_225_600 + 7_000)) as url:
        mine(url, 40)
        yield url


def asked(url: str, method: str, *params: object) -> int:
    """Ask the node, and say how long its chain is afterwards."""
    client = connect(url)
    try:
        client.request(method, params)
        newest = client.block("latest")
    finally:
        client.close()
    assert newest is not None
    return newest.number


def mine(url: str, blocks: int, seconds: int = 7_200) -> int:
    return asked(url, "anvil_mine", hex(blocks), hex(seconds))


def days_in(ran: Ran) -> list[tuple[str, bool]]:
    assert ran.code == 0, ran
    return [(each["time"][:10], each["time"][11:13] in ("00", "01")) for each in ran.json["added"]]


def two(url: str) -> str:
    return f"{url} {url.replace('127.0.0.1', 'localhost')}"


def test_the_blocks_of_the_days_that_are_final(run: Run, node: str) -> None:
    assert days_in(creates(run, "--chain", two(node))) == [("2026-01-04", True)]
    assert days_in(creates(run, "--chain", node)) == []
    newest = mine(node, 30)
    assert days_in(creates(run, "--chain", node)) == [("2026-01-05", True), ("2026-01-06", True)]
    failed(creates(run, "--chain", node, "--block", newest), 2, "not-final")
    for name in ("ministry", "university"):
        assert signs(run, name, "days.txt", "--chain", two(node)).json["compared"] == 3
    assert verifies(run).code == 0


def test_a_year_at_once_is_the_most(run: Run, node: str) -> None:
    creates(run, "--chain", node)
    mine(node, 400, DAY)
    first = creates(run, "--chain", node).json
    assert (len(first["added"]), first["moreDays"]) == (366, True)
    second = creates(run, "--chain", node).json
    assert (30 < len(second["added"]) < 40, second["moreDays"]) == (True, False)


def test_a_witness_signs_nothing_that_its_endpoints_do_not_say(run: Run, node: str) -> None:
    creates(run, "--chain", node)
    kept = Path("days.txt").read_bytes()

    def another_block(method: str, result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result and int(result["number"], 16):
            return {**result, "hash": "0x" + "ab" * 32}
        return result

    def another_time(method: str, result: Any) -> Any:
        if method == "eth_getBlockByNumber" and result:
            return {**result, "timestamp": hex(int(result["timestamp"], 16) + 1)}
        return result

    def another_chain(method: str, result: Any) -> Any:
        return "0x1" if method == "eth_chainId" else result

    for change, code, reason in (
        (another_block, 1, "checkpoint-differs"),
        (another_time, 1, "checkpoint-differs"),
        (another_chain, 1, "checkpoint-chain"),
    ):
        liar = relay(node, change)
        try:
            what = failed(signs(run, "ministry", "days.txt", "--chain", liar.url), code, reason)
            if change is another_block:
                assert "ab" * 32 in what
                both = signs(run, "ministry", "days.txt", "--chain", f"{node} {liar.url}")
                failed(both, 2, "endpoints-differ")
                failed(creates(run, "--chain", f"{node} {liar.url}", file="new.txt"), 2, "endpoints-differ")
        finally:
            liar.close()
    dead = f"http://127.0.0.1:{unused_port()}"
    told = failed(signs(run, "ministry", "days.txt", "--chain", f"{node} {dead}"), 2, "no-quorum")
    assert told.startswith("1 of 2 endpoints answered; 2 have to agree (`quorum`); ")
    assert f"; {dead}: " in told
    assert signs(run, "ministry", "days.txt", "--chain", dead).code == 2
    assert Path("days.txt").read_bytes() == kept
    assert not Path("new.txt").exists()


def test_a_witness_signs_nothing_that_can_still_change(run: Run, node: str) -> None:
    newest = mine(node, 1)
    assert creates(run, "--chain", node, "--block", newest - 2).code == 0
    asked(node, "anvil_rollback", 1)
    failed(signs(run, "ministry", "days.txt", "--chain", node), 2, "not-final")
    mine(node, 1)
    assert signs(run, "ministry", "days.txt", "--chain", node).code == 0


def test_where_nobody_says_what_is_final_the_settings_do(run: Run, node: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.request["params"][:1] == ["finalized"]:
            exchange.answer(None)
            return
        client = connect(node)
        exchange.answer(client.request(exchange.method, exchange.request["params"]))
        client.close()

    silent = BrokenEndpoint(behave)
    try:
        failed(creates(run, "--chain", silent.url), 2, "no-finality")
        newest = mine(node, 1)
        monkeypatch.setenv("TESTAMUR_FINALITY_DEPTH", "5")
        failed(creates(run, "--chain", silent.url, "--block", newest - 4), 2, "not-final")
        assert creates(run, "--chain", silent.url, "--block", newest - 5).code == 0
    finally:
        silent.close()


def test_what_was_named_for_something_else_is_told(run: Run, chain: None) -> None:
    """A list, a witnesses file, a policy and the halves of a key are easily taken for each other."""
    assert creates(run).code == 0
    Path("policy.toml").write_text('[[bodies]]\nparty = 1\nname = "Agency"\n')
    Path("answer.json").write_text('{"anchors": [{"receipt": {}}]}')
    Path("credential.json").write_text("{}")
    Path("blocks.pub").write_text(run("checkpoint", "key", "other.example", "-o", "other.key", "--json").json["key"])

    def verdict_by(*words: str) -> str:
        return run("verify", "credential.json", *words).out.replace("\n", " ")

    def error_of(*words: str) -> str:
        return str(run("checkpoint", *words, "--json").json["error"]["what"])

    assert "it is a checkpoint list" in error_of("verify", "days.txt", "--witnesses", "days.txt")
    assert "it is a policy (--policy)" in error_of("verify", "days.txt", "--witnesses", "policy.toml")
    assert "it is a witnesses file" in error_of("verify", "policy.txt", "--witnesses", "policy.txt")
    assert "is an answer of a lookup service" in verdict_by("--receipt", "answer.json")
    assert "it is a witnesses file" in run("verify", "credential.json", "--policy", "policy.txt").errors
    assert "no list is named" in run("verify", "credential.json", "--offline", "--witnesses", "policy.txt").errors
    for words in (("verify", "https://a.example/days.txt", "--witnesses", "policy.txt"),):
        assert error_of(*words) == "a list is read from a file"
    assert "public half" in error_of("create", "days.txt", "--key", "blocks.pub")


def test_the_log_is_named_by_its_key_or_a_file_and_other_ids_are_told(run: Run, chain: None, policy: str) -> None:
    assert creates(run).code == 0
    Path("blocks.pub").write_text(policy.splitlines()[0].removeprefix("log ") + "\n")
    signed = signs(run, "ministry", "days.txt", "--log", "blocks.pub")
    assert (signed.code, signed.json["logCompared"]) == (0, True)
    assert "was not compared" in run("checkpoint", "sign", "days.txt", "--key", "university.example.key").out
    failed(signs(run, "ministry", "days.txt", "--log", "nowhere.pub"), 1, "note-key")
    other = run("checkpoint", "key", "blocks.example", "-o", "again.key", "--json").json["key"]
    what = failed(signs(run, "ministry", "days.txt", "--log", other), 1, "checkpoint-log")
    assert all("+".join(each.split("+")[:2]) in what for each in (other, Path("blocks.pub").read_text()))
    assert "The last block of eip155:" in run("checkpoint", "verify", "days.txt", "--witnesses", "policy.txt").out


def test_a_block_that_is_listed_already_is_said_and_a_list_with_other_line_breaks_too(run: Run, chain: None) -> None:
    assert creates(run, "--block", "1").code == 0
    kept = Path("days.txt").read_bytes()
    again = creates(run, "--block", "1")
    assert (again.code, again.json["listed"], again.json["added"]) == (0, [1], [])
    assert Path("days.txt").read_bytes() == kept
    Path("days.txt").write_bytes(kept.replace(b"\n", b"\r\n"))
    assert "CRLF" in failed(verifies(run), 1, "checkpoint-form")
    Path("days.txt").write_bytes(kept[:-1])
    assert "line break" in failed(verifies(run), 1, "checkpoint-form")


def test_in_a_folder_without_anything_an_endpoint_is_asked_for(run: Run, policy: str) -> None:
    assert failed(creates(run), 1, "chain-not-asked") == "no endpoint was named"
