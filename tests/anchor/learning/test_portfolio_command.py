"""`testamur portfolio`: made of what a holder has, shown at every door alike, and given away in part."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from anchor.settings import load_settings
from registry.chain.contract import CredentialRegistry
from registry.document.portfolio import Portfolio, PortfolioItem, portfolio_bytes, read_portfolio
from registry.learning.portfolio.link import link_of, portfolio_in_link
from tests.anchor.begun import begun
from tests.conftest import Run, commands_in, write_diplomas

__all__ = ["begun"]

AWARD, COURSE = "urn:uuid:11111111-0000-4000-8000-000000000001", "urn:uuid:11111111-0000-4000-8000-000000000002"
PROGRAMME = "https://a.example/bachelor"


def badge(identifier: str, fragment: str, name: str, **more: Any) -> dict[str, Any]:
    """A credential as a granular award has them."""
    subject = more.pop("subject", {})
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        ],
        "id": identifier,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": name,
        "issuer": {"id": "did:web:a.example", "type": ["Profile"], "name": "<b>University</b> A"},
        "validFrom": "2025-01-01T00:00:00Z",
        "credentialSubject": {
            "id": "urn:uuid:22222222-0000-4000-8000-000000000001",
            "type": ["AchievementSubject"],
            "achievement": {
                "id": PROGRAMME + fragment,
                "type": ["Achievement"],
                "name": name,
                "description": name,
                "criteria": {"narrative": name},
            },
            **subject,
        },
        **more,
    }


def mark(fragment: str, value: str) -> dict[str, Any]:
    return {"result": [{"type": ["Result"], "resultDescription": PROGRAMME + fragment, "value": value}]}


def documents() -> dict[str, dict[str, Any]]:
    evidence = {"type": ["Evidence"]}
    return {
        "award.json": badge(AWARD, "", "Bachelor", evidence=[evidence | {"id": COURSE, "genre": "part"}]),
        "course.json": badge(
            COURSE,
            "#course.db1",
            "Databases",
            subject=mark("#course.db1", "1.7"),
            evidence=[evidence | {"id": AWARD, "genre": "whole"}],
        ),
        "expired.json": badge(AWARD[:-1] + "3", "#old", "First aid", validUntil="2025-06-01T00:00:00Z"),
        "revoked.json": badge(AWARD[:-1] + "4", "#gone", "Welding"),
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, begun: Path) -> Iterator[Run]:
    """One folder for all tests, each of which writes files of other names."""
    with commands_in(tmp_path_factory.mktemp("learner")) as command:
        shutil.copytree(begun, load_settings().data_folder)
        yield command


@pytest.fixture(scope="module")
def held(run: Run) -> Path:
    """What a learner has: four credentials of one batch, each with its receipt in it; one is revoked."""
    folder = Path("plain")
    folder.mkdir()
    for name, document in documents().items():
        (folder / name).write_text(json.dumps(document, indent=2))
    write_diplomas(Path("others"), 60)
    for each in Path("others").iterdir():
        each.rename(folder / f"other-{each.name}")
    root = run("anchor", folder, "--wait", "--json").json["batches"][0]["root"]
    assert run("receipts", root, "--embed", folder, "-o", "held").code == 0
    for each in (*folder.glob("other-*"), *Path("held").glob("other-*")):
        each.unlink()
    assert run("revoke", folder / "revoked.json", "--reason", "issued-in-error", "--yes").code == 0
    return Path("held")


@pytest.fixture(scope="module")
def portfolio(run: Run, held: Path) -> Path:
    ran = run("portfolio", "make", held, "-o", "portfolio.json", "--name", "What I have", "--holder", "Ana", "--json")
    assert (ran.code, ran.json["withoutReceipt"], ran.json["leftOut"]) == (0, [], [])
    return Path("portfolio.json")


def fates(content: Any) -> dict[str, str]:
    return {item["name"]: item["fate"] for item in content["items"]}


EXPECTED = {"award.json": "good", "course.json": "good", "expired.json": "expired", "revoked.json": "revoked"}


def test_each_item_has_its_own_result_and_one_proof_is_for_all(run: Run, portfolio: Path) -> None:
    ran = run("portfolio", "show", portfolio, "--json")
    assert (ran.code, fates(ran.json)) == (1, EXPECTED)
    counted = {fate: count for fate, count in ran.json["counts"].items() if count}
    assert counted == {"good": 2, "expired": 1, "revoked": 1}
    members = json.loads(portfolio.read_text())
    (proof,) = members["proof"]
    (batch,) = proof["batches"]
    places = {leaf["items"][0]: leaf["leafIndex"] for leaf in batch["leaves"]}
    assert sorted(places) == [0, 1, 2, 3]
    assert list(places.values()) == sorted(places.values())
    assert members["credentialSubject"]["association"] == [
        {
            "type": "Association",
            "associationType": "isPartOf",
            "sourceId": f"{PROGRAMME}#course.db1",
            "targetId": PROGRAMME,
        }
    ]
    # What the issuer signed comes out of it as it was, without the receipt.
    for item in read_portfolio(portfolio.read_bytes()).items:
        assert isinstance(item, PortfolioItem)
        assert json.loads(item.content) == documents()[item.name]


def test_it_says_the_same_as_a_zip_and_as_the_files(run: Run, held: Path, portfolio: Path) -> None:
    with zipfile.ZipFile("all.zip", "w") as packed:
        for path in sorted(held.iterdir()):
            packed.write(path, path.name)

    def verdicts(*paths: object) -> list[Any]:
        found = run("verify", *paths, "--json").json["verdicts"]
        return [{**each, "name": Path(each["name"]).name} for each in found]

    as_portfolio = verdicts(portfolio)
    assert as_portfolio == verdicts("all.zip") == verdicts(held)
    with zipfile.ZipFile("of portfolio.zip", "w") as packed:
        packed.write(portfolio, portfolio.name)
    assert verdicts("of portfolio.zip") == as_portfolio
    told = run("verify", portfolio)
    assert told.code == 1
    assert "nobody has signed it" in told.out


def test_a_receipt_beside_it_makes_it_one_credential(run: Run, held: Path, portfolio: Path) -> None:
    anchored = Path("anchored.json")
    anchored.write_bytes(portfolio.read_bytes())
    beside = Path("anchored.json.receipt.json")
    proof = json.loads((held / "award.json").read_text())["proof"][0]
    beside.write_text(
        json.dumps({key: value for key, value in proof.items() if key != "@context"} | {"type": "TestamurReceipt"})
    )
    content = run("verify", anchored, "--json").json
    assert content["checks"][0]["code"] == "digest-differs"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many digests each question was."""
    asked: list[int] = []
    read = CredentialRegistry.digest_statuses

    def counted(self: CredentialRegistry, issuer: int, digests: Sequence[bytes], **more: Any) -> Any:
        asked.append(len(digests))
        return read(self, issuer, digests, **more)

    monkeypatch.setattr(CredentialRegistry, "digest_statuses", counted)
    return asked


