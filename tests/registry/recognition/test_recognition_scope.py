"""Scopes: the contract's numbers there and back, cover, and what a credential says of its own."""

from __future__ import annotations

import itertools
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.document.stated_scope import stated_scope
from registry.errors import SettingsError
from registry.recognition.countries import ALPHA_2, ALPHA_3, NUMERIC, THREE_LETTERS
from registry.recognition.scope import ANY_PROGRAMME, QUALIFICATION_TYPES, Scope, StatedScope, hash_of_programme

FIELDS = ("", "06", "061", "0612", "0613", "062", "09", "00", "000", "0000")
TYPES = ("bachelor-degree", "master-degree", "type-31")
NURSING, MEDICINE = "https://uni.example/programmes/nursing", "https://uni.example/programmes/medicine"


@st.composite
def _scopes(draw: st.DrawFn) -> Scope:
    lowest, highest = sorted((draw(st.integers(1, 8)), draw(st.integers(1, 8))))
    types = draw(st.frozensets(st.sampled_from(TYPES)))
    where = draw(st.sampled_from(("", "HR", "AT", "999")))
    programme = draw(st.sampled_from((ANY_PROGRAMME, *map(hash_of_programme, (NURSING, MEDICINE)))))
    return Scope(draw(st.sampled_from(FIELDS)), (lowest, highest), types, where, programme)


scopes = _scopes()


def contract_covers(outer: Scope, inner: Scope) -> bool:
    """`Scopes.covers` in the contract's own terms."""
    a, a_digits, a_min, a_max, a_types, a_where, a_programme = outer.to_numbers()
    b, b_digits, b_min, b_max, b_types, b_where, b_programme = inner.to_numbers()
    if a_digits > b_digits or b // 10 ** (b_digits - a_digits) != a:
        return False
    if b_min < a_min or a_max < b_max or (a_where != 0 and a_where != b_where):
        return False
    if any(a_programme) and a_programme != b_programme:
        return False
    return a_types == 0 or (b_types != 0 and b_types & ~a_types == 0)


@given(scopes, scopes)
def test_cover_is_the_contract_s(outer: Scope, inner: Scope) -> None:
    assert outer.covers(inner) == contract_covers(outer, inner)


@given(scopes, scopes, scopes)
def test_cover_is_an_order(a: Scope, b: Scope, c: Scope) -> None:
    assert a.covers(a)
    assert Scope().covers(a)
    assert not (a.covers(b) and b.covers(c)) or a.covers(c)
    assert not (a.covers(b) and b.covers(a)) or a == b


@given(scopes, scopes, scopes)
def test_what_two_scopes_share_is_what_both_cover(a: Scope, b: Scope, c: Scope) -> None:
    shared = a.narrowed_to(b)
    assert shared == b.narrowed_to(a)
    assert (a.covers(c) and b.covers(c)) == (shared is not None and shared.covers(c))


@given(scopes)
def test_numbers_there_and_back(scope: Scope) -> None:
    assert Scope.from_numbers(scope.to_numbers()) == scope


@pytest.mark.parametrize(
    ("scope", "numbers"),
    [
        (Scope(), (0, 0, 1, 8, 0, 0, bytes(32))),
        (Scope("0613", (6, 7), frozenset({"certificate", "bachelor-degree"}), "hr"),
         (613, 4, 6, 7, 0b1000001, 191, bytes(32))),
        (Scope("00", (1, 1), frozenset({"type-31"}), "036", bytes([7]) * 32),
         (0, 2, 1, 1, 1 << 31, 36, bytes([7]) * 32)),
    ],
)  # fmt: skip
def test_numbers(scope: Scope, numbers: tuple[int | bytes, ...]) -> None:
    assert scope.to_numbers() == numbers
    assert Scope.from_numbers(numbers) == scope


def test_a_scope_of_the_first_edition_is_for_any_programme() -> None:
    assert Scope.from_numbers((613, 4, 6, 7, 0, 191)) == Scope("0613", (6, 7), jurisdiction="HR")


@pytest.mark.parametrize(
    "numbers",
    [(6, 1, 1, 8, 0, 0), (100, 2, 1, 8, 0, 0), (1, 0, 1, 8, 0, 0), (613, 5, 1, 8, 0, 0), (0, 0, 0, 8, 0, 0),
     (0, 0, 1, 9, 0, 0), (0, 0, 7, 6, 0, 0), (0, 0, 1, 8, 0, 1000), (-1, 2, 1, 8, 0, 0),
     (0, 0, 1, 8, 0, 0, bytes(31))],
)  # fmt: skip
def test_numbers_that_no_contract_holds(numbers: tuple[int, ...]) -> None:
    with pytest.raises(SettingsError):
        Scope.from_numbers(numbers)


