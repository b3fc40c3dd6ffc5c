"""Letters to holders: whatever stands in a roster, each is one message to one address, and says what was awarded."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anchor.issuing.letters import (
    LANGUAGES,
    Attachment,
    Letter,
    language_of,
    message_of,
    sender_of,
    text_of,
    trouble_with,
)
from registry.errors import IntakeError

AT = datetime(2026, 9, 1, 12, tzinfo=UTC)
SENDER = sender_of("Registrar’s Office <registrar@university.example>")
HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "X-Unsent", "MIME-Version", "Content-Type",
}  # fmt: skip


def letter(**values: object) -> Letter:
    usual = {
        "address": "ada@student.example",
        "holder": "Ada Lovelace",
        "language": "en",
        "award": "Bachelor of Science",
        "institution": "University of Example",
        "replaces": False,
        "link": "https://university.example/verify#00",
        "wallet": "https://wallet.university.example/interactions/00",
        "key": "ab" * 16,
        "attachments": [Attachment("credential.json", "application/json", b'{"a":"\xc3\xa9"}\n' * 300)],
    }
    return Letter(**usual | values)  # type: ignore[arg-type]


def read(data: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(data, policy=SMTP))


def test_a_letter_is_read_as_it_was_written() -> None:
    told = read(message_of(letter(), SENDER, AT))
    assert set(told.keys()) == HEADERS
    assert (told["To"], told["From"].addresses[0].addr_spec) == (
        "Ada Lovelace <ada@student.example>",
        "registrar@university.example",
    )
    assert told["Date"].datetime == AT
    body = told.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text_of(letter())
    assert body["Content-Language"] == "en"
    (attached,) = told.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("credential.json", "application/json")
    assert attached.get_content() == letter().attachments[0].content
    # The same whenever it is written, so that programs for mail know it again.
    assert (
        message_of(letter(), SENDER, AT).split(b"boundary=")[0]
        == message_of(letter(), SENDER, AT).split(b"boundary=")[0]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_letter_says_in_each_language(language: str) -> None:
    plain, again = (text_of(letter(language=language, replaces=replaces)) for replaces in (False, True))
    for each in (
        "Ada Lovelace",
        "Bachelor of Science",
        "University of Example",
        "https://university.example/verify#00",
        "https://wallet.university.example/interactions/00 ",
    ):
        assert each in plain
    assert len(again) > len(plain)
    assert "{" not in again
    assert "#00" not in text_of(letter(language=language, link=""))
    assert "allet" not in text_of(letter(language=language, wallet=""))


def test_in_which_language_a_holder_is_written_to() -> None:
    assert language_of("de-AT", ["fr"]) == "de"
    assert language_of("zu", ["fr-CA", "en"]) == "fr"
    assert language_of("", ["zu"]) == "en"


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_no_text_of_a_roster_becomes_a_header(holder: str, award: str, institution: str) -> None:
    told = read(message_of(letter(holder=holder, award=award, institution=institution), SENDER, AT))
    assert set(told.keys()) == HEADERS
    assert [each.addr_spec for each in told["To"].addresses] == ["ada@student.example"]
    assert len(list(told.iter_attachments())) == 1


HOSTILE = [
    "ada@student.example\r\nBcc: everybody@university.example",
    "ada@student.example, bob@student.example",
    "ada@student.example;bob@student.example",
    "Ada <ada@student.example>",
    "ada@student.example\x00",
    '"a b"@student.example',
    "ada@[127.0.0.1]",
    "=cmd|' /C calc'!A1",
    "ada",
    "@student.example",
    "ada@",
    "ada@@student.example",
    "a" * 65 + "@student.example",
    "ada@" + "x" * 255,
]


@pytest.mark.parametrize("address", HOSTILE)
def test_an_address_is_one_address_or_none(address: str) -> None:
    assert trouble_with(address) == "it is not one mail address"
    with pytest.raises(IntakeError) as refused:
        message_of(letter(address=address), SENDER, AT)
    assert refused.value.code == "address"
    with pytest.raises(IntakeError):
        sender_of(address) if "<" not in address else sender_of(f"x <{address}>")


@given(st.text(max_size=80))
def test_whatever_passes_for_an_address_is_written_as_one(address: str) -> None:
    if trouble_with(address):
        return
    told = read(message_of(letter(address=address), SENDER, AT))
    assert set(told.keys()) == HEADERS
    assert len(told["To"].addresses) == 1


@pytest.mark.parametrize("address", ["ada@student.example", "zoë@université.example", "o'hara+x@a-b.example"])
def test_addresses_as_people_have_them(address: str) -> None:
    assert trouble_with(address) == ""
    assert b"<" + address.encode() + b">\r\n" in message_of(letter(address=address), SENDER, AT)