def test_a_batch_is_asked_about_once(
    run: Run, portfolio: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    roots: list[bytes] = []
    read = CredentialRegistry.batch

    def counted(self: CredentialRegistry, issuer: int, root: bytes, **more: Any) -> Any:
        roots.append(root)
        return read(self, issuer, root, **more)

    monkeypatch.setattr(CredentialRegistry, "batch", counted)
    assert run("portfolio", "show", portfolio).code == 1
    assert (asked, len(roots)) == ([4], 1)


def test_statuses_of_neighbours_are_read_together(run: Run, portfolio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words: list[int] = []
    read = CredentialRegistry.status_words

    def counted(self: CredentialRegistry, *arguments: Any, **more: Any) -> Any:
        words.append(arguments[4])
        return read(self, *arguments, **more)

    monkeypatch.setattr(CredentialRegistry, "status_words", counted)
    assert run("portfolio", "show", portfolio).code == 1
    # The batch has 64 leaves and so one word, which is read once for each of the two statuses.
    assert words == [1, 1]


def test_a_share_of_some_without_marks(run: Run, portfolio: Path) -> None:
    ran = run(
        *("portfolio", "share", portfolio, "--items", "1-3", "--without", "marks", "--until", "2100-01-01"),
        *("--purpose", "Application", "--audience", "University B", "-o", "shared.json", "--json"),
    )
    assert ran.code == 0
    assert ran.json["items"] == ["award.json", "expired.json"]
    assert list(ran.json["leftOut"]) == ["course.json"]
    data = Path("shared.json").read_bytes()
    assert b"1.7" not in data
    assert b"Databases" not in data
    found, whole = read_portfolio(data), read_portfolio(portfolio.read_bytes())
    assert found.partial
    assert found.share is not None
    assert (found.share.purpose, found.share.audience, found.share.left_out) == ("Application", "University B", None)
    assert {found.identifier, found.holder_id}.isdisjoint({whole.identifier, whole.holder_id})
    shown = run("portfolio", "show", "shared.json", "--json")
    assert fates(shown.json) == {name: EXPECTED[name] for name in ("award.json", "expired.json")}
    assert shown.json["portfolio"]["share"]["ended"] is False


def test_a_link_has_all_of_it_behind_the_sign(run: Run, portfolio: Path) -> None:
    ran = run(
        *("portfolio", "share", portfolio, "--items", "1", "--say-left-out", "--purpose", "Job", "--audience", "B"),
        *("--link", "https://verify.example/learner", "--yes", "--json"),
    )
    link = ran.json["link"]
    assert link.startswith("https://verify.example/learner#p1.")
    assert len(link) < 2_000
    found = read_portfolio(portfolio_in_link(link))
    assert [item.name for item in found.items] == ["award.json"]
    assert found.share is not None
    assert found.share.left_out == 3
    shown = run("portfolio", "show", link, "-o", "from link.json", "--json")
    assert (shown.code, fates(shown.json)) == (0, {"award.json": "good"})
    assert read_portfolio(Path("from link.json").read_bytes()) == found
    verified = run("verify", link, "--json")
    assert [each["name"] for each in verified.json["verdicts"]] == ["link/award.json"]
    assert verified.json["portfolios"][0]["share"]["purpose"] == "Job"
    broken = run("verify", link[:-9], "--json")
    assert [each["name"] for each in broken.json["verdicts"]] == ["link"]
    assert broken.code == 2
    refused = run("portfolio", "show", link[:-9], "--json")
    assert (refused.json["error"]["code"], refused.json["error"]["where"]) == ("link", "the link")


def test_a_link_that_is_longer_than_a_name_may_be(run: Run, portfolio: Path) -> None:
    members = json.loads(portfolio.read_bytes()) | {"name": hashlib.shake_256(b"").hexdigest(9_000)}
    link = link_of(json.dumps(members).encode(), "https://verify.example/learner")
    assert len(link) > 4_096
    verified = run("verify", link, "--json")
    assert (verified.code, len(verified.json["verdicts"])) == (1, len(EXPECTED))
    assert fates(run("portfolio", "show", f" {link}\n", "--json").json) == EXPECTED
    assert run("portfolio", "make", link, "-o", "of link.json").code == 0
    bomb = urlsafe_b64encode(zlib.compress(bytes(16 << 20))).decode().rstrip("=")
    refused = run("verify", f"p1.{bomb}", "--json")
    assert (refused.code, refused.json["verdicts"][0]["checks"][0]["code"]) == (2, "too-large")


def test_a_file_that_is_called_like_a_link_is_a_file(run: Run, portfolio: Path) -> None:
    path = Path("of me#p1.json")
    path.write_bytes(portfolio.read_bytes())
    assert fates(run("portfolio", "show", path, "--json").json) == EXPECTED
    assert len(run("verify", path, "--json").json["verdicts"]) == len(EXPECTED)


def test_the_end_of_a_share_is_told_and_changes_no_verdict(run: Run, portfolio: Path) -> None:
    def shown(until: str) -> Any:
        share = ("portfolio", "share", portfolio, "--items", "1", "--purpose", "Job", "--audience", "B", "--yes")
        assert run(*share, "--until", until, "-o", "shared.json").code == 0
        return Path("shared.json")

    path = shown("2100-01-01")
    share = read_portfolio(path.read_bytes()).share
    assert share is not None
    # As on the page, the day itself is one of them.
    assert share.until == datetime(2100, 1, 1, 23, 59, 59, tzinfo=UTC)
    text = path.read_text().replace("2100-01-01", "2025-02-01")
    Path("ended.json").write_text(text)
    before, after = (run("portfolio", "show", each, "--json") for each in (path, "ended.json"))
    assert before.json["items"] == after.json["items"]
    assert after.json["portfolio"]["share"]["ended"] is True
    assert after.code == 0
    assert "This share has ended" in run("portfolio", "show", "ended.json").out
    assert "A copy cannot be called back" in run("portfolio", "show", path).out


REFUSED: list[tuple[str, list[str]]] = [
    ("no-such-item", ["--items", "5", "-o", "x.json"]),
    ("no-such-item", ["--items", "0", "-o", "x.json"]),
    ("no-such-item", ["--items", "3-2", "-o", "x.json"]),
    ("no-such-item", ["--items", "one", "-o", "x.json"]),
    ("not-shown", ["--without", "weight", "-o", "x.json"]),
    ("nothing-left", ["--items", "2", "--without", "marks", "-o", "x.json"]),
    ("settings", ["--until", "2025-01-01", "-o", "x.json"]),
    ("settings", []),
    ("settings", ["-o", "x.json", "--link", "https://a.example/"]),
    ("link-page", ["--link", "http://a.example/"]),
    ("link-page", ["--link", "https://a.example/#here"]),
    ("link-page", ["--link", "a.example"]),
]


@pytest.mark.parametrize(("code", "given"), REFUSED)
def test_what_is_refused_writes_nothing(run: Run, code: str, given: list[str]) -> None:
    items = [PortfolioItem(name, json.dumps(document).encode()) for name, document in documents().items()]
    made = Portfolio("urn:uuid:1", "P", "", "urn:uuid:2", datetime(2026, 1, 1, tzinfo=UTC), tuple(items))
    Path("unproved.json").write_bytes(portfolio_bytes(made))
    ran = run("portfolio", "share", "unproved.json", "--purpose", "p", "--audience", "a", *given, "--yes", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, code)
    assert not Path("x.json").exists()


def test_a_page_shows_every_item_and_runs_nothing(run: Run, held: Path) -> None:
    ran = run(
        "portfolio", "make", held, "--name", "<script>alert(1)</script>", "--page", "page.html", "--language", "fr"
    )
    assert ran.code == 0
    page = Path("page.html").read_text()
    assert '<html lang="fr"' in page
    assert "<script" not in page
    assert "&lt;b&gt;University&lt;/b&gt; A" in page
    assert page.count("<li id=") == len(EXPECTED)
    for word in ("révoquée", "expirée", "valable avec"):
        assert word in page


def test_what_comes_in_every_form_comes_once(run: Run, held: Path, portfolio: Path) -> None:
    """Files, a ZIP of them, and a portfolio of them: the same credentials."""
    with zipfile.ZipFile("all.zip", "w") as packed:
        for path in sorted(held.iterdir()):
            packed.write(path, path.name)
    lines = "\n".join(json.dumps(json.loads(path.read_text())) for path in sorted(held.iterdir()))
    Path("lines.jsonl").write_text(lines)
    Path("broken.json.receipt.json").write_text("[")
    Path("broken.json").write_text("{}")
    Path("digest.json").write_text("ab" * 32)
    ran = run(
        "portfolio",
        "make",
        held,
        "all.zip",
        portfolio,
        "lines.jsonl",
        "broken.json",
        "digest.json",
        "-o",
        "again.json",
        "--json",
    )
    assert ran.code == 3
    assert [each["name"] for each in ran.json["leftOut"]] == ["broken.json", "digest.json"]
    assert [item["name"] for item in ran.json["items"]] == sorted(EXPECTED)


def test_receipts_come_from_the_data_folder_too(run: Run, held: Path) -> None:
    ran = run("portfolio", "make", "plain", "-o", "plain.json", "--json")
    assert (ran.code, ran.json["withoutReceipt"]) == (0, [])
    assert fates(run("portfolio", "show", "plain.json", "--json").json) == EXPECTED


def test_of_several_receipts_that_with_evidence_is_taken_and_kept_once(run: Run, held: Path) -> None:
    root = json.loads((held / "award.json").read_text())["proof"][0]["inclusion"]["root"]
    assert run("receipts", root, "-o", "evidence", "--evidence").code == 0
    for path in held.iterdir():
        shutil.copy(path, Path("evidence") / path.name)
    assert run("portfolio", "make", "evidence", "-o", "with evidence.json").code == 0
    portfolio = read_portfolio(Path("with evidence.json").read_bytes())
    receipts = [item.receipt for item in portfolio.items if isinstance(item, PortfolioItem)]
    assert [receipt is not None and receipt.version for receipt in receipts] == [2] * 4
    (batch,) = json.loads(Path("with evidence.json").read_text())["proof"][0]["batches"]
    named = [len(leaf["slots"]) for leaf in batch["leaves"]]
    assert len(batch["evidence"]["slots"]) < sum(named)
    assert fates(run("portfolio", "show", "with evidence.json", "--json").json) == EXPECTED


def test_what_nothing_speaks_for_is_named_and_left_out_wherever_it_is(run: Run, held: Path) -> None:
    mixed = Path("mixed")
    shutil.copytree(held, mixed)
    (mixed / "notes.txt").write_text("Ask Ben about the certificate.")
    with zipfile.ZipFile("mixed.zip", "w") as made:
        for each in mixed.iterdir():
            made.write(each, each.name)
    for source in (mixed, "mixed.zip"):
        ran = run("portfolio", "make", source, "-o", "mixed.json", "--json")
        assert (ran.code, [each["name"] for each in ran.json["leftOut"]]) == (3, ["notes.txt"])
        assert len(ran.json["items"]) == len(documents())
    alone = run("portfolio", "make", mixed / "notes.txt", "-o", "none.json", "--json")
    assert (alone.json["error"]["code"], Path("none.json").exists()) == ("empty", False)


def test_what_is_anchored_is_kept_whatever_it_is(run: Run) -> None:
    Path("letter.txt").write_text("To whom it may concern.")
    root = run("anchor", "letter.txt", "--wait", "--json").json["batches"][0]["root"]
    assert run("receipts", root, "-o", "letters").code == 0
    ran = run("portfolio", "make", "letter.txt", "-o", "letter.json", "--json")
    assert (ran.code, ran.json["leftOut"], ran.json["withoutReceipt"]) == (0, [], [])


def test_what_is_no_portfolio_is_refused(run: Run, held: Path) -> None:
    for path, code in ((held / "award.json", "not-a-portfolio"), ("nothing.json", "unreadable")):
        ran = run("portfolio", "show", path, "--json")
        assert (ran.code, ran.json["error"]["code"]) == (1, code)
