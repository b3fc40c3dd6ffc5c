"""`testamur diplomas`, from a run that was confirmed and from files; and what `verify` says of what it made."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pypdf import PdfReader

from anchor.anchoring.now import Now
from anchor.books.issued import IssuedStore
from anchor.books.issued import Run as IssueRun
from anchor.issuing import confirming
from anchor.issuing.making import Maker, Source
from anchor.issuing.people import Confirmation
from anchor.issuing.roster.reading import Row
from anchor.issuing.templates.files import read_template
from anchor.issuing.templates.model import Kind
from anchor.issuing.templates.writing import template_text
from tests.anchor.begun import begun, issuer, working
from tests.anchor.issuing.made import rows
from tests.anchor.issuing.site import ADA, BOB, QUICK
from tests.conftest import Run

__all__ = ["begun", "issuer"]

VERIFY = ("--verify-url", "https://u.example/verify.html")


def issue(its_rows: Sequence[Row], *, anchored: bool = True) -> IssueRun:
    """A run of the template that the program writes, confirmed and anchored by it."""
    path = Path("template.toml")
    path.write_text(template_text(Kind.SHORT_COURSE, ("en", "hr")))
    with working() as here:
        store = IssuedStore(here.folder.engine, here.chain, here.contract_address)
        source = Source(read_template(path), path.absolute(), path.read_bytes(), "roster.xlsx", 1)
        maker = Maker(store, source, here.folder.path, workers=1)
        with maker.alone():
            run = maker.make(maker.sort(its_rows).to_make, QUICK, ADA)
        if anchored:
            run = confirming.confirm(store, run.root or b"", BOB, Confirmation.NAME)
            confirming.anchor(here, store, run, Now(here))
    return run


def root_of(run: IssueRun) -> str:
    return f"0x{(run.root or b'').hex()}"


def test_a_run_becomes_papers_that_verify_and_say_what_counts(run: Run, issuer: int) -> None:
    issued = issue(rows(3))
    made = run("diplomas", root_of(issued), "-o", "out", "--format", "pdf", "--format", "png", *VERIFY, "--json").json
    assert (made["made"], made["kept"], made["drafts"], made["replaced"]) == (6, 0, False, 0)
    names = sorted(path.name for path in Path("out").glob("*.pdf"))
    assert names[0] == "00005 Zoë Ångström-Öztürk 5.pdf"
    assert sorted(name for each in made["files"].values() for name in each if name.endswith(".pdf")) == names
    pages = PdfReader(Path("out", names[0])).pages
    printed = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "has been awarded" in printed
    assert "ima stečenu kvalifikaciju" in printed
    for path in (Path("out", names[0]), Path("out", names[0]).with_suffix(".png")):
        told = run("verify", path, "--trust", issuer)
        assert told.code == 0
        assert "Holder: Zoë Ångström-Öztürk 5" in told.out
        assert "What counts is what stands here, not what a paper or a picture shows." in " ".join(told.out.split())
    again = run("diplomas", root_of(issued), "-o", "out", "--format", "pdf", *VERIFY, "--json").json
    assert (again["made"], again["kept"]) == (0, 3)


def test_what_is_not_final_is_refused_or_says_that_it_is_a_draft(run: Run, issuer: int) -> None:
    issued = issue(rows(2), anchored=False)
    refused = run("diplomas", root_of(issued), "-o", "out", *VERIFY, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "not-final")
    assert not Path("out").exists()
    told = run("diplomas", root_of(issued), "-o", "out", *VERIFY, "--not-final")
    assert "drafts" in told.out
    for path in Path("out").glob("*.pdf"):
        assert "DRAFT" in PdfReader(path).pages[0].extract_text()
    assert run("diplomas", "ab" * 32, "-o", "out", *VERIFY, "--json").json["error"]["code"] == "unknown-root"


def test_what_was_corrected_is_left_out(run: Run, issuer: int) -> None:
    issued = issue(rows(3))
    with working() as here:
        store = IssuedStore(here.folder.engine, here.chain, here.contract_address)
        first, second, _ = store.rows_of(issued)
        store.replace(first.credential_id, second.credential_id)
    made = run("diplomas", root_of(issued), "-o", "out", "--format", "json", *VERIFY, "--json").json
    assert (made["made"], made["replaced"]) == (2, 1)
    assert len(list(Path("out").glob("*.json"))) == 2


def test_the_template_may_have_moved_but_is_the_same(run: Run, issuer: int) -> None:
    issued = issue(rows(1))
    Path("template.toml").rename("moved.toml")
    gone = run("diplomas", root_of(issued), "-o", "out", *VERIFY, "--json")
    assert gone.json["error"]["code"] == "template-unreadable"
    assert run("diplomas", root_of(issued), "-o", "out", *VERIFY, "--template", "moved.toml").code == 0
    Path("other.toml").write_text(template_text(Kind.SHORT_COURSE, ("en",)))
    other = run("diplomas", root_of(issued), "-o", "out", *VERIFY, "--template", "other.toml", "--json")
    assert other.json["error"]["code"] == "other-template"


def test_files_of_anybody_are_printed_and_edits_of_the_paper_are_told(run: Run, issuer: int) -> None:
    issued = issue(rows(1))
    run("diplomas", root_of(issued), "-o", "held", "--format", "json", *VERIFY)
    told = run("diplomas", "held", "-o", "out", "--lang", "de", *VERIFY)
    assert "No chain was asked" in told.out
    [paper] = Path("out").glob("*.pdf")
    whole = paper.read_bytes()
    plain = run("verify", paper, "--trust", issuer)
    assert "was saved again" not in plain.out
    paper.write_bytes(whole + b"1 0 obj\n<<>>\nendobj\nxref\n0 1\ntrailer\n<</Prev 1>>\nstartxref\n9\n%%EOF\n")
    edited = run("verify", paper, "--trust", issuer)
    assert "The PDF was saved again after it was first written (2 versions" in " ".join(edited.out.split())
    # Another credential beside it is told, too; which of them the paper shows, nobody knows.
    with pikepdf.open(io.BytesIO(whole)) as opened:
        opened.attachments["other.json"] = pikepdf.AttachedFileSpec(opened, b'{"type":["VerifiableCredential"]}')
        opened.save(paper)
    two = run("verify", paper, "--trust", issuer, "--json").json
    [integrity] = [check for check in two["checks"] if check["name"] == "integrity"]
    assert "2 parts" in integrity["text"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), "verify-url"),
        ((*VERIFY, "--lang", "xx"), "no-wording"),
        ((*VERIFY, "--badge", "missing.png"), "logo"),
        (("--verify-url", "u.example"), "verify-url"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_made(run: Run, words: tuple[str, ...], code: str) -> None:
    Path("held").mkdir()
    Path("held/a.json").write_text(json.dumps({"type": ["VerifiableCredential"]}))
    refused = run("diplomas", "held", "-o", "out", *words, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, code)
    assert not Path("out").exists()


def test_the_address_of_the_service_is_that_of_its_page(run: Run, issuer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTAMUR_PUBLIC_URL", "https://registry.example")
    issued = issue([replace(row) for row in rows(1)])
    assert run("diplomas", root_of(issued), "-o", "out").code == 0
    [paper] = Path("out").glob("*.pdf")
    assert "registry.example/verify" in PdfReader(paper).pages[0].extract_text()


def test_whoever_issued_it_makes_a_paper_again_and_compares(run: Run, issuer: int) -> None:
    issued = issue(rows(2))
    root = root_of(issued)
    run("diplomas", root, "-o", "out", "--format", "pdf", "--format", "svg", *VERIFY)
    [paper, other] = sorted(Path("out").glob("*.pdf"))
    for path in (paper, paper.with_suffix(".svg")):
        assert run("diplomas", root, "--check", path, *VERIFY, "--json").json["answer"] == "same"
    # Written anew by another program: nothing in the file says so, and every page looks as it did.
    with pikepdf.open(io.BytesIO(paper.read_bytes())) as opened:
        opened.save(paper)
    differs = run("diplomas", root, "--check", paper, *VERIFY, "--json")
    assert (differs.code, differs.json["answer"]) == (1, "differs")
    assert run("diplomas", root, "--check", other, *VERIFY, "--lang", "en", "--json").json["answer"] == "differs"
    Path("empty.pdf").write_bytes(b"%PDF-1.7")
    assert run("diplomas", root, "--check", "empty.pdf", *VERIFY, "--json").json["answer"] == "not-here"
    for words in (("--check", paper, "-o", "x"), (), ("--check", "a.txt")):
        assert run("diplomas", root, *words, *VERIFY, "--json").code == 1
