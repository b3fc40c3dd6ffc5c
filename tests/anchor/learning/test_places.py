"""Alignments written into programmes and templates: where a person decided, and nothing else in the file is changed."""

from __future__ import annotations

import shutil
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anchor.issuing.credentials import credentials_of
from anchor.issuing.roster.reading import Row
from anchor.issuing.templates.files import read_template
from anchor.issuing.templates.model import Kind
from anchor.issuing.templates.writing import template_text
from anchor.learning.places import places_in, write_alignments
from anchor.learning.standing import Kind as Finding
from anchor.learning.standing import findings_in
from anchor.verifying.frameworks import programme_in
from registry.errors import IntakeError
from registry.learning.suggest.decision_log import Log
from registry.learning.suggest.decisions import Choice, decide
from registry.learning.suggest.wire import EntryPart
from tests.registry.learning.suggest.suggested import ANA, AT, suggested

EXAMPLES = Path(__file__).parents[3] / "docs/how-to/frameworks"
URL = "https://frameworks.example/information-systems"


@pytest.fixture
def programme(tmp_path: Path) -> Path:
    return Path(shutil.copy(EXAMPLES / "northport.toml", tmp_path))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "bachelor.toml"
    path.write_text(template_text(Kind.BACHELOR, ("en", "de")), encoding="utf-8")
    return path


def entry(place: str, *codes: str, url: str = URL, log: Log | None = None, **said: Any) -> EntryPart:
    choice = Choice(accept=codes, reject=not codes, reason="It is so.", place=place, url=url)
    decision = decide(suggested(**said), choice, ANA, AT, file="here.toml", in_file=False)
    return (log or Log()).after(decision)[0]


def lines_added(before: str, after: str) -> list[str]:
    """Lines that are new, in a text in which all others stand as they did."""
    old = before.splitlines()
    new = after.splitlines()
    kept = [line for line in new if line in old]
    assert [line for line in old if line in new] == kept
    return [line for line in new if line not in old]


def test_what_was_accepted_is_added_to_a_part_and_is_not_added_twice(programme: Path) -> None:
    before = programme.read_text(encoding="utf-8")
    written = write_alignments(programme, entry("part IS501", "A.1", "B.1"))
    assert [each.target_code for each in written] == ["B.1"], "A.1 is there"
    assert lines_added(before, programme.read_text(encoding="utf-8")) == ['covers = ["A.1", "C.1", "B.1"]']
    assert programme_in(programme).parts[0].covers == ("A.1", "C.1", "B.1")
    assert write_alignments(programme, entry("part IS501", "A.1", "B.1")) == ()


@pytest.mark.parametrize(
    "part",
    ['covers = "A.1"', "", "covers = []", 'covers = [\n  "A.1", # the first\n]', "kind = 'module' # a comment"],
)
def test_however_a_part_is_written(programme: Path, part: str) -> None:
    text = programme.read_text(encoding="utf-8").replace('covers = ["A.1", "C.1"]', part)
    programme.write_text(text, encoding="utf-8")
    write_alignments(programme, entry("part IS501", "B.2", "B.3"))
    assert programme_in(programme).parts[0].covers[-2:] == ("B.2", "B.3")
    for comment in ("# the first", "# a comment"):
        assert (comment in programme.read_text(encoding="utf-8")) == (comment in part)


def test_what_was_rejected_changes_nothing(programme: Path, template: Path) -> None:
    for path, place in ((programme, "part IS501"), (template, "achievement")):
        before = path.read_bytes()
        assert write_alignments(path, entry(place)) == ()
        assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["achievement", "course databases", "competence development"])
