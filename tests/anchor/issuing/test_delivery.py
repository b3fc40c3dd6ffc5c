"""The folder from which holders are written to: what is in it, for whose eyes, and that it is gone on with."""

from __future__ import annotations

import csv
import io
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import orjson
import pytest

from anchor.acts.places import Target
from anchor.acts.statuses import carry_out, plan_change
from anchor.issuing import delivery
from anchor.issuing.delivery import Written, delivered_in, parcels_of, receipts_for, write_parcels
from anchor.issuing.diplomas.look import look_of
from anchor.issuing.diplomas.making import Format, Order, Original, render
from anchor.issuing.letters import sender_of
from anchor.issuing.states import State, states_of
from anchor.workspace import Workspace
from registry.credential.digest import digest_json
from registry.document.reading import read_document
from registry.errors import IntakeError
from registry.receipt.model import embedded
from registry.records import Act, Reason
from tests.anchor.begun import begun, issuer, working
from tests.anchor.issuing.made import GRANULAR, TEMPLATE, row
from tests.anchor.issuing.registrar import Registrar

__all__ = ["begun", "issuer"]

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
FORMULA = '=HYPERLINK("https://evil.example","x")'


@pytest.fixture
def here(issuer: int) -> Iterator[Workspace]:
    assert issuer == 1
    with working() as workspace:
        yield workspace


def written(registrar: Registrar, folder: Path, papers: delivery.Papers | None = None) -> Written:
    parcels = parcels_of(states_of(registrar.workspace, 1, registrar.rows()).rows)
    receipts = receipts_for(registrar.workspace, 1, [each for parcel in parcels for each in parcel.rows])
    address = "https://university.example/verify"
    sender = sender_of("registrar@university.example")
    return write_parcels(folder, parcels, receipts, sender=sender, at=AT, verify_url=address, papers=papers)


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def test_each_holder_has_a_letter_with_all_that_is_theirs(here: Workspace, tmp_path: Path) -> None:
    registrar = Registrar(here, GRANULAR)
    registrar.issue([row(5), row(6, language="de"), row(7, email=""), row(8, email="nobody"), row(9, name=FORMULA)])
    assert written(registrar, tmp_path / "letters") == Written(letters=3, unreached=2, kept=0)
    folder = tmp_path / "letters"
    lines = table(folder / "letters.csv")
    assert [(each["address"], each["language"]) for each in lines] == [
        ("zoe5@example.org", "en"), ("zoe6@example.org", "de"), ("zoe9@example.org", "en"),
    ]  # fmt: skip
    # No cell is a formula; whoever cannot be written to is named with the reason.
    assert lines[2]["name"] == f"'{FORMULA}"
    assert [each["why"] for each in table(folder / "without-address.csv")] == [
        "the roster has no address", "it is not one mail address",
    ]  # fmt: skip
    for each in lines:
        told = message_from_bytes((folder / each["letter"]).read_bytes(), policy=SMTP)
        files = {part.get_filename(): part.get_payload(decode=True) for part in told.iter_attachments()}
        assert {"credential.json", "course-db.json", "competence-team.json", "marks.json"} <= files.keys()
        for content in files.values():
            assert embedded(orjson.loads(content), digest_json(content)) is not None
        assert (folder / each["file"]).read_bytes() == files["credential.json"]
        assert each["link"].endswith(digest_json(files["credential.json"]).hex)
    german = message_from_bytes((folder / lines[1]["letter"]).read_bytes(), policy=SMTP)
    assert "Wirtschaftsinformatik – Neckartal University" in german["Subject"]
    # Names and marks of people: nobody else can enter, and no name of a file says who it is.
    for parent, folders, names in os.walk(folder):
        assert stat.S_IMODE(Path(parent).stat().st_mode) == 0o700
        assert {stat.S_IMODE(Path(parent, name).stat().st_mode) for name in names} <= {0o600}
        assert not any("zo" in name.casefold() or "s0000" in name for name in (*folders, *names))


