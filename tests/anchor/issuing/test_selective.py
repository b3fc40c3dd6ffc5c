"""An award as SD-JWT VC: it says what the award in JSON says, and a holder can leave out what is theirs alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from anchor.books.tables import RunState
from anchor.books.tables import issued as table
from anchor.issuing.confirming import leaves_under
from anchor.issuing.credentials import credentials_of
from anchor.issuing.holder_files import is_selective, members_of
from anchor.issuing.presenting import shown_in, without
from anchor.issuing.selective import credential_in, issue_selective
from anchor.issuing.templates.files import look_at_template
from anchor.issuing.templates.model import Form
from registry.credential.digest import digest_sd_jwt
from registry.errors import IntakeError, StoreError
from registry.proofs.signatures.keys import did_key, did_key_method
from registry.proofs.signatures.sdjwt import read_sd_jwt, verify_sd_jwt
from tests.anchor.begun import begun, issuer, working
from tests.anchor.issuing.made import TEMPLATE, row, rows
from tests.anchor.issuing.registrar import Registrar
from tests.anchor.issuing.site import ADA, KEY, QUICK, Ended, IssuingSite, ending_at

__all__ = ["begun", "issuer"]

SELECTIVE = replace(TEMPLATE, form=Form.SD_JWT, issuer=replace(TEMPLATE.issuer, id=did_key(KEY)))
MADE = datetime(2026, 9, 1, tzinfo=UTC)


def issued(**values: str) -> tuple[dict[str, Any], bytes]:
    ((document),) = [each.document for each in credentials_of(SELECTIVE, row(**values))]
    return document, issue_selective(document, SELECTIVE, KEY, did_key_method(KEY), MADE)


@settings(deadline=None, max_examples=20)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_it_is_the_credential_that_it_would_be_in_json(name: str) -> None:
    document, token = issued(name=name, birth_date="2003-07-31")
    assert credential_in(token) == orjson.loads(orjson.dumps(document))
    claims = verify_sd_jwt(read_sd_jwt(token), KEY.public_key()).claims
    assert {key: claims[key] for key in ("vct", "iss", "iat", "nbf", "exp")} == {
        "vct": TEMPLATE.achievement_id,
        "iss": did_key(KEY),
        "iat": int(MADE.timestamp()),
        "nbf": int(datetime(2026, 8, 31, tzinfo=UTC).timestamp()),
        "exp": int(datetime(2028, 2, 29, tzinfo=UTC).timestamp()),
    }


def test_what_is_of_one_person_alone_can_be_left_out_and_is_not_in_what_is_signed() -> None:
    _, token = issued(birth_date="2003-07-31", result__grade="1.7", course__db="2.0")
    payload = read_sd_jwt(token).issued.payload
    for secret in ("Ångström", "2003-07-31", "zoe5@example.org", "s00005", '"1.7"', '"2.0"'):
        assert secret.encode() not in payload
    keys = [each.key for each in shown_in(read_sd_jwt(token))]
    assert keys == [
        *("name", "birth-date", "result.grade", "course.db", "course.law", "competence.team", "competence.dev")
    ]
    for left_out in combinations(keys, 2):
        shown, gone = without(read_sd_jwt(token), left_out)
        assert sorted(gone) == sorted(left_out)
        assert [each.key for each in shown_in(read_sd_jwt(shown))] == [each for each in keys if each not in left_out]
        assert digest_sd_jwt(shown.encode()) == digest_sd_jwt(token)
    assert without(read_sd_jwt(token), ["course", "competence"])[1] == keys[3:]
    for word in ("cours", "email", "", "issuer"):
        with pytest.raises(IntakeError) as caught:
            without(read_sd_jwt(token), ["name", word])
        assert caught.value.code == "not-shown"
        assert "birth-date" in caught.value.remedy


def test_a_run_that_was_ended_goes_on_in_the_same_form(tmp_path: Path) -> None:
    site = IssuingSite(tmp_path)
    people = rows(3)
    with pytest.raises(Ended):
        site.make(people, SELECTIVE, reached=ending_at("stored"))
    site = site.again()
    run = site.make(people, SELECTIVE)
    assert run is not None
    stored = list(site.store.rows_of(run))
    assert (run.state, len(stored), all(map(is_selective, stored))) == (RunState.MADE, 3, True)
    assert [digest_sd_jwt(each.document) for each in stored] == [each.digest for each in stored]
    assert members_of(stored[0])["id"] == stored[0].credential_id
    assert (run.made_as, QUICK.method) == (ADA.name, "did:web:neckartal.example#key-1")


def test_a_run_that_was_ended_in_another_form_is_thrown_away(tmp_path: Path) -> None:
    site = IssuingSite(tmp_path)
    people = rows(3)
    with pytest.raises(Ended):
        site.make(people, TEMPLATE, reached=ending_at("stored"))
    site = site.again()
    run = site.make(people, SELECTIVE)
    assert run is not None
    assert all(map(is_selective, site.store.rows_of(run)))


def test_a_granular_award_is_no_sd_jwt(tmp_path: Path) -> None:
    path = tmp_path / "award.toml"
    path.write_text('form = "sd-jwt"\ngranular = true\n')
    _, faults = look_at_template(path)
    (fault,) = [each for each in faults if each.key == "form"]
    assert "granular = false" in fault.remedy


@pytest.mark.parametrize("spoil", [lambda token: token[: token[:-1].rindex(b"~") + 1], lambda token: token + b"eyJ9~"])
def test_a_document_that_shows_less_or_more_is_not_confirmed(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    site = IssuingSite(tmp_path)
    run = site.make(rows(2), SELECTIVE)
    assert run is not None
    leaves_under(site.store, run)
    first = next(site.store.rows_of(run))
    with site.folder.engine.begin() as connection:
        which = table.c.credential_id == first.credential_id
        connection.execute(update(table).where(which).values(document=spoil(first.document)))
    with pytest.raises(StoreError) as caught:
        leaves_under(site.store, run)
    assert caught.value.code == "other-root"


def test_one_is_corrected_and_the_old_one_revoked(issuer: int) -> None:
    assert issuer == 1
    with working() as workspace:
        correct_one(Registrar(workspace, SELECTIVE))


def correct_one(registrar: Registrar) -> None:
    registrar.issue([row(5), row(6)])
    assert [each.key for each in registrar.plan([row(5, name="Zoë Öztürk"), row(6)]).wanted[0].differences] == ["name"]
    registrar.correct([row(5, name="Zoë Öztürk"), row(6)])
    held = registrar.in_force()
    assert {person: len(rows) for person, rows in held.items()} == {"s00005": 1, "s00006": 1}
    assert "Zoë Öztürk" in [each.says for each in shown_in(read_sd_jwt(held["s00005"][0].document))]
