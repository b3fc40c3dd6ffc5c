"""One anchor replaces another: what is withdrawn in one batch stands in the batch that supersedes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from anchor.cli import asking
from registry.credential.digest import digest_json
from registry.records import Reason
from tests.acts import revoke_in_one_batch
from tests.anchor.begun import begun, files, issuer, working
from tests.conftest import Run

__all__ = ["begun", "issuer"]


@pytest.fixture
def twice(run: Run, issuer: int) -> Path:
    """Two diplomas in two batches each, of which one is revoked in the first batch alone; a third in the second."""
    folder = files("diplomas", "ada", "bob")
    first = run("anchor", folder, "--json").json["batches"][0]["root"]
    assert run("receipts", first, "-o", "receipts").code == 0
    files("diplomas", "cyd")
    assert run("anchor", folder, "--reissue", "--json").json["batches"][-1]["leafCount"] == 3
    revoke_in_one_batch(Path("receipts/ada.json.receipt.json"))
    return folder


def roots(run: Run) -> list[str]:
    return [str(each["root"]) for each in run("status", "--json").json["batches"]]


def status_of(run: Run, path: Path) -> str:
    checks: list[dict[str, Any]] = run("verify", path, "--json").json["checks"]
    return str(next(each["code"] for each in checks if each["name"] == "status"))


def digest_of(path: Path) -> str:
    return digest_json(path.read_bytes()).value.hex()


def test_what_is_revoked_in_the_superseded_anchor_alone_stands_again(run: Run, twice: Path) -> None:
    ada = twice / "ada.json"
    assert status_of(run, ada) == "revoked"
    dry = run("supersede", ada, "--dry-run", "--json").json
    assert (dry["superseded"], dry["wouldSupersede"], dry["standAgain"]) == (0, 1, [digest_of(ada)])
    assert status_of(run, ada) == "revoked"
    first, second = roots(run)
    done = run("supersede", ada, "--json")
    assert done.code == 0, done.out
    (link,) = done.json["links"]
    assert (link["root"], link["by"]["root"], done.json["transactions"]) == (first, second, 1)
    assert dry["gas"] == done.json["gas"] > 20_000
    assert status_of(run, ada) == "in-force"
    again = run("supersede", ada, "--json").json
    assert (again["superseded"], again["already"], again["transactions"]) == (0, 1, 0)


def test_several_share_a_transaction_and_say_what_they_are(run: Run, twice: Path) -> None:
    told = run("supersede", twice / "ada.json", twice / "bob.json").out
    assert "To be sent: 1 transaction, about" in told
    assert "2 anchors superseded in 1 transaction." in told
    assert "1 credential taken for revoked stand again." in told


def test_another_credential_is_put_in_its_place(run: Run, twice: Path) -> None:
    second = roots(run)[1]
    ada, cyd = twice / "ada.json", twice / "cyd.json"
    done = run("supersede", ada, "--by", cyd, "--batch", second, "--json").json
    assert [(link["root"], link["by"]["root"]) for link in done["links"]] == [(second, second)]
    # Of another credential nothing is judged by it.
    assert done["standAgain"] == []
    assert status_of(run, ada) == "revoked"


def test_another_credential_takes_the_place_of_the_last_anchor_and_undoes_nothing(run: Run, twice: Path) -> None:
    first, second = roots(run)
    ada, cyd = twice / "ada.json", twice / "cyd.json"
    assert run("supersede", ada).code == 0
    done = run("supersede", ada, "--by", cyd, "--json").json
    assert [link["root"] for link in done["links"]] == [second]
    assert status_of(run, ada) == "in-force"
    refused = run("supersede", ada, "--by", cyd, "--batch", first, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "nothing-superseded")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("cyd.json",), "nothing-superseded"),
        (("ada.json", "--by", "ada.json"), "same-credential"),
        (("ada.json", "--by-batch", "FIRST"), "no-replacement"),
        (("bob.json", "--batch", "ab" * 32), "nothing-superseded"),
        (("bob.json", "--batch", "0x12"), "root"),
        (("bob.json", "--by", "ab" * 32), "not-anchored"),
        ((), "no-input"),
    ],
)
def test_what_cannot_be_recorded_is_refused(run: Run, twice: Path, words: tuple[str, ...], code: str) -> None:
    first = roots(run)[0]
    named = [twice / each if each.endswith(".json") else each.replace("FIRST", first) for each in words]
    refused = run("supersede", *named, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, code)


def test_a_voided_batch_replaces_nothing(run: Run, twice: Path) -> None:
    first, second = roots(run)
    assert run("void", second).code == 0
    bob = twice / "bob.json"
    (link,) = run("supersede", bob, "--json").json["links"]
    assert (link["root"], link["by"]["root"]) == (second, first)
    assert status_of(run, bob) == "in-force"
    assert run("supersede", twice / "cyd.json", "--json").json["error"]["code"] == "no-replacement"


def test_a_person_at_a_terminal_is_asked(run: Run, twice: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(_: object, question: str) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr(asking, "at_a_terminal", lambda: True)
    monkeypatch.setattr(asking.SafeConsole, "confirms", answer)
    refused = run("supersede", twice / "ada.json", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "not-confirmed")
    assert "1 credential taken for revoked will stand again" in asked[0]
    assert run("supersede", twice / "ada.json", "--yes", "--json").json["superseded"] == 1


def test_another_credential_that_is_replaced_is_revoked_by_its_digest(run: Run, twice: Path) -> None:
    bob, cyd = twice / "bob.json", twice / "cyd.json"
    dry = run("supersede", bob, "--by", cyd, "--revoke", "--dry-run", "--json").json
    assert (dry["revoked"], dry["revokedBy"], dry["transactions"]) == (0, ["digest"], 2)
    done = run("supersede", bob, "--by", cyd, "--revoke", "--json").json
    assert (done["superseded"], done["revoked"], done["revokedBy"]) == (2, 1, ["digest"])
    with working() as here:
        old, new = here.contract.digest_statuses(1, [bytes.fromhex(digest_of(path)) for path in (bob, cyd)])
    assert (old.revocation_reason, new.is_revoked) == (Reason.SUPERSEDED, False)
    again = run("supersede", bob, "--by", cyd, "--revoke", "--json").json
    assert (again["superseded"], again["revoked"], again["transactions"]) == (0, 0, 0)
    # It replaces nothing itself any more, and there is no way back by another anchor.
    assert run("supersede", bob, "--json").json["error"]["code"] == "no-replacement"
    assert run("anchor", bob, "--reissue", "--json").json["new"] == 0


def test_an_earlier_anchor_of_the_same_credential_is_revoked_by_its_place_alone(run: Run, twice: Path) -> None:
    bob = twice / "bob.json"
    first, second = roots(run)
    done = run("supersede", bob, "--revoke")
    assert "1 anchor revoked, each by its place alone" in done.out
    digest = bytes.fromhex(digest_of(bob))
    with working() as here:
        assert not here.contract.digest_statuses(1, [digest])[0].is_revoked
        places = {place.batch.root.hex(): place.leaf.leaf_index for place in here.store.places(digest, 1)}
        found = [here.contract.status(1, bytes.fromhex(root[2:]), places[root[2:]], digest) for root in (first, second)]
    assert [each.revoked for each in found] == [True, False]
    assert status_of(run, bob) == "in-force"
