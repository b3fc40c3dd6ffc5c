"""The keys of an issuer change: who stays its operator is told, and all of it goes into one transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from anchor.acts.rotation import MOST_OPERATORS, plan_rotation
from anchor.books.tables import BatchState, batch, signer
from registry.chain.rpc.hexadecimal import checksummed
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS, PUBLICLY_KNOWN_KEYS
from registry.errors import SettingsError
from tests.anchor.begun import begun, files, issuer, working
from tests.conftest import Run

__all__ = ["begun", "issuer"]

OLD, NEW, THIRD = DEVELOPMENT_ACCOUNTS[:3]


def signs(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[number])


def test_who_stays_an_operator_is_told_at_both_steps(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    run("issuer", "operator", THIRD)
    told = run("issuer", "transfer", NEW).out
    assert "2 other accounts may anchor and revoke for party 1" in told
    for each in (OLD, THIRD):
        assert f"testamur issuer operator {each} --remove" in told
    # Offered before: the same is told from what the contract says.
    offered = run("issuer", "transfer", NEW, "--json").json
    assert sorted(offered["operators"]) == sorted([OLD, THIRD])
    signs(monkeypatch, 1)
    accepted = run("issuer", "transfer", "--accept", "--json").json
    assert sorted(accepted["operators"]) == sorted([OLD, THIRD])
    assert (accepted["controllerIsOperator"], accepted["formerControllerIsOperator"]) == (False, True)
    again = run("issuer", "transfer", "--accept").out
    assert "2 other accounts may anchor and revoke for party 1" in again
    assert sorted(run("issuer", "show", "--json").json["operators"]) == sorted([OLD, THIRD])


def test_all_keys_change_in_one_transaction(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("issuer", "rotate", "--controller", NEW, "--operator", NEW)
    dry = run(*words, "--dry-run", "--json").json
    assert (dry["operators"], dry["changed"], dry["transactions"], dry["pendingController"]) == ([NEW], False, 1, None)
    assert run("issuer", "show", "--json").json["operators"] == [OLD]
    with working() as here:
        before = here.client.nonce(OLD)
    told = run(*words)
    assert told.code == 0, told
    assert "testamur issuer transfer --accept --issuer 1" in told.out
    assert f"Until then {OLD} controls the party" in told.out
    with working() as here:
        assert here.client.nonce(OLD) == before + 1
    # Asked for once more: nothing is left to be sent.
    again = run(*words, "--json").json
    assert (again["changed"], again["transactions"], again["offeredTo"], again["operators"]) == (False, 0, NEW, [NEW])
    with working() as here:
        assert here.client.nonce(OLD) == before + 1
    refused = run("anchor", files("diplomas", "ada"), "--json")
    assert "operator" in refused.json["error"]["what"]
    signs(monkeypatch, 1)
    assert run("issuer", "transfer", "--accept", "--json").json["operators"] == [NEW]
    assert [each["state"] for each in run("anchor", "--resume", "--json").json["batches"]] == ["final"]


def test_operators_alone_or_the_controller_alone(run: Run, issuer: int) -> None:
    only = run("issuer", "rotate", "--operator", NEW, "--operator", THIRD, "--json").json
    assert (only["added"], only["removed"], only["offeredTo"]) == ([NEW, THIRD], [OLD], None)
    assert only["controller"] == OLD
    assert f"Operators as before: {NEW}" in run("issuer", "rotate", "--remove", THIRD, "--operator", OLD).out
    offered = run("issuer", "rotate", "--controller", NEW, "--json").json
    assert (offered["removed"], offered["offeredTo"], offered["operators"]) == ([OLD], NEW, [NEW])


def test_who_gives_up_its_right_alone_still_controls(run: Run, issuer: int) -> None:
    told = run("issuer", "rotate", "--operator", NEW).out
    assert f"{OLD} still controls the party" in told


def test_an_only_operator_stays_where_nobody_takes_its_place(run: Run, issuer: int) -> None:
    offered = run("issuer", "rotate", "--controller", NEW, "--json").json
    assert (offered["removed"], offered["operators"], offered["pendingController"]) == ([], [OLD], NEW)
    refused = run("issuer", "rotate", "--remove", OLD, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "last-operator")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "no-change"),
        (("--operator", NEW, "--remove", NEW), "rotation"),
        (("--operator", NEW[:-1] + "9"), "address"),
        (("--controller", "0x" + "00" * 20), "address"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, issuer: int, words: tuple[str, ...], code: str) -> None:
    refused = run("issuer", "rotate", *words, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, code)


def test_the_controller_alone_rotates(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    signs(monkeypatch, 1)
    for more in ((), ("--dry-run",)):
        refused = run("issuer", "rotate", "--operator", NEW, *more, "--json")
        assert (refused.code, refused.json["error"]["code"]) == (1, "not-controller")
        assert OLD in refused.json["error"]["what"]


def test_a_party_has_64_operators_at_most_and_a_full_list_rotates(run: Run, issuer: int) -> None:
    many = [checksummed(f"0x{number:040x}") for number in range(1000, 1000 + MOST_OPERATORS - 1)]
    assert (
        run("issuer", "rotate", *(word for each in many for word in ("--operator", each)), "--operator", OLD).code == 0
    )
    with working() as here:
        with pytest.raises(SettingsError) as caught:
            plan_rotation(here, operators=[NEW, OLD])
        assert caught.value.code == "too-many-operators"
    done = run("issuer", "rotate", "--operator", NEW, "--controller", NEW, "--json").json
    assert (done["removed"], done["added"], len(done["operators"])) == ([OLD], [NEW], MOST_OPERATORS)


def under_way(account: str, state: BatchState, root: bytes) -> None:
    with working() as here, here.folder.engine.begin() as connection:
        values = {"chain": here.chain, "contract": here.contract_address, "issuer": 1, "root": root, "leaf_count": 1}
        connection.execute(
            insert(batch).values(**values, state=state, sealed_at=0, sender=account, nonce=None, cancel_requested=0)
        )


def test_an_account_at_work_keeps_its_right_unless_it_is_said_anyway(run: Run, issuer: int) -> None:
    run("issuer", "operator", THIRD)
    under_way(THIRD, BatchState.SEALED, bytes([1]) * 32)
    words = ("issuer", "rotate", "--operator", NEW, "--remove", THIRD)
    refused = run(*words, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "operator-busy")
    assert "--anyway" in refused.json["error"]["remedy"]
    dry = run(*words, "--dry-run", "--json").json
    assert dry["underWay"] == [{"account": THIRD, "notInBlock": 1, "notFinal": 0, "process": None}]
    done = run(*words, "--anyway", "--json").json
    assert (done["changed"], done["operators"]) == (True, [OLD, NEW])


def test_a_process_that_signs_with_the_account_is_told(run: Run, issuer: int) -> None:
    run("issuer", "operator", THIRD)
    with working() as here, here.folder.engine.begin() as connection:
        connection.execute(
            insert(signer).values(chain=here.chain, address=THIRD, owner="office:7:ab", epoch=1, beat=0, seconds=60)
        )
    refused = run("issuer", "rotate", "--remove", THIRD, "--json")
    assert refused.json["error"]["code"] == "operator-busy"
    assert "office:7:ab" in refused.json["error"]["what"]
    assert "office:7:ab" in run("issuer", "rotate", "--remove", THIRD, "--dry-run").out


def test_what_is_in_a_block_and_not_final_is_told_and_keeps_nobody(run: Run, issuer: int) -> None:
    run("issuer", "operator", THIRD)
    under_way(THIRD, BatchState.MINED, bytes([1]) * 32)
    told = run("issuer", "rotate", "--remove", THIRD, "--dry-run").out
    assert f"1 transaction of {THIRD}" in told.replace("\n", " ")
