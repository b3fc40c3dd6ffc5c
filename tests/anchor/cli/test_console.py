"""The one console: tables and lines on screens of any width, and nothing that a text does to them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wcwidth import wcwidth

from anchor.cli.console import CONTINUED, Column, Fields, Listing, SafeConsole, Styled
from tests.terminal import OURS, show

ROOT = "0x" + "0123456789abcdef" * 4
ADDRESS = "0x26E9de45dF2EDb3D9E560d14AF26158dd3F98f04"
TIME = "2026-11-26T01:39:46Z"


def on_screen(text: str, lines: list[str]) -> bool:
    """Whether it is there whole, as a person copies it: the terminal's own line breaks are not copied."""
    return text in "".join(lines)


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 200])
def test_a_table_never_cuts_an_identifier(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [Column("issuer", right=True), Column("root"), Column("account"), Column("at"), Column("state", folds=True)]
    table = Listing(names, [["1", ROOT, ADDRESS, TIME, Styled("valid with a warning", "yellow")]] * 2)
    shown = show(lambda: SafeConsole().say(table), monkeypatch, columns)
    for text in (ROOT, ADDRESS, TIME):
        assert on_screen(text, shown.screen.display)
    assert "…" not in shown.text


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_fields_never_cut_an_identifier(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = Fields({"the root of the batch": ROOT, "nothing": None, "at": TIME})
    shown = show(lambda: SafeConsole().say(fields), monkeypatch, columns)
    assert on_screen(ROOT, shown.screen.display)
    assert on_screen(TIME, shown.screen.display)
    assert "nothing" not in shown.text


def test_a_text_that_goes_on_does_not_seem_to_begin_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    spoof = f"diploma{' ' * 100}forged.json: valid"
    tables = (Listing([Column("file")], [[spoof]]), Fields({"name": spoof}))
    for piece in (spoof, *tables):
        shown = show(lambda piece=piece: SafeConsole().say(piece), monkeypatch, 80)  # type: ignore[misc]
        assert f"{CONTINUED}forged.json: valid" in shown.lines


WIDER = {
    "tones": "\U0001f3fb" * 40,
    "flags": "\U0001f1ed\U0001f1f7" * 20,
    "joined": "क\u200d" * 80,
    "joined and signs": "की\u200d" * 40 + "की" * 20,
}
"""Texts of 80 cells and more on a screen that count as fewer where joined signs are thought to be drawn as one."""


@pytest.mark.parametrize("name", WIDER)
@pytest.mark.parametrize("columns", [40, 80])
def test_what_a_screen_draws_wider_begins_no_line_either(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoof = f"{WIDER[name]}forged.json: valid"
    tables = (Listing([Column("file")], [[spoof]]), Fields({"name": spoof}))
    for at in range(6):
        for piece in (spoof[at:], *tables):
            shown = show(lambda piece=piece: SafeConsole().say(piece), monkeypatch, columns)  # type: ignore[misc]
            # The emulator stops at a joiner, so what it got is measured, each sign as if it were drawn by itself.
            first, *others = OURS.sub(b"", shown.raw.replace(b"\r\n", b"\0")).decode().rstrip("\0").split("\0")
            assert others
            assert all(line.startswith(CONTINUED) for line in others)
            assert max(map(drawn, (first, *others))) <= columns


def drawn(line: str) -> int:
    return sum(max(wcwidth(sign), int(unicodedata.category(sign) == "Mc")) for sign in line)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(), columns=st.sampled_from([20, 60, 80]))
def test_no_text_steers_the_console(text: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def write() -> None:
        console = SafeConsole()
        console.say(text)
        console.say("x ", Styled(text, "bold"), style="red")
        console.say(Listing([Column("a"), Column("b", folds=True)], [[text, text]]))
        console.say(Fields({"name": text}))
        console.print(text)

    assert show(write, monkeypatch, columns).foreign == b""


def test_piped_text_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    SafeConsole().say("word " * 500 + "[/b]\x1b[2J")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("word [/b]\N{REPLACEMENT CHARACTER}[2J")
