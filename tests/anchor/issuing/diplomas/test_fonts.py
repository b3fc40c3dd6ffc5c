"""Which characters fonts have, and that one which none has is named before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st

from anchor.issuing.diplomas.fonts import CJK_FAMILIES, FAMILIES, Fonts, load_fonts
from registry.errors import IntakeError


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Fonts:
    return load_fonts(tmp_path_factory.mktemp("fonts"))


@pytest.mark.parametrize(
    "name",
    [
        "Ada Žižek-Đurić",
        "Nguyễn Thị Ánh",
        "Алексей Ковалёв",
        "Γιώργος Παπαδόπουλος",
        "محمد عبد الله الخوارزمي",
        "דָּוִד בן־גוריון",
        "अमित कुमार शर्मा",
        "नमस्‍ते",
        "山田太郎",
        "김민준",
        "王小明",
        "O’Brien\u00a0Jr.",
    ],
)
def test_names_of_these_scripts_can_be_printed(fonts: Fonts, name: str) -> None:
    fonts.check([name], "row 7")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Ada \N{RIGHT-TO-LEFT OVERRIDE}x", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("Ada \x1b[31m", "U+001B"),
        ("Ada \N{PARTY POPPER}", "U+1F389 PARTY POPPER"),
        ("ᚠᚢᚦ", "U+16A0 RUNIC LETTER FEHU FEOH FE F"),
        ("\ud800", "U+D800"),
    ],
)
def test_what_cannot_be_printed_is_named_and_not_shown(fonts: Fonts, text: str, named: str) -> None:
    with pytest.raises(IntakeError) as caught:
        fonts.check(["Ada", text], "row 7")
    told = caught.value.diagnostics()
    assert named in told
    assert caught.value.where == "row 7"
    assert told.isprintable() or told.replace("\n", "").isprintable()


def test_japanese_and_korean_come_first_in_their_languages(fonts: Fonts) -> None:
    assert fonts.families == (*FAMILIES, *CJK_FAMILIES)
    assert fonts.families_for("ja")[2] == "Noto Sans JP"
    assert fonts.families_for("ko-KR")[2] == "Noto Sans KR"
    assert sorted(fonts.families_for("ja")) == sorted(fonts.families)
    assert fonts.families_for("hr") == fonts.families


def test_without_the_extra_the_way_to_get_it_is_told(fonts: Fonts) -> None:
    alone = Fonts(fonts.folder, FAMILIES, frozenset(code for code in fonts.characters if code < 0x3000))
    with pytest.raises(IntakeError, match="CJK UNIFIED IDEOGRAPH") as caught:
        alone.check(["山田"], "row 7")
    assert "'cjk'" in str(caught.value.remedy)
    assert alone.families_for("ja") == FAMILIES


@given(code=st.integers(0x21, 0x2FFFF))
def test_the_compiler_has_a_glyph_for_just_what_is_said_to_have_one(fonts: Fonts, code: int) -> None:
    """Typst refuses PDF/A with a character that no font has: a reader of fonts of its own."""
    sign = chr(code)
    try:
        fonts.check([sign], "")
    except IntakeError:
        return
    source = f"#set document(title: [x])\n#set text(font: {_array(fonts.families)})\n#sys.inputs.text"
    made = typst.compile(
        source.encode(),
        font_paths=_kept(fonts.folder),
        ignore_system_fonts=True,
        sys_inputs={"text": sign},
        pdf_standards=["a-2u"],
    )
    assert made.startswith(b"%PDF")


_made: dict[Path, typst.Fonts] = {}


def _kept(folder: Path) -> typst.Fonts:
    if folder not in _made:
        found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder)])
        _made[folder] = found
    return _made[folder]


def _array(names: tuple[str, ...]) -> str:
    return "(" + ", ".join(f'"{name}"' for name in names) + ")"
