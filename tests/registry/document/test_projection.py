"""A reading that travels between processes says in every check what the whole one says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.document.projection import MOST_VALUES, projected
from registry.document.reading import Part, Reading, read_document
from registry.document.stated_scope import stated_scope
from registry.verify.dates import check_dates
from registry.verify.issuer import named_issuers
from registry.verify.signature import check_signature
from registry.verify.status_lists import names_status_list

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FILLER = [1e5] * (MOST_VALUES + 1)


def judged(reading: Reading) -> tuple[object, ...]:
    """What the checks say that look at the members of a document."""
    members = [part.members for part in reading.parts]
    return (
        check_dates(reading, NOW),
        check_signature(reading, NOW),
        names_status_list(reading),
        stated_scope(members),
        [named_issuers(each) for each in members],
        reading.digests,
    )


_DATES = st.sampled_from(["2020-01-01T00:00:00Z", "2030-01-01", "", [], ["2020"], 1, None, {"@value": "2020"}])
_ALIGNMENT = st.sampled_from([{"targetCode": "6", "targetFramework": "EQF"}, {"targetUrl": "x/isced-f/0613"}, 1])
_ACHIEVEMENT = st.fixed_dictionaries(
    {},
    optional={
        "achievementType": st.sampled_from(["BachelorDegree", "Other", 1]),
        "fieldOfStudy": st.sampled_from(["0613", "x"]),
        "alignment": st.one_of(st.lists(_ALIGNMENT, max_size=2), _ALIGNMENT, st.none()),
        "alignments": st.lists(_ALIGNMENT, max_size=2),
        "issuer": st.sampled_from(["did:web:a.example", {"id": "b", "revocationList": "c"}]),
        "revocationList": st.just("d"),
        "image": st.just("long"),
    },
)
_ONE_OR_MORE = st.one_of(
    _ACHIEVEMENT,
    st.lists(st.one_of(_ACHIEVEMENT, st.just(1)), max_size=3),
    st.just([1] * 70 + [{"achievementType": "Other"}]),
    st.just("text"),
)
_SUBJECT = st.fixed_dictionaries({}, optional={"achievement": _ONE_OR_MORE, "name": st.just("Ada")})
_DOCUMENT = st.fixed_dictionaries(
    {"type": st.just(["VerifiableCredential"]), "filler": st.just(FILLER)},
    optional={
        "validFrom": _DATES,
        "issuedOn": _DATES,
        "validUntil": _DATES,
        "expires": _DATES,
        "credentialStatus": st.sampled_from([{}, {"id": "x"}]),
        "status": st.just({"status_list": {}}),
        "verification": st.sampled_from([{"revocationList": "x"}, "hosted"]),
        "verify": st.just({"type": "hosted"}),
        "revocationList": st.just("x"),
        "issuer": st.sampled_from(["did:web:a.example", {"id": "a", "name": [{"@value": "b"}]}, 1, None]),
        "iss": st.just("c"),
        "badge": _ONE_OR_MORE,
        "credentialSubject": st.one_of(_SUBJECT, st.lists(_SUBJECT, max_size=2), st.just("text")),
        "proof": st.just({"type": "DataIntegrityProof"}),
    },
)


@settings(max_examples=60, deadline=None)
@given(_DOCUMENT)
def test_every_check_says_the_same(document: dict[str, Any]) -> None:
    whole = read_document(json.dumps(document).encode(), "a.json")
    small = projected(whole)
    assert small is not None
    assert "filler" not in small.parts[0].members
    assert judged(small) == judged(whole)


class Asked(dict[str, Any]):
    """An object that notes which of its members a check asks for."""

    def __init__(self, members: dict[str, Any], asked: set[str], where: str = ""):
        inner = {
            name: Asked(value, asked, f"{where}{name}.") if isinstance(value, dict) else value
            for name, value in members.items()
        }
        super().__init__(inner)
        self.asked = asked
        self.where = where

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(self.where + name)
        return super().get(name, default)


def test_no_check_asks_for_a_member_that_is_left_out() -> None:
    document = {
        "credentialSubject": {"achievement": {"name": "x"}},
        "badge": {"name": "x", "issuer": {"name": "x"}},
        "issuer": {"name": "x"},
        "verification": {"type": "x"},
    }
    asked: set[str] = set()
    judged(Reading("a.json", None, parts=(Part("", Asked(document, asked), is_token=True),)))
    assert {"validUntil", "exp", "badge.issuer", "credentialSubject.achievement.alignments"} <= asked
    for path in asked:
        full: Any = "kept"
        for name in reversed(path.split(".")):
            full = {name: full}
        small = projected(Reading("a.json", None, parts=(Part("", {"filler": FILLER, **full}),)))
        assert small is not None
        assert small.parts[0].members == full, path


def test_a_small_reading_is_left_as_it_is() -> None:
    reading = read_document(b'{"type":["VerifiableCredential"],"a":[1,2]}', "a.json")
    assert projected(reading) is reading


def test_too_much_of_what_checks_look_at_is_not_cut() -> None:
    assert projected(read_document(json.dumps({"issuer": FILLER}).encode(), "a.json")) is None