def test_it_goes_on_where_it_was_stopped(here: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5), row(6), row(7)])
    folder, left = tmp_path / "letters", 1
    made = delivery.message_of

    def failing(*arguments: object) -> bytes:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(28, "No space left on device")
        return made(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery, "message_of", failing)
    with pytest.raises(IntakeError, match="No space left"):
        written(registrar, folder)
    assert not (folder / "letters.csv").exists()
    (first,) = (folder / "letters").glob("*.eml")
    before = first.read_bytes()
    monkeypatch.undo()
    assert written(registrar, folder) == Written(letters=3, unreached=0, kept=1)
    assert (first.read_bytes(), len(table(folder / "letters.csv"))) == (before, 3)
    assert written(registrar, folder) == Written(letters=3, unreached=0, kept=3)
    assert not list(folder.rglob(".*"))


def test_a_folder_with_a_letter_of_what_was_revoked_since_is_not_written_to(here: Workspace, tmp_path: Path) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5), row(6)])
    folder = tmp_path / "letters"
    written(registrar, folder)
    before = (folder / "letters.csv").read_bytes()
    revoked = registrar.rows()[0]
    plan = plan_change(here, Act.REVOKE, [Target.of(revoked.digest.value)], Reason.OBTAINED_BY_FRAUD)
    carry_out(here, plan)
    with pytest.raises(IntakeError) as refused:
        written(registrar, folder)
    assert refused.value.code == "other-letters"
    assert (folder / "letters.csv").read_bytes() == before
    assert written(registrar, tmp_path / "second") == Written(letters=1, unreached=0, kept=0)


def test_only_what_a_person_says_was_sent_is_delivered(here: Workspace, tmp_path: Path) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5), row(6)])
    written(registrar, tmp_path / "letters")
    rows = registrar.rows()
    (tmp_path / "letters" / "letters" / f"{rows[1].digest.hex[:32]}.eml").unlink()
    given = delivered_in(tmp_path / "letters", rows)
    assert given == [rows[0].digest.value]
    registrar.store.mark_delivered(given, 1_800_000_000)
    registrar.store.mark_delivered(given, 1_900_000_000)
    assert [each.delivered_at for each in registrar.rows()] == [1_800_000_000, None]
    assert list(registrar.states().values()) == [State.DELIVERED, State.FINAL]
    assert [each.award.person_id for each in parcels_of(states_of(here, 1, registrar.rows()).rows)] == ["s00006"]
    # A folder of something else says nothing of these.
    for folder, rows_of_it in ((tmp_path, rows), (tmp_path / "letters", rows[1:])):
        with pytest.raises(IntakeError):
            delivered_in(folder, rows_of_it)


def test_a_folder_that_others_can_enter_is_not_written_to(here: Workspace, tmp_path: Path) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5)])
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    (folder / "else.txt").touch()
    folder.chmod(0o755)
    with pytest.raises(IntakeError) as refused:
        written(registrar, folder)
    assert refused.value.code == "open-folder"
    assert [each.name for each in folder.iterdir()] == ["else.txt"]


def test_the_diploma_is_in_the_letter_and_holds_the_credential(here: Workspace, tmp_path: Path) -> None:
    registrar = Registrar(here)
    registrar.issue([row(5)])
    look = look_of(TEMPLATE, "https://university.example/verify")

    def papers(documents: object) -> Iterator[bytes]:
        assert isinstance(documents, list)
        for made in render([Original("a", each) for each in documents], Order(look), workers=1):
            yield made.files[Format.PDF]

    written(registrar, tmp_path / "letters", papers)
    (line,) = table(tmp_path / "letters" / "letters.csv")
    paper = (tmp_path / "letters" / line["file"]).read_bytes()
    assert (line["file"].rpartition("/")[2], paper[:5]) == ("diploma.pdf", b"%PDF-")
    (one,) = registrar.rows()
    assert one.digest in read_document(paper, "diploma.pdf").digests