@pytest.mark.parametrize("granular", ["true", "false"])
def test_a_template_has_it_where_it_belongs_and_a_credential_that_is_issued_next_too(
    template: Path, place: str, granular: str
) -> None:
    before = template.read_text(encoding="utf-8").replace("granular = true", f"granular = {granular}")
    template.write_text(before, encoding="utf-8")
    write_alignments(template, entry(place, "A.1", "B.2"))
    after = template.read_text(encoding="utf-8")
    assert before.count("#") == after.count("#"), "every comment stays"
    assert set(before.splitlines()) <= set(after.splitlines())
    for heading, line in (("[[results]]", "# words. Numbers may"), ("[[signatories]]", "# Who signs on paper.")):
        above = after.splitlines()[after.splitlines().index(heading) - 1]
        assert above.startswith(line), "a comment stays with what it is about"
    found = read_template(template)
    expected = [("A.1", URL), ("B.2", URL)]
    aligned = {
        "achievement": found.alignments,
        "course databases": found.courses[0].alignments,
        "competence development": found.competences[0].alignments,
    }
    assert [(each.code, each.url) for each in aligned[place][-2:]] == expected
    values = {"name": "Zoë", "person_id": "s1", "birth_date": "2001-02-03", "awarded_on": date(2026, 7, 1).isoformat()}
    values |= {"result.final": "1.3", "course.databases": "1.0", "competence.development": "yes"}
    documents = [each.document for each in credentials_of(found, Row("Sheet", 2, values, {}))]
    achievements = [each["credentialSubject"]["achievement"] for each in documents]
    stated = [one for each in achievements for one in (each, *each.get("resultDescription", ()))]
    codes = [one.get("targetCode") for each in stated for one in each.get("alignment", ()) if one["targetUrl"] == URL]
    assert codes == ["A.1", "B.2"]
    assert write_alignments(template, entry(place, "A.1", "B.2")) == ()


@pytest.mark.parametrize(
    ("place", "codes", "said", "code"),
    [
        ("part IS999", ("A.1",), {}, "no-place"),
        ("part IS501", ("B.1",), {"framework": {"id": "another"}}, "other-framework"),
    ],
)
def test_a_programme_is_left_alone_where_it_does_not_fit(
    programme: Path, place: str, codes: tuple[str, ...], said: dict[str, Any], code: str
) -> None:
    before = programme.read_bytes()
    with pytest.raises(IntakeError) as raised:
        write_alignments(programme, entry(place, *codes, **said))
    assert (raised.value.code, programme.read_bytes()) == (code, before)


def test_an_alignment_of_a_credential_has_an_address(template: Path) -> None:
    before = template.read_bytes()
    with pytest.raises(IntakeError) as raised:
        write_alignments(template, entry("achievement", "A.1", url=""))
    assert (raised.value.code, template.read_bytes()) == ("alignment-url", before)


def test_what_would_spoil_a_template_is_taken_back(template: Path) -> None:
    before = template.read_bytes()
    with pytest.raises(IntakeError) as raised:
        write_alignments(template, entry("achievement", "A.1", framework={"id": "x", "title": "x" * 400}))
    assert (raised.value.code, template.read_bytes()) == ("template", before)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cn", "Co", "Zl", "Zp")), min_size=1, max_size=40
    ),
    st.sampled_from(["achievement", "course security", "competence development"]),
)
def test_no_name_of_a_framework_gets_out_of_its_place(template: Path, name: str, place: str) -> None:
    template.write_text(
        template_text(Kind.BACHELOR, ("en", "de"), "urn:uuid:" + "0" * 8 + "-0000-4000-8000-" + "0" * 12)
    )
    before = tomllib.loads(template.read_text(encoding="utf-8"))
    try:
        write_alignments(template, entry(place, "A.1", framework={"id": "x", "title": name}))
    except IntakeError:
        assert tomllib.loads(template.read_text(encoding="utf-8")) == before
        return
    after = tomllib.loads(template.read_text(encoding="utf-8"))
    for table in (before, after):
        for each in (table["achievement"], *table["courses"], *table["competences"]):
            each.pop("alignments", None)
    assert after == before


def test_what_the_file_has_and_what_was_decided_are_compared(programme: Path) -> None:
    first = entry("part IS501", "A.1", text="Business Process Analysis")
    assert {
        (each.kind, each.item) for each in findings_in(places_in(programme), [first]) if each.place == "part IS501"
    } == {(Finding.UNDECIDED, "C.1")}
    second = entry("part IS502", "B.3")
    missing = [each for each in findings_in(places_in(programme), [second]) if each.kind is Finding.UNWRITTEN]
    assert [(each.place, each.item) for each in missing] == [("part IS502", "B.3")]
    assert "Ana Lima decided on 2026-03-02" in missing[0].words
    # The last decision about a suggestion counts.
    rejected = entry("part IS501", text="Business Process Analysis")
    undecided = [
        each.item for each in findings_in(places_in(programme), [first, rejected]) if each.place == "part IS501"
    ]
    assert undecided == ["A.1", "C.1"]
    old = first.model_copy(update={"decision": first.decision.model_copy(update={"text_in_file": True})})
    assert Finding.CHANGED not in {each.kind for each in findings_in(places_in(programme), [old])}
    programme.write_text(programme.read_text().replace("Business Process Analysis", "Business Analysis"))
    assert Finding.CHANGED in {each.kind for each in findings_in(places_in(programme), [old])}
