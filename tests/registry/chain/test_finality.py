"""When a final block counts as another one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registry.chain.finality import LOOKS, LOOKS_SECONDS, Evidence, Finding, Look

KNOWN, OTHER, THIRD = b"k" * 32, b"o" * 32, b"t" * 32


def look(at: float, *shown: bytes | None, endpoints: int = 1, is_final: bool = True) -> Look:
    return Look(at, {str(number): each for number, each in enumerate(shown)}, endpoints, is_final)


def test_as_it_ships_three_looks_over_a_minute_are_needed() -> None:
    evidence = Evidence()
    found = [evidence.add(KNOWN, look(at, OTHER)) for at in (0, 30, 59, 60)]
    assert found == [Finding.DOUBTFUL] * 3 + [Finding.VIOLATED]
    few = Evidence()
    assert [few.add(KNOWN, look(at, OTHER)) for at in (0, 3_600)] == [Finding.DOUBTFUL] * 2


def test_one_sight_of_the_block_begins_it_all_anew() -> None:
    for cleared_by_a_look in (True, False):
        evidence = Evidence()
        for at in (0, 30):
            evidence.add(KNOWN, look(at, OTHER))
        if cleared_by_a_look:
            assert evidence.add(KNOWN, look(50, KNOWN)) is Finding.SAME
        else:
            evidence.clear()
        assert [evidence.add(KNOWN, look(at, OTHER)) for at in (60, 90, 119)] == [Finding.DOUBTFUL] * 3


def test_another_other_block_begins_it_anew_too() -> None:
    evidence = Evidence()
    found = [evidence.add(KNOWN, look(30 * at, OTHER if at % 2 else THIRD)) for at in range(20)]
    assert set(found) == {Finding.DOUBTFUL}


LOOK = st.builds(
    Look,
    at=st.floats(0, 1_000),
    shown=st.dictionaries(st.sampled_from("abcd"), st.sampled_from([KNOWN, OTHER, THIRD, None])),
    endpoints=st.integers(1, 4),
    is_final=st.booleans(),
)


@given(st.lists(LOOK, max_size=30))
def test_a_verdict_rests_on_looks_that_agree(looks: list[Look]) -> None:
    evidence, since = Evidence(), []
    for each in sorted(looks, key=lambda one: one.at):
        found = evidence.add(KNOWN, each)
        if KNOWN in each.shown.values():
            since = []
            assert found in (Finding.SAME, Finding.DISAGREE)
            continue
        since.append(each)
        if found is not Finding.VIOLATED:
            continue
        for other in (OTHER, THIRD):
            telling = [
                one
                for one in since
                if one.is_final
                and set(one.shown.values()) - {None} == {other}
                and list(one.shown.values()).count(other) >= min(2, one.endpoints)
            ]
            if len(telling) >= LOOKS and telling[-1].at - telling[0].at >= LOOKS_SECONDS:
                break
        else:
            raise AssertionError(since)