@pytest.mark.parametrize(
    "words",
    [{"field": "6"}, {"field": "06130"}, {"field": "061x"}, {"field": "٠٦"}, {"field": "06\n"}, {"levels": "0"},
     {"levels": "9"}, {"levels": "7-6"}, {"levels": ""}, {"levels": "6-"}, {"levels": "6\n"}, {"types": ["bachelor"]},
     {"types": [""]}, {"jurisdiction": "XX"}, {"jurisdiction": "H"}, {"jurisdiction": "19"}, {"jurisdiction": "HRV"},
     {"programme": ""}, {"programme": " \n"}, {"programme": "\ud800"}],
)  # fmt: skip
def test_words_that_mean_nothing(words: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        Scope.from_words(**words)
    assert caught.value.remedy


def test_words() -> None:
    scope = Scope.from_words("061", "6", ["master-degree"], "at")
    assert scope == Scope("061", (6, 6), frozenset({"master-degree"}), "AT")
    assert str(scope) == "field 061, EQF level 6, master-degree, in AT"
    assert str(Scope(levels=(5, 7))) == "any field, EQF levels 5-7, any type of qualification, in any jurisdiction"
    assert Scope.from_words() == Scope()
    assert Scope.from_words(jurisdiction="000") == Scope()
    nursing = Scope.from_words(programme=f" {NURSING}\n")
    assert nursing.programme == sha256(NURSING.encode()).digest()
    assert str(nursing).endswith(f"in any jurisdiction, programme 0x{nursing.programme.hex()}")


def test_countries() -> None:
    assert (NUMERIC["HR"], NUMERIC["AT"], NUMERIC["AF"], ALPHA_2[840]) == (191, 40, 4, "US")
    assert len(NUMERIC) == len(ALPHA_2) == 249
    assert (set(THREE_LETTERS), THREE_LETTERS["HR"], ALPHA_3["GBR"]) == (set(NUMERIC), "HRV", "GB")
    assert all(len(letters) == 2 and 0 < number < 1000 for letters, number in NUMERIC.items())


def badge(**members: object) -> dict[str, Any]:
    return {"credentialSubject": {"achievement": members}}


def aligned(*alignments: object) -> dict[str, Any]:
    return badge(alignment=list(alignments))


def to(framework: str, code: str) -> dict[str, str]:
    return {"targetFramework": framework, "targetCode": code, "targetUrl": "https://framework.example/x"}


DEGREE = {
    "achievementType": "MasterDegree",
    "fieldOfStudy": "0613",
    "alignment": [{"targetUrl": "http://data.europa.eu/snb/eqf/7", "targetName": "Level 7"}],
}


@pytest.mark.parametrize(
    ("claims", "stated"),
    [
        ({}, StatedScope()),
        (badge(**DEGREE), StatedScope("0613", (7, 7), frozenset({"master-degree"}))),
        ({"credentialSubject": [{"achievement": [DEGREE]}, {"achievement": {"fieldOfStudy": "0612"}}]},
         StatedScope("061", (7, 7), frozenset({"master-degree"}), frozenset({"level", "type of qualification"}))),
        ({"badge": {"alignment": [{"targetUrl": "http://data.europa.eu/snb/isced-f/06"}]}}, StatedScope("06")),
        ({"badge": {"alignments": to("ISCED-F 2013", "0613")}}, StatedScope("0613")),
        (aligned(to("European Qualifications Framework", "EQF level 6"), to("EQF", "8")), StatedScope(None, (6, 8))),
        (aligned(to("ISCED-F", "0613"), to("isced-f", "0541")), StatedScope("")),
        (aligned(to("ISCED-F", "0613"), to("isced-f", "0688")), StatedScope("06")),
        (aligned(to("ESCO", "0613"), to("NQF", "6"), to("EQF", "9"), to("ISCED-F", "9999")), StatedScope()),
        (aligned(to("SeQF", "6"), to("NotEQF", "7")), StatedScope()),
        (badge(fieldOfStudy="Software", achievementType="Achievement"), StatedScope()),
        (badge(fieldOfStudy="2013", achievementType="ext:Diploma"), StatedScope()),
        (aligned({"targetUrl": "https://x.example/eqf/6?isced-f/06"}), StatedScope()),
    ],
)  # fmt: skip
def test_what_a_credential_says(claims: dict[str, Any], stated: StatedScope) -> None:
    assert stated_scope([claims]) == stated


def test_what_is_not_said() -> None:
    assert StatedScope().unstated == ("field", "level", "type of qualification")
    assert StatedScope("", (1, 8), frozenset()).unstated == ()
    scope = Scope("06", (5, 7), frozenset({"diploma"}), "HR")
    assert StatedScope().completed_by(scope) == scope
    assert StatedScope("0613").completed_by(scope) == Scope("0613", (5, 7), frozenset({"diploma"}), "HR")


def test_a_programme_is_stated_by_all_achievements_or_not_at_all() -> None:
    nursing = hash_of_programme(NURSING)
    one, other = {"id": NURSING, **DEGREE}, {"id": MEDICINE, **DEGREE}
    for said in (badge(**one), {"badge": {"id": f" {NURSING} "}}, badge(id=NURSING), {"badge": NURSING},
                 {"credentialSubject": [{"achievement": [one, one]}, {"achievement": NURSING}]}):  # fmt: skip
        stated = stated_scope([said])
        assert (stated.programme, stated.certain.programme) == (nursing, nursing)
    for said in (badge(**DEGREE), {"credentialSubject": {"achievement": [one, other]}},
                 {"credentialSubject": {"achievement": [one, DEGREE]}},
                 {"credentialSubject": [{"achievement": one}, {"degree": "Doctor"}]},
                 {"credentialSubject": {"achievement": [one] * 65}}, badge(id=[NURSING]), badge(id=""),
                 badge(id="\ud800"), badge(id="x" * 2001)):  # fmt: skip
        assert stated_scope([said]).programme is None


def test_a_programme_is_never_taken_from_an_accreditation() -> None:
    nursing, medicine = map(hash_of_programme, (NURSING, MEDICINE))
    accredited = Scope("0913", (6, 6), programme=nursing)
    assert not accredited.covers(StatedScope().completed_by(accredited))
    assert not accredited.covers(StatedScope(programme=medicine).completed_by(accredited))
    assert accredited.covers(StatedScope(programme=nursing).completed_by(accredited))
    assert Scope("0913", (6, 6)).covers(StatedScope(programme=nursing).completed_by(Scope("0913", (6, 6))))


def test_a_badge_with_too_many_alignments_says_only_the_first() -> None:
    claims = badge(alignment=[*itertools.repeat(to("x", "y"), 100), to("EQF", "6")])
    assert stated_scope([claims]) == StatedScope()


@pytest.mark.parametrize(
    "claims",
    [
        {"credentialSubject": {"achievement": [DEGREE] * 64 + [{"achievementType": "DoctoralDegree"}]}},
        badge(**DEGREE | {"alignment": [*DEGREE["alignment"], *[to("x", "y")] * 63, to("EQF", "8")]}),
        badge(**DEGREE | {"alignment": [*DEGREE["alignment"], to("EQF", "the highest")]}),
        badge(**DEGREE | {"alignment": [*DEGREE["alignment"], {"targetUrl": "http://data.europa.eu/" + "x" * 200}]}),
    ],
)
def test_what_is_not_read_of_it_is_unstated_and_never_passed_over(claims: dict[str, Any]) -> None:
    stated = stated_scope([claims])
    assert stated.levels == (7, 7)
    assert "level" in stated.unstated
    assert stated.certain.levels is None


def test_one_scope_has_to_hold_all_achievements() -> None:
    claims = {"credentialSubject": {"achievement": [DEGREE, {"achievementType": "Diploma"}]}}
    stated = stated_scope([claims])
    assert stated.qualification_types == frozenset({"master-degree", "diploma"})
    assert (stated.unstated, stated.certain.qualification_types) == (("field", "level"), stated.qualification_types)


def test_every_type_of_qualification_is_read() -> None:
    for name in QUALIFICATION_TYPES:
        written = "".join(part.capitalize() for part in name.split("-"))
        read = stated_scope([badge(achievementType=written)]).qualification_types
        assert read == frozenset({name}), written


BACHELOR: dict[str, Any] = {
    "achievementType": "BachelorDegree",
    "alignment": ["http://data.europa.eu/snb/eqf/6", "http://data.europa.eu/snb/isced-f/0613"],
}


@pytest.mark.parametrize(
    "subject",
    [
        {"achievement": [BACHELOR, "https://uni.example/achievements/doctorate"]},
        {"achievement": [BACHELOR, 7]},
        [{"achievement": BACHELOR}, {"degree": {"type": "DoctoralDegree"}}],
        [{"achievement": BACHELOR}, "did:example:doctor"],
        {"achievement": {**BACHELOR, "fieldOfStudy": ["0912"]}},
        {"achievement": {**BACHELOR, "alignment": [*BACHELOR["alignment"], {"targetUrl": ["http://x.example/eqf/8"]}]}},
    ],
    ids=str,
)
def test_what_is_named_in_another_form_is_not_passed_over(subject: Any) -> None:
    stated = stated_scope([{"credentialSubject": subject}])
    assert stated.certain.field is None


def test_lists_in_lists_are_read_and_an_alignment_may_be_its_address() -> None:
    doctor = {"achievementType": "DoctoralDegree", "alignment": ["http://data.europa.eu/snb/eqf/8"]}
    stated = stated_scope([{"credentialSubject": {"achievement": [[BACHELOR], [[doctor]]]}}])
    assert stated.levels == (6, 8)
    assert stated.qualification_types == frozenset({"bachelor-degree", "doctoral-degree"})
    assert stated.partly == {"field"}
