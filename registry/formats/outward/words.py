"""Sentences and texts that several formats have in common: titles, notes for people, and what XML can hold."""

from __future__ import annotations

import re
from typing import Any, Final

from registry.formats.outward.statements import Statement, ToldProgramme
from registry.rdf.nquads import is_iri
from registry.recognition.ledger import Kind

# What XML 1.0 cannot hold, not even as a reference (section 2.2).
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", re.ASCII)
OUR_LANGUAGE: Final = "en"
"""Of the sentences that are made here."""


def title_of(statement: Statement) -> str:
    """A title in plain English."""
    what = {
        Kind.ACCREDIT_TO_ISSUE: "Accreditation",
        Kind.ACCREDIT_TO_ACCREDIT: "Accreditation to accredit others",
        Kind.RECOGNISE: "Recognition of accreditations",
    }[statement.kind]
    holders = ", ".join(each.shown_name for each in statement.holders)
    named = ", ".join(each.name for each in statement.programmes if each.name)
    return f"{what} {statement.number} of {holders}" + (f": {named}" if named else "")


def notes_of(statement: Statement) -> list[str]:
    """What the format has no member for, in sentences for people."""
    notes = [f"Told as of {statement.as_of}."]
    if statement.mirror is not None:
        notes.append(
            f"According to the register {statement.mirror.register}, as published by {statement.mirror.said_by}: a "
            "statement by a mirror, which the holder did not accept."
        )
    if statement.condition:
        notes.append(f"Condition: {statement.condition}")
    elif statement.condition_hash:
        notes.append(f"Conditional; the SHA-256 of the condition is 0x{statement.condition_hash.hex()}.")
    notes += [f"Read it at: {each.uri}" for each in statement.evidence if each.uri and not web_address(each.uri)]
    notes += [f"SHA-256 of the report: 0x{each.sha256.hex()}." for each in statement.evidence if each.sha256]
    if statement.obligatory is not None:
        notes.append(f"This is {'part of the obligatory system' if statement.obligatory else 'voluntary'}.")
    if statement.decision_number:
        notes.append(f"The agency's own number: {statement.decision_number}")
    if statement.activities:
        notes.append(f"Activities: {'; '.join(statement.activities)}")
    if statement.summary:
        notes.append(f"Summary: {statement.summary}")
    notes += [f"{name}: {value}" for name, value in statement.remarks]
    notes += [words for each in statement.programmes if (words := _details(each))]
    return notes


def safe_text(text: str) -> str:
    """The text without what XML cannot hold: each such character is a replacement sign."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def safe_json(value: Any) -> Any:
    """The same with texts that every reader of JSON and XML can hold."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, list):
        return [safe_json(each) for each in value]
    if isinstance(value, dict):
        return {name: safe_json(each) for name, each in value.items()}
    return value


def web_address(text: str) -> bool:
    """Whether it is an address on the web that readers may follow."""
    return text.startswith(("https://", "http://")) and is_iri(text)


def language_tag(text: str) -> str:
    """The language tag, or that of our own sentences where it is none."""
    return text if _LANGUAGE.fullmatch(text) else OUR_LANGUAGE


def _details(programme: ToldProgramme) -> str:
    said = {
        "national level": programme.national_level,
        "ECTS": programme.ects,
        "qualification": programme.qualification,
        "codes": ", ".join(programme.codes),
    }
    told_of = [f"{name} {value}" for name, value in said.items() if value]
    return f"Programme {programme.name or programme.id}: {'; '.join(told_of)}" if told_of else ""
