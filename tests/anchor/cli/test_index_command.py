"""`testamur index` after a final block was said to have changed: it stays stopped until a person has it looked at."""

from __future__ import annotations

from sqlalchemy import create_engine, text

from tests.conftest import Run


def changed(statement: str) -> None:
    engine = create_engine("sqlite:///testamur-data/testamur.db")
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1
    engine.dispose()


def test_a_stop_ends_when_the_block_that_was_final_is_on_the_chain(run: Run) -> None:
    run("issuer", "register", "--uri", "did:web:university.example")
    assert run("index", "--once").code == 0
    nothing = run("index", "--accept-chain", "--once")
    assert (nothing.code, "nothing to accept" in nothing.errors) == (0, True)

    said = "trouble_code = 'finality-violated', trouble_why = 'block 2 was final as 0x1 and is 0x2'"
    changed(f"UPDATE indexed_chain SET {said}")
    for _ in range(2):
        stopped = run("index", "--once")
        assert stopped.code == 4
        assert "block 2 was final" in stopped.out
        assert "testamur index --accept-chain" in stopped.out
    told = run("index", "--once", "--json")
    assert (told.code, told.json["error"]["code"]) == (4, "finality-violated")
    assert "testamur index --accept-chain" in told.json["error"]["remedy"]

    accepted = run("index", "--accept-chain", "--once")
    assert accepted.code == 0
    assert "is on the chain: the index goes on" in accepted.errors
    assert run("index", "--once").code == 0

    # What is not so is not accepted.
    changed(f"UPDATE indexed_chain SET final_hash = x'{'11' * 32}', {said}")
    refused = run("index", "--accept-chain", "--once")
    assert refused.code == 4
    assert f"was final as 0x{'11' * 32} and is 0x" in refused.out
    assert run("index", "--once").code == 4
    assert run("index", "--anew", "--once").code == 0
    assert run("index", "--once").code == 0
