"""One question through every door of the service, in worlds that nobody thought of: all say what one function says."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.database.engine import open_database
from registry.quality.decision import QualityDecision
from registry.quality.register import Publication, Published, Register, SnapshotIndex, Standing
from registry.quality.snapshot import lines_of, read_snapshot
from registry.recognition.scope import hash_of_programme
from registry.timestamps import from_unix
from registry.verify.policy import KnownRegister, Policy
from registry.verify.question import Question, answer, policy_here
from tests.registry.quality.test_register import PROGRAMMES, decisions
from tests.registry.service.conftest import CHAIN, CONTRACT, GENESIS_TIME, Stand, registered, soon
from tests.registry.service.test_pages import accepted, browsed, check_page, offer, words_of
from tests.registry.service.test_registers import MIRROR, Shelf

PARTIES = 5
SHIFT = date(2026, 1, 1) - date(2024, 1, 1)


def moved(found: QualityDecision) -> QualityDecision:
    """Into the days of the chain."""
    until = None if found.valid_until is None else found.valid_until + SHIFT
    return replace(found, valid_from=found.valid_from + SHIFT, valid_until=until)


@contextmanager
def a_world(snapshots: list[list[QualityDecision]], links: list[tuple[int, int, int]]) -> Iterator[Shelf]:
    with tempfile.TemporaryDirectory() as name:
        engine = open_database(f"sqlite:///{name}/testamur.db")
        stand = Stand(Path(name), engine)
        stand.mine(*(registered(number) for number in range(1, PARTIES + 1)))
        folder = Path(name) / "registers"
        folder.mkdir()
        shelf = Shelf(stand, folder)
        for number, (body, holder, kind) in enumerate(links, 1):
            stand.mine(offer(number, body, holder, kind, "https://agency.example/"))
            if kind != 2 and number % 4:
                stand.mine(accepted(number))
        for number, each in enumerate(snapshots):
            shelf.put(f"{number}.register", [moved(one) for one in each], anchored=number != 2, final=False)
        soon(stand)
        yield shelf
        engine.dispose()


SIDES = st.tuples(st.integers(1, 4), st.integers(1, 4), st.sampled_from([0, 0, 1, 2])).filter(
    lambda sides: sides[0] != sides[1]
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.lists(decisions(), min_size=1, max_size=5), max_size=3),
    st.lists(SIDES, max_size=6),
    st.integers(0, 2**16),
)
def test_every_door_says_what_the_one_function_says(
    snapshots: list[list[QualityDecision]], links: list[tuple[int, int, int]], seed: int
) -> None:
    chosen = random.Random(seed)
    with a_world(snapshots, links) as shelf:
        head = shelf.stand.index.head()
        assert head is not None
        newest = int(head.cursor.timestamp.timestamp())
        for _ in range(4):
            party, body = chosen.randint(1, 3), chosen.randint(1, 4)
            programme = chosen.choice(["", *PROGRAMMES])
            moment = from_unix(chosen.randint(GENESIS_TIME - 86_400, newest))
            at = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
            query = f"party={party}&body={body}&programme={programme}&at={at}"
            found = shelf.told(f"/v1/accredited?{query}")
            expected = asked_directly(shelf, party, body, programme, moment)
            assert {name: found[name] for name in expected if name != "asOf"} == {
                name: value for name, value in expected.items() if name != "asOf"
            }
            page = words_of(check_page(browsed(shelf.client, f"/accredited?{query}")))
            assert f"{found['answer'].capitalize()} : party" in page
            for each in (found["onChain"], *found["registers"]):
                assert each["text"] in page
                assert each["code"] in page
            for each in found["registers"]:
                asked_of_the_protocol(shelf, party, programme, at, each)


def asked_directly(shelf: Shelf, party: int, body: int, programme: str, moment: Any) -> dict[str, Any]:
    """The pure function, by what the index and the files of the folder hold; which of them count is worked out anew."""
    published = []
    names = {}
    for path in sorted(shelf.path.glob("*.register")):
        with path.open("rb") as file:
            snapshot = read_snapshot(lines_of(file))
        batch = shelf.stand.index.batch(MIRROR, snapshot.root)
        if batch is None:
            continue
        index = SnapshotIndex(zip(snapshot.digests, snapshot.decisions, strict=True))
        # Nothing is final in these worlds, and the chain has not said what is.
        published.append(Published(index, Publication(snapshot.root, batch.block_number, batch.anchored_at, None)))
        names = {"register": "deqar", "mirror": MIRROR, "name": f"{snapshot.manifest.name}, mirrored by party {MIRROR}"}
    policy = policy_here(Policy(), "", body).model_copy(update={"chain": CHAIN})
    registers: tuple[Register, ...] = ()
    if published:
        policy = policy.model_copy(update={"registers": (KnownRegister.model_validate(names),)})
        registers = (Register("deqar", MIRROR, tuple(published)),)
    ledger = shelf.stand.index.ledger()
    question = Question.of(party, moment, programme=programme)
    return answer(question, policy, chain=CHAIN, ledger=ledger, registers=registers).to_dict()


def asked_of_the_protocol(shelf: Shelf, party: int, programme: str, at: str, told: dict[str, Any]) -> None:
    """TRQP says of a register what the question's answer says of it."""
    resource = f"programme=0x{hash_of_programme(programme).hex()}" if programme else "any"
    query = {
        "entity_id": str(party),
        "authority_id": f"{CHAIN}:{CONTRACT}/party/{MIRROR}/register/deqar",
        "action": "issue",
        "resource": resource,
        "time": at,
    }
    answered = shelf.client.get("/v1/authorization", params=query)
    assert answered.status_code == 200, answered.text
    found = answered.json()
    holding = {Standing.HOLDS, Standing.CONDITIONAL}
    readings = {"as_known_then": told["asKnownThen"]["standing"], "as_known_now": told["asKnownNow"]["standing"]}
    assert {name: found["register"][name]["standing"] for name in readings} == readings
    assert found["readings"] == {name: standing in holding for name, standing in readings.items()}
    assert found["authorized"] == all(found["readings"].values())
    assert (told["outcome"] == "pass") == found["authorized"]
    for name, key in (("as_known_then", "asKnownThen"), ("as_known_now", "asKnownNow")):
        decision = told[key]["decision"]
        assert found["register"][name]["decision"] == (decision and decision["digest"])
