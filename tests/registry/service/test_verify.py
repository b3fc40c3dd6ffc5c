"""`POST /v1/verify` says what the command line says, one by one or as a table, and never more than was checked."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient
from typer.testing import CliRunner

from anchor.settings import Settings, load_settings
from anchor.verifying.files import FileVerifier
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.rpc.client import ChainClient
from registry.chain.rpc.connect import connect
from registry.credential.digest import Digest, DigestMethod, Limits, digest_json
from registry.document.portfolio import Portfolio, PortfolioItem, Share, data_url, portfolio_bytes
from registry.embedded.chain import EmbeddedChain
from registry.errors import ChainUnavailable, StoreError
from registry.http.buckets import OwnBuckets
from registry.http.fairness import LEAST_SECONDS
from registry.http.problems import install_problems
from registry.index.indexer import Indexer
from registry.index.loader import TreeLoader
from registry.index.reader import Index
from registry.index.writer import IndexWriter
from registry.merkle.tree import Tree
from registry.receipt.model import Receipt, parse, to_cbor, to_json
from registry.records import Batch, Reason
from registry.service import readers as readers_module
from registry.service.known_anchors import IndexedAnchors
from registry.service.readers import Readers
from registry.service.routes import verify as verify_route
from registry.service.routes.verify import READ_AHEAD, verify_router
from registry.service.submissions import SubmissionLimits
from registry.service.verifying import Verifying
from registry.trees.folder import FolderTrees
from registry.untrusted.cells import csv_lines
from registry.verifier.nothing_known import NothingKnown
from registry.verifier.verifier import MOST_SILENCES, KnownAnchor, KnownAnchors
from registry.verify.rows import COLUMNS, Row
from registry.verify.verdict import verdict_schema
from tests.acts import revoke_in_one_batch
from tests.registry.chain.worlds import Behaviour, BrokenEndpoint, Exchange, World

MOST_AT_ONCE = SubmissionLimits().uploads
SAMPLES = Path(__file__).parents[4] / "shared" / "samples" / "dcc" / "verifiableCredentials"
NDJSON = "application/x-ndjson"


@dataclass
class Site:
    """A folder of anchored credentials with their receipts, the chain they are anchored on, and the service's view."""

    folder: Path
    workspace: Workspace
    verifying: Verifying

    def receipt(self, name: str) -> bytes:
        return (self.folder / f"{name}.receipt.json").read_bytes()

    def document(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def zipped(self, folder: str = "", **more: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            base = self.folder / folder
            for path in sorted(base.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(base).as_posix())
            for name, content in more.items():
                archive.writestr(name, content)
        return out.getvalue()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    patch = pytest.MonkeyPatch()
    patch.chdir(home)
    for name in Settings.model_fields:
        patch.delenv(f"TESTAMUR_{name.upper()}", raising=False)
    (home / "files" / "diplomas").mkdir(parents=True)
    for number in range(4):
        document = {
            "type": ["VerifiableCredential"],
            "id": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
            "issuer": "did:web:university.example",
            "validFrom": "2025-01-01T00:00:00Z",
            "credentialSubject": {"achievement": {"alignment": {"targetFramework": "EQF", "targetCode": "6"}}},
        }
        (home / "files" / "diplomas" / f"{number}.json").write_text(json.dumps(document))
    (home / "files" / "diplomas" / "transcript.pdf").write_bytes(b"%PDF-1.7 a transcript")
    (home / "files" / "twice").mkdir()
    (home / "files" / "twice" / "t.json").write_text('{"type":["VerifiableCredential"],"id":"urn:example:twice"}')
    if SAMPLES.is_dir():
        shutil.copytree(SAMPLES, home / "files" / "samples")

    def run(*words: str) -> Any:
        result = CliRunner().invoke(_command(), [*words, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    run("issuer", "register", "--uri", "did:web:university.example")
    root = run("anchor", "files")["batches"][0]["root"]
    run("receipts", root, "-o", "files")
    run("revoke", "files/diplomas/1.json", "--reason", "obtained-by-fraud")
    run("suspend", "files/diplomas/2.json")
    Path("files/twice/more.json").write_text('{"id":"urn:example:more"}')
    again = run("anchor", "files/twice", "--reissue")["batches"][0]["root"]
    run("receipts", again, "-o", "again")
    Path("files/twice/more.json").unlink()
    revoke_in_one_batch(Path("files/twice/t.json.receipt.json"))
    with Workspace(load_settings(None)) as workspace:
        engine, chain, contract = workspace.folder.engine, workspace.chain, workspace.contract_address
        Indexer(workspace.contract, IndexWriter(engine, chain, contract), first_block=1).catch_up()
        index, trees = Index(engine, chain, contract), FolderTrees(workspace.folder.path / "trees")
        assert TreeLoader(index, trees).step() == 2
        verifying = Verifying(
            lambda: workspace.contract, chain, IndexedAnchors(index, trees), trusted=workspace.trusted()
        )
        yield Site(home / "files", workspace, verifying)
    patch.undo()


def _command() -> Any:
    from anchor.cli.app import app

    return app


def app_of(verifying: Verifying, threads: int = 2) -> FastAPI:
    app = FastAPI()
    app.include_router(verify_router(threads))
    app.state.verifying = replace(verifying, work=OwnBuckets())  # what one test spends, the next one has

    install_problems(app)
    return app


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    with TestClient(app_of(site.verifying)) as client:
        yield client


def rows_of(text: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    *rows, last = map(json.loads, text.splitlines())
    return rows, last["summary"]


def codes(verdict: Any) -> dict[str, str]:
    return {check["name"]: check["code"] for check in verdict["checks"]}


ZIP = {"content-type": "application/zip"}
JSON = {"content-type": "application/json"}


# One credential


def test_a_document_alone_is_found_in_the_index(site: Site, client: TestClient) -> None:
    answer = client.post("/v1/verify", content=site.document("diplomas/0.json"), headers=JSON)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    verdict = answer.json()
    jsonschema.validate(verdict, verdict_schema())
    assert verdict["overall"] == "valid with a warning"
    assert verdict["issuer"] == 1


def test_levels_are_told_of_the_country_of_whoever_asks(site: Site, client: TestClient) -> None:
    asked = {"content": site.document("diplomas/0.json"), "headers": JSON}
    for query, places in (("", set()), ("?here=FR", {"FR"})):
        verdict = client.post(f"/v1/verify{query}", **asked).json()
        jsonschema.validate(verdict, verdict_schema())
        assert {each["country"] for each in verdict["levelCard"]["rows"]} == places
    assert client.post("/v1/verify?here=france", **asked).status_code == 422


def test_a_receipt_beside_the_document_counts(site: Site, client: TestClient) -> None:
    document, receipt = site.document("diplomas/transcript.pdf"), site.receipt("diplomas/transcript.pdf")
    files = {"document": ("t.pdf", document), "receipt": ("any name", receipt)}
    answer = client.post("/v1/verify", files=files)
    assert answer.json()["overall"] == "valid with a warning"
    files["document"] = ("t.pdf", document + b" changed")
    changed = client.post("/v1/verify", files=files).json()
    assert (changed["overall"], codes(changed)["integrity"]) == ("not valid", "digest-differs")


def test_a_document_and_its_receipt_in_one_object(site: Site, client: TestClient) -> None:
    together = {
        "document": json.loads(site.document("diplomas/0.json")),
        "receipt": json.loads(site.receipt("diplomas/0.json")),
    }
    assert client.post("/v1/verify", json=together).json()["overall"] == "valid with a warning"
    together["document"]["name"] = "with distinction"
    assert client.post("/v1/verify", json=together).json()["overall"] == "not valid"


@pytest.mark.parametrize("form", ["json", "cbor"])
def test_a_receipt_without_its_document_is_not_valid_by_itself(site: Site, client: TestClient, form: str) -> None:
    receipt = site.receipt("diplomas/0.json")
    data = receipt if form == "json" else to_cbor(parse(receipt))
    verdict = client.post("/v1/verify", content=data, headers={"content-type": f"application/{form}"}).json()
    assert verdict["overall"] == "could not be checked"
    assert codes(verdict)["integrity"] == "no-document"
    assert (codes(verdict)["anchor"], codes(verdict)["status"]) == ("practice-chain", "in-force")
    revoked = client.post("/v1/verify", content=site.receipt("diplomas/1.json"), headers=JSON).json()
    assert revoked["overall"] == "not valid"


@pytest.mark.parametrize(("name", "code"), [("1", "revoked"), ("2", "suspended")])
def test_statuses_are_seen(site: Site, client: TestClient, name: str, code: str) -> None:
    verdict = client.post("/v1/verify", content=site.document(f"diplomas/{name}.json"), headers=JSON).json()
    assert (verdict["overall"], codes(verdict)["status"]) == ("not valid", code)


def test_what_nobody_anchored_could_not_be_checked(client: TestClient) -> None:
    verdict = client.post("/v1/verify", json={"type": "VerifiableCredential", "name": "forged"}).json()
    assert verdict["overall"] == "could not be checked"
    assert codes(verdict)["integrity"] == "no-receipt"


def test_a_file_needs_no_json(site: Site, client: TestClient) -> None:
    data = site.document("diplomas/transcript.pdf")
    verdict = client.post("/v1/verify?name=t.pdf", content=data, headers={"content-type": "application/pdf"}).json()
    assert (verdict["name"], verdict["overall"]) == ("t.pdf", "valid with a warning")


def test_whom_the_one_who_asks_believes_counts(site: Site) -> None:
    document = site.document("diplomas/0.json")
    with TestClient(app_of(replace(site.verifying, trusted=frozenset()))) as client:
        stranger = client.post("/v1/verify", content=document, headers=JSON).json()
        assert codes(stranger)["issuer"] == "issuer-not-trusted"
        assert stranger["overall"] != "valid"
        trusted = client.post("/v1/verify?trust=5&trust=1", content=document, headers=JSON).json()
        assert (codes(trusted)["issuer"], trusted["overall"]) == ("issuer-trusted", "valid with a warning")
        policy = b'[[issuers]]\nparty = 1\nname = "The University"\n'
        files = {"file": ("0.json", document), "policy": ("p.toml", policy)}
        assert client.post("/v1/verify", files=files).json()["overall"] == "valid with a warning"
        files["policy"] = ("p.toml", b"nonsense = 1")
        refused = client.post("/v1/verify", files=files)
        assert (refused.status_code, refused.json()["code"]) == (400, "policy")
        bodies = b'require = true\n[[bodies]]\nparty = 1\nname = "A body"\n'
        files["policy"] = ("p.toml", bodies)
        assert codes(client.post("/v1/verify", files=files).json())["accreditation"] == "no-accreditation-on-record"


def test_another_issuers_anchors_are_left_out_when_one_is_named(site: Site, client: TestClient) -> None:
    document = site.document("diplomas/0.json")
    assert (
        client.post("/v1/verify?issuer=1", content=document, headers=JSON).json()["overall"] == "valid with a warning"
    )
    verdict = client.post("/v1/verify?issuer=2", content=document, headers=JSON).json()
    assert codes(verdict)["anchor"] == "no-receipt"


def test_dates_are_judged_at_the_time_asked_for(site: Site, client: TestClient) -> None:
    document = site.document("diplomas/0.json")
    verdict = client.post("/v1/verify?at=2024-01-01T00:00:00Z", content=document, headers=JSON).json()
    assert (verdict["overall"], codes(verdict)["dates"]) == ("not valid", "not-yet-valid")


def test_revoked_under_one_anchor_is_revoked_under_all(site: Site, client: TestClient) -> None:
    receipt = (site.folder.parent / "again" / "t.json.receipt.json").read_bytes()
    files = {"document": ("t.json", site.document("twice/t.json")), "receipt": ("r", receipt)}
    verdict = client.post("/v1/verify", files=files).json()
    assert verdict["root"] == json.loads(receipt)["inclusion"]["root"]
    assert (verdict["overall"], codes(verdict)["status"]) == ("not valid", "revoked")


class AlsoAnchoredBy:
    """Another party anchored everything before."""

    def __init__(self, known: KnownAnchors, party: int):
        self._known = known
        self._party = party

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:
        anchors = self._known.of(digest, None)
        others = [replace(each, issuer=self._party, receipt=partial(self._receipt, each)) for each in anchors]
        return [each for each in (*others, *anchors) if issuer in (None, each.issuer)]

    def searched(self, issuer: int) -> Collection[bytes]:
        return self._known.searched(issuer)

    def _receipt(self, anchor: KnownAnchor) -> Receipt:
        receipt = anchor.receipt()
        return receipt.model_copy(update={"anchor": receipt.anchor.model_copy(update={"issuer": self._party})})


def test_an_anchor_by_a_stranger_does_not_hide_the_trusted_one(site: Site) -> None:
    """Anyone may anchor a digest that they have seen."""
    verifying = replace(site.verifying, known=AlsoAnchoredBy(site.verifying.known, 9))
    document = site.document("diplomas/0.json")
    with TestClient(app_of(verifying)) as client:
        assert client.post("/v1/verify", content=document, headers=JSON).json()["overall"] == "valid with a warning"
    with TestClient(app_of(replace(verifying, trusted=frozenset()))) as client:
        verdict = client.post("/v1/verify", content=document, headers=JSON).json()
        assert (verdict["issuer"], verdict["overall"]) == (1, "could not be checked")
        # The other one is not on the chain, which says nothing about the document.
        assert [(each["issuer"], each["overall"]) for each in verdict["otherReceipts"]] == [(9, "not valid")]
        named = client.post("/v1/verify?issuer=1&trust=1", content=document, headers=JSON).json()
        assert (named["issuer"], named["overall"]) == (1, "valid with a warning")


class AlsoAnchoredWrongly:
    """An index in which a stranger anchored every root first, with a count that is not the tree's."""

    def __init__(self, index: Index):
        self._index = index
        self.chain, self.contract, self.places = index.chain, index.contract, index.places
        self.all_batches, self.trees = index.all_batches, index.trees

    def batches_of(self, roots: Iterable[bytes]) -> list[Batch]:
        batches = self._index.batches_of(roots)
        return [*(replace(batch, issuer=9, leaf_count=batch.leaf_count + 1) for batch in batches), *batches]


def test_a_strangers_anchor_with_another_count_is_not_one_of_the_digest(site: Site) -> None:
    workspace = site.workspace
    index = Index(workspace.folder.engine, workspace.chain, workspace.contract_address)
    known = IndexedAnchors(cast(Index, AlsoAnchoredWrongly(index)), FolderTrees(workspace.folder.path / "trees"))
    document = site.document("diplomas/0.json")
    (anchor,) = known.of(digest_json(document), None)
    assert anchor.issuer == 1
    with TestClient(app_of(replace(site.verifying, known=known, trusted=frozenset()))) as client:
        verdict = client.post("/v1/verify", content=document, headers=JSON).json()
        assert (verdict["issuer"], codes(verdict)["inclusion"]) == (1, "included")


# The same answer as on the command line


def test_every_sample_gets_the_verdict_of_the_command_line(site: Site, client: TestClient) -> None:
    if not SAMPLES.is_dir():
        missing = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        missing(f"the sample credentials are not at {SAMPLES}")
    now = "2026-01-01T00:00:00Z"
    command = FileVerifier(site.workspace, now=datetime(2026, 1, 1, tzinfo=UTC))
    folder = site.folder / "samples"
    files = sorted(path for path in folder.rglob("*.json") if not path.name.endswith(".receipt.json"))
    assert len(files) > 30
    verdicts = {path.relative_to(folder).as_posix(): command.verify_file(path) for path in files}
    rows, summary = rows_of(client.post(f"/v1/verify?at={now}", content=site.zipped("samples"), headers=ZIP).text)
    expected = {name: Row.of(replace(verdict, name=name)).content() for name, verdict in verdicts.items()}
    assert {row["name"]: row for row in rows} == expected
    assert summary["items"] == len(files)
    for name, verdict in verdicts.items():
        data, beside = (folder / name).read_bytes(), folder / f"{name}.receipt.json"
        parts = [("f", (name, data))]
        if beside.exists():  # two samples with one digest have one receipt
            parts.append(("f", (f"{name}.receipt.json", beside.read_bytes())))
        one = client.post(f"/v1/verify?at={now}", files=parts).json()
        assert one == replace(verdict, name=name).to_dict()
        known = client.post(f"/v1/verify?at={now}&name={name}", content=data, headers=JSON).json()
        assert known == one


# Tables


def test_a_folder_becomes_a_table(site: Site, client: TestClient) -> None:
    forged = {"forged.json": b'{"type":["VerifiableCredential"]}', "broken.json": b"{", "x.receipt.json": b"{}"}
    answer = client.post("/v1/verify", content=site.zipped("diplomas", **forged), headers=ZIP)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == NDJSON
    rows, summary = rows_of(answer.text)
    found = {row["name"]: (row["overall"], row["codes"]) for row in rows}
    assert found == {
        "0.json": ("valid with a warning", ["practice-chain"]),
        "1.json": ("not valid", ["revoked"]),
        "2.json": ("not valid", ["suspended"]),
        "3.json": ("valid with a warning", ["practice-chain"]),
        "transcript.pdf": ("valid with a warning", ["practice-chain"]),
        "forged.json": ("could not be checked", ["no-receipt"]),
        "broken.json": ("could not be checked", ["syntax", "no-receipt"]),
        "x.receipt.json": ("could not be checked", ["not-a-receipt"]),
    }
    assert summary == {
        "items": 8,
        "counts": {"valid": 0, "not valid": 2, "valid with a warning": 3, "could not be checked": 3},
    }
    valid = next(row for row in rows if row["name"] == "0.json")
    assert valid["issuer"] == 1
    assert valid["anchoredAt"].endswith("Z")
    assert "Anchored by issuer 1" in valid["text"]
    assert "obtained-by-fraud" in next(row for row in rows if row["name"] == "1.json")["text"]


def portfolio_of(site: Site, *names: str, **more: Any) -> bytes:
    items = [
        PortfolioItem(name, site.document(f"diplomas/{name}"), parse(site.receipt(f"diplomas/{name}")))
        for name in names
    ]
    portfolio = Portfolio(
        "urn:a:1", "What I have", "Ana", "urn:a:2", datetime(2026, 1, 1, tzinfo=UTC), tuple(items), **more
    )
    return portfolio_bytes(portfolio)


DIPLOMAS = ("0.json", "1.json", "2.json", "3.json", "transcript.pdf")


def test_a_portfolio_is_what_a_zip_is(site: Site, client: TestClient) -> None:
    share = Share("Job", "B", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
    data = portfolio_of(site, *DIPLOMAS, share=share, partial=True)
    zipped, counts = rows_of(client.post("/v1/verify", content=site.zipped("diplomas"), headers=ZIP).text)
    expected = [{**row, "name": f"document.json/{row['name']}"} for row in zipped]
    rows, summary = rows_of(client.post("/v1/verify", content=data, headers=JSON).text)
    assert rows == expected
    (told,) = summary.pop("portfolios")
    assert summary == counts
    assert (told["name"], told["selection"], told["share"]["ended"]) == ("What I have", True, True)
    as_json = client.post("/v1/verify", content=data, headers={**JSON, "accept": "application/json"}).json()
    assert (as_json["rows"], as_json["summary"]["portfolios"]) == (expected, [told])
    as_csv = client.post("/v1/verify", content=data, headers={**JSON, "accept": "text/csv"}).text
    assert as_csv.count("\r\n") == 1 + len(DIPLOMAS)
    form = [("file", ("mine.json", data)), ("file", ("0.json", site.document("diplomas/0.json")))]
    rows, summary = rows_of(client.post("/v1/verify", files=form).text)
    assert [row["name"] for row in rows] == [*(f"mine.json/{name}" for name in DIPLOMAS), "0.json"]
    assert summary["items"] == len(DIPLOMAS) + 1


def test_what_is_wrong_in_a_portfolio_is_said_of_its_items(site: Site, client: TestClient) -> None:
    members = json.loads(portfolio_of(site, *DIPLOMAS))
    (batch,) = members["proof"][0]["batches"]
    padded, forged = json.loads(json.dumps(members)), json.loads(json.dumps(members))
    padded["proof"][0]["batches"][0]["nodes"].append("00" * 32)
    forged["proof"][0]["batches"][0]["nodes"][0] = "00" * 32
    changed = {"a": 1, **members}
    credential = changed["credentialSubject"]["verifiableCredential"][0]
    credential["id"] = credential["id"].replace("0000-4000", "0000-4001")
    inside = portfolio_of(site, "0.json")
    nested = {**members, "proof": [{**members["proof"][0], "batches": []}]}
    nested["credentialSubject"] = {
        "verifiableCredential": [{**credential, "id": data_url("p.json", inside), "name": "p.json"}]
    }

    def outcomes(content: Any) -> list[tuple[str, list[str]]]:
        rows, _ = rows_of(client.post("/v1/verify", content=json.dumps(content), headers=JSON).text)
        return [(row["overall"], row["codes"]) for row in rows]

    assert outcomes(padded) == [("could not be checked", ["node-count"])] * len(DIPLOMAS)
    assert {outcome[0] for outcome in outcomes(forged)} == {"not valid"}
    assert all("root-differs" in codes for _, codes in outcomes(forged))
    assert outcomes(changed)[0] == ("not valid", ["digest-differs"])
    assert [len(batch["leaves"]), *map(len, outcomes(changed)[1:])] == [5, 2, 2, 2, 2]
    # A portfolio in a portfolio is a document, as a ZIP in a ZIP is.
    assert outcomes(nested) == [("could not be checked", ["no-receipt"])]
    rows, _ = rows_of(client.post("/v1/verify", content=json.dumps({**members, "issuanceDate": 5}), headers=JSON).text)
    assert [row["codes"] for row in rows] == [["portfolio-form"]]


def test_a_portfolio_has_no_more_items_than_an_upload(site: Site) -> None:
    limits = SubmissionLimits(items=4)
    with TestClient(app_of(replace(site.verifying, limits=limits))) as client:
        rows, summary = rows_of(client.post("/v1/verify", content=portfolio_of(site, *DIPLOMAS), headers=JSON).text)
    assert [row["codes"] for row in rows] == [["too-many"]]
    assert "portfolios" not in summary


def test_the_same_table_as_json_and_csv(site: Site, client: TestClient) -> None:
    data = site.zipped("diplomas")
    rows, summary = rows_of(client.post("/v1/verify", content=data, headers=ZIP).text)
    as_json = client.post("/v1/verify", content=data, headers={**ZIP, "accept": "application/json"})
    assert as_json.json() == {"rows": rows, "summary": summary}
    as_csv = client.post("/v1/verify", content=data, headers={**ZIP, "accept": "text/csv"})
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    head, *lines = csv.reader(io.StringIO(as_csv.text, newline=""))
    assert tuple(head) == COLUMNS
    assert [line[:2] for line in lines] == [[row["name"], row["overall"]] for row in rows]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        (f"text/csv;q=0.1, {NDJSON}", NDJSON),
        ("application/json;q=0, text/*", "text/csv; charset=utf-8"),
        ("application/xml", None),
        ("*/*;q=0", None),
        ("*/*;q=many", None),
    ],
)
def test_the_form_is_the_one_that_is_accepted(site: Site, client: TestClient, accept: str, kind: str | None) -> None:
    headers = {**JSON, "accept": accept}
    answer = client.post("/v1/verify", content=site.document("diplomas/0.json"), headers=headers)
    if kind is None:
        assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")
    else:
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "＝1"])
def test_no_cell_is_a_formula(site: Site, client: TestClient, name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, b"x")
    answer = client.post("/v1/verify", content=out.getvalue(), headers={**ZIP, "accept": "text/csv"})
    _, (cell, *_) = csv.reader(io.StringIO(answer.text, newline=""))
    assert cell[0] in "'_"


def test_cells_with_quotes_and_lines_come_back() -> None:
    cells = ['a "b"', "a,b", "a\r\nb", "é", ""]
    assert list(csv.reader(io.StringIO(csv_lines([cells]).decode(), newline=""))) == [cells]


# Nothing is said that was not checked


def down() -> CredentialRegistry:
    raise ChainUnavailable("no endpoint answers", where="endpoint", code="chain-unreachable")


def test_a_chain_that_is_down_is_no_answer_about_the_credential(site: Site) -> None:
    with TestClient(app_of(replace(site.verifying, contract=down))) as client:
        one = client.post("/v1/verify", content=site.document("diplomas/0.json"), headers=JSON)
        assert one.status_code == 200
        assert one.json()["overall"] == "could not be checked"
        assert codes(one.json())["anchor"] == "chain-unreachable"
        assert codes(one.json())["integrity"] == "digest-equal"
        rows, summary = rows_of(client.post("/v1/verify", content=site.zipped("diplomas"), headers=ZIP).text)
        assert {row["overall"] for row in rows} == {"could not be checked"}
        assert summary["counts"]["could not be checked"] == 5


@pytest.fixture
def broken() -> Iterator[Callable[[Behaviour], BrokenEndpoint]]:
    started: list[BrokenEndpoint] = []

    def start(behaviour: Behaviour) -> BrokenEndpoint:
        started.append(BrokenEndpoint(behaviour))
        return started[-1]

    yield start
    for endpoint in started:
        endpoint.close()


def test_a_silent_endpoint_is_not_waited_for_again_and_again(
    site: Site, broken: Callable[[Behaviour], BrokenEndpoint]
) -> None:
    endpoint = broken(Exchange.hang_up)
    with closing(connect(endpoint.url, timeout=2)) as chain:
        contract = CredentialRegistry(chain, site.workspace.contract_address)
        with TestClient(app_of(replace(site.verifying, contract=lambda: contract))) as client:
            rows, _ = rows_of(client.post("/v1/verify", content=site.zipped("diplomas"), headers=ZIP).text)
            asked = len(endpoint.methods)
            assert {row["overall"] for row in rows} == {"could not be checked"}
            client.post("/v1/verify", content=site.document("diplomas/0.json"), headers=JSON)
            once = len(endpoint.methods) - asked
    assert asked == MOST_SILENCES * once


class FailingIndex:
    """An index that cannot be read."""

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:
        raise StoreError("the index cannot be read at this moment", remedy="Try again soon.", code="database")

    def searched(self, issuer: int) -> Collection[bytes]:
        raise StoreError("the index cannot be read at this moment", remedy="Try again soon.", code="database")


def test_an_index_that_cannot_be_read_never_makes_a_credential_valid(site: Site) -> None:
    """Without it nobody knows whether the credential is revoked under another anchor."""
    with TestClient(app_of(replace(site.verifying, known=FailingIndex()))) as client:
        document, receipt = site.document("diplomas/0.json"), site.receipt("diplomas/0.json")
        files = {"document": ("0.json", document), "receipt": ("r", receipt)}
        verdict = client.post("/v1/verify", files=files).json()
        assert verdict["overall"] == "could not be checked"
        assert codes(verdict)["status"] == "database"
        alone = client.post("/v1/verify", content=document, headers=JSON)
        assert (alone.status_code, alone.json()["code"]) == (503, "database")
        rows, _ = rows_of(client.post("/v1/verify", content=document, headers={**JSON, "accept": NDJSON}).text)
        assert [(row["overall"], row["codes"]) for row in rows] == [("could not be checked", ["database"])]


# Refusals


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"", JSON, 400, "empty"),
        (b"x", ZIP, 400, "bad-zip"),
        (b"x", {"content-type": "multipart/form-data"}, 415, "content-type"),
        (b"x", {"content-type": "multipart/mixed; boundary=x"}, 415, "content-type"),
        (b"x", {"content-type": "multipart/form-data; boundary=" + "x" * 71}, 415, "content-type"),
        (b"x", {"content-type": "multipart/form-data; boundary=x"}, 400, "bad-multipart"),
        (b"a=b", {"content-type": "application/x-www-form-urlencoded"}, 415, "content-type"),
        (gzip.compress(b"{}", mtime=0), {**JSON, "content-encoding": "gzip"}, 415, "content-encoding"),
        (b"x" * 3000, JSON, 413, "too-large"),
        (b'{"type":"TestamurReceipt"}', JSON, 400, "missing-field"),
    ],
)
def test_what_is_not_an_upload_is_refused(
    site: Site, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    limits = SubmissionLimits(bytes=2000, document=Limits(max_bytes=1000))
    with TestClient(app_of(replace(site.verifying, limits=limits))) as client:
        answer = client.post("/v1/verify", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.json()["remedy"]
        unmeasured = client.post("/v1/verify", content=iter([content[:5], content[5:]]), headers=headers)
        assert unmeasured.status_code == status


@pytest.mark.parametrize("query", ["at=tomorrow", "at=2026-13-01", "trust=x", "trust=0", "issuer=-1"])
def test_parameters_that_make_no_sense_are_refused(client: TestClient, query: str) -> None:
    assert client.post(f"/v1/verify?{query}", json={}).status_code in (400, 422)


@pytest.mark.parametrize("at", ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"])
def test_days_and_moments_are_times(client: TestClient, at: str) -> None:
    assert client.post("/v1/verify", params={"at": at}, json={}).status_code == 200


def test_hostile_documents_are_verdicts_and_not_errors(client: TestClient) -> None:
    for content in (
        b"{",
        b"[" * 100_000,
        b'{"a":1,"a":2}',
        b"\xff",
        b'{"a":NaN}',
        b'{"a":' + b"9" * 400 + b"}",
        b"null",
        b'{"proof":{"type":"\\ud800X"},"issuer":"\\udfff"}',
        b'{"signature":{"type":["\\ud800\\u001b[2J"]}}',
        b'{"type":"EnvelopedVerifiableCredential","id":"data:\\ud800,x"}',
        b'{"payload":"e30","protected":"e30","signature":"","header":{"disclosures":["\\ud800",1,null,{}]}}',
        b'<?xml version="1.0" encoding="Big5"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    ):
        for kind in (JSON, {"content-type": "text/plain"}):
            answer = client.post("/v1/verify", content=content, headers=kind)
            assert answer.status_code == 200, content[:20]
            assert answer.json()["overall"] in ("not valid", "could not be checked")
        answer = client.post("/v1/verify", files=[("file", ("a.json", content)), ("file", ("b.svg", content))])
        assert (answer.status_code, len(rows_of(answer.text)[0])) == (200, 2)


# The client goes away


class CountingAnchors:
    """Nothing is known; counts how often that was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def of(self, digest: Digest, issuer: int | None) -> Sequence[KnownAnchor]:
        self.asked += 1
        return ()

    def searched(self, issuer: int) -> Collection[bytes]:
        return ()


Receive = Callable[[], Awaitable[dict[str, Any]]]


def scope(version: str = "2.3") -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": version},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/verify",
        "raw_path": b"/v1/verify",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"content-type", b"application/zip")],
        "server": ("localhost", 80),
        "client": ("localhost", 1),
    }


async def never() -> Any:
    return await asyncio.get_running_loop().create_future()


def coming(body: bytes, then: Receive) -> Receive:
    """The body at once, then whatever comes."""
    asked = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(asked, None) or await then()

    return receive


async def gone_after_first_row(app: FastAPI, body: bytes, version: str) -> list[int]:
    """Post as a client that goes away with the first row; the status of the answer."""
    gone = asyncio.Event()
    statuses = []

    async def leave() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        elif message.get("body"):
            gone.set()
            if version == "2.4":
                raise OSError("the connection is closed")

    with suppress(ClientDisconnect):
        await app(scope(version), coming(body, leave), send)
    return statuses


def many(count: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.json", b"{}")
    return out.getvalue()


@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_the_work_ends_when_the_client_goes_away(site: Site, version: str) -> None:
    known = CountingAnchors()
    app = app_of(replace(site.verifying, known=known, limits=SubmissionLimits(client_work=1000.0)))

    async def often() -> None:
        # More often than uploads are taken at one time: each has to let go of its place.
        for _ in range(MOST_AT_ONCE + 1):
            assert await gone_after_first_row(app, many(500), version) == [200]

    asyncio.run(often())
    assert known.asked < 60 * (MOST_AT_ONCE + 1)  # of 500 and more


def of_many(count: int) -> list[dict[str, Any]]:
    """Requests of so many addresses: no address has all places to itself."""
    return [{**scope(), "client": (f"192.0.2.{number}", 1)} for number in range(count)]


def test_who_does_not_take_the_answer_does_not_keep_others_out(site: Site) -> None:
    limits = SubmissionLimits(answer_seconds=0.05)
    app = app_of(replace(site.verifying, limits=limits))
    statuses: list[int] = []

    async def stuck(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        else:
            await never()

    async def together() -> None:
        for _ in range(2):
            await asyncio.gather(*(app(each, coming(many(2), never), stuck) for each in of_many(MOST_AT_ONCE)))

    asyncio.run(together())
    assert statuses == [200] * (2 * MOST_AT_ONCE)


def test_more_uploads_than_are_taken_at_once_are_told_to_wait(site: Site) -> None:
    limits = SubmissionLimits(idle_seconds=0.2, seconds=0.2)
    app = app_of(replace(site.verifying, limits=limits))
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def together() -> None:
        await asyncio.gather(*(app(each, never, send) for each in of_many(MOST_AT_ONCE + 1)))

    asyncio.run(together())
    assert sorted(statuses) == [408] * MOST_AT_ONCE + [503]


def test_one_address_does_not_keep_others_out(site: Site) -> None:
    limits = SubmissionLimits(idle_seconds=0.2, seconds=0.2, client_uploads=3)
    app = app_of(replace(site.verifying, limits=limits))
    statuses: list[tuple[str, int]] = []

    async def ask(address: str) -> None:
        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append((address, message["status"]))

        await app({**scope(), "client": (address, 1)}, never, send)

    async def together() -> None:
        await asyncio.gather(*(ask("a") for _ in range(5)), ask("b"))

    asyncio.run(together())
    assert sorted(statuses) == [("a", 408)] * 3 + [("a", 429)] * 2 + [("b", 408)]


SLOW = b'{"a":[' + b"1e5," * 1_000_000 + b"1]}"


def test_an_upload_has_so_much_work_and_the_rest_of_it_is_not_checked(site: Site) -> None:
    limits = SubmissionLimits(document_work=0.2, upload_work=0.5)
    client = TestClient(app_of(replace(site.verifying, limits=limits)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("first.json", b"{}")
        for number in range(5):
            archive.writestr(f"{number}.json", SLOW)
        archive.writestr("last.json", b"{}")
    headers = {"Content-Type": "application/zip", "Accept": NDJSON}
    *rows, _summary = [
        json.loads(line)
        for line in client.post("/v1/verify", content=out.getvalue(), headers=headers).text.splitlines()
    ]
    assert [row["name"] for row in rows] == ["first.json", *(f"{number}.json" for number in range(5)), "last.json"]
    assert all(row["overall"] == "could not be checked" for row in rows)
    assert rows[0]["codes"] == ["no-receipt"]
    assert [row["codes"] for row in rows[1:]] == [["too-much-work"]] * 6
    assert "client" in rows[-1]["text"] or "upload" in rows[-1]["text"]
    # The next one begins anew, in a process that has replaced the one that was killed.
    answer = client.post("/v1/verify", content=b"{}", headers={"Content-Type": "application/json"})
    assert answer.json()["checks"][0]["code"] == "no-receipt"


def test_questions_to_the_chain_are_work_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes up receipts of many batches must not use up what the endpoint of the service grants."""
    headers = {"Content-Type": "application/zip", "Accept": NDJSON}

    def codes() -> list[list[str]]:
        answer = TestClient(app_of(site.verifying)).post("/v1/verify", content=site.zipped("diplomas"), headers=headers)
        return [json.loads(line)["codes"] for line in answer.text.splitlines()[:-1]]

    assert ["too-much-work"] not in codes()
    monkeypatch.setattr(verify_route, "QUESTION_SECONDS", SubmissionLimits().upload_work)
    first, *rest = codes()
    assert first != ["too-much-work"]
    assert rest
    assert all(each == ["too-much-work"] for each in rest)


def test_what_was_read_is_verified_when_reading_took_all_the_work(site: Site) -> None:
    out = io.BytesIO(site.zipped("diplomas"))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_STORED) as archive:
        for number in range(3):
            archive.writestr(f"slow-{number}.json", SLOW)
    limits = SubmissionLimits(document_work=0.2, upload_work=0.5)
    client = TestClient(app_of(replace(site.verifying, limits=limits)))
    headers = {"Content-Type": "application/zip", "Accept": NDJSON}
    rows, _summary = rows_of(client.post("/v1/verify", content=out.getvalue(), headers=headers).text)
    assert [row["codes"] for row in rows[-3:]] == [["too-much-work"]] * 3
    assert "too-much-work" not in {code for row in rows[:-3] for code in row["codes"]}


class Asked:
    """The transport of a client; the first bytes of the calls of the contract that go through it."""

    def __init__(self, client: ChainClient):
        self._transport = client._transport
        self.calls: list[bytes] = []

    def make_request(self, method: str, params: Any) -> Any:
        if method == "eth_call":
            self.calls.append(bytes.fromhex(params[0].get("data", params[0].get("input", ""))[2:10]))
        return self._transport.make_request(method, params)


def test_the_chain_is_asked_about_many_at_once(tmp_path: Path) -> None:
    documents = [b"credential %d" % number for number in range(300)]
    digests = [Digest(DigestMethod.FILE, sha256(document).digest()) for document in documents]
    with EmbeddedChain(tmp_path / "chain") as chain:
        world = World("embedded", chain.client())
        contract = CredentialRegistry(world.client, world.deploy_registry()[0])
        world.send(contract.address, contract.register_party_data("did:web:university.example", bytes(32)))
        tree = Tree.build(sorted(each.value for each in digests))
        mined = world.send(contract.address, contract.anchor_data(1, tree.root, tree.leaf_count))
        revoked = [each.value for each in digests[::100]]
        world.send(contract.address, contract.revoke_digests_data(1, revoked, Reason.ISSUED_IN_ERROR))
        batch = contract.batch(1, tree.root)
        assert batch is not None
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for number, digest in enumerate(digests):
                index = tree.index_of(digest.value)
                assert index is not None
                receipt = Receipt.of_batch(
                    digest,
                    tree.root,
                    tree.inclusion(index),
                    chain=f"eip155:{world.client.chain_id()}",
                    contract=contract.address,
                    issuer=1,
                ).anchored(
                    sequence=batch.sequence,
                    transaction=mined.hash,
                    block_number=batch.block_number,
                    block_hash=mined.block_hash,
                    timestamp=batch.anchored_at,
                )
                archive.writestr(f"{number}.bin", documents[number])
                archive.writestr(f"{number}.bin.receipt.json", to_json(receipt))
        asked = Asked(world.client)
        counted = CredentialRegistry(ChainClient(asked), contract.address)
        verifying = Verifying(
            lambda: counted, f"eip155:{world.client.chain_id()}", NothingKnown(), trusted=frozenset({1})
        )
        answer = TestClient(app_of(verifying)).post(
            "/v1/verify", content=out.getvalue(), headers={"Content-Type": "application/zip", "Accept": NDJSON}
        )
    rows, _summary = rows_of(answer.text)
    assert [row["codes"] == ["revoked"] for row in rows] == ([True] + [False] * 99) * 3, rows[0]
    assert Counter(asked.calls)[contract.function("digestStatusesOf")[1].selector] == ceil(300 / READ_AHEAD)
    # Of the party, the batch, and its statuses, a word for 256 of them.
    assert len(asked.calls) < 25, asked.calls


@pytest.mark.parametrize("accepted", [NDJSON, "application/json"])
@pytest.mark.parametrize("kind", ["application/json", "application/zip"])
def test_where_no_process_can_be_started_it_is_said_before_the_answer_and_costs_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, kind: str, accepted: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(24, "Too many open files")

    readers = Readers(1)
    limits = SubmissionLimits(client_work=LEAST_SECONDS, client_rate=1e-9)
    client = TestClient(app_of(replace(site.verifying, limits=limits, readers=readers)), raise_server_exceptions=False)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.json", b"{}")
    content = out.getvalue() if kind == "application/zip" else b"{}"
    with monkeypatch.context() as broken:
        broken.setattr(readers_module._spawning, "Pipe", fail)
        for _ in range(3):
            answer = client.post("/v1/verify", content=content, headers={"Content-Type": kind, "Accept": accepted})
            assert (answer.status_code, answer.json()["code"]) == (503, "no-reader")
            assert answer.headers["Retry-After"]
            assert "open files" not in answer.text
    answer = client.post("/v1/verify", content=content, headers={"Content-Type": kind, "Accept": accepted})
    readers.close()
    assert answer.status_code == 200


def test_a_client_that_used_its_time_up_is_told_to_wait(site: Site) -> None:
    limits = SubmissionLimits(document_work=0.2, client_work=0.3, client_rate=1e-9)
    client = TestClient(app_of(replace(site.verifying, limits=limits)), raise_server_exceptions=False)
    headers = {"Content-Type": "application/json"}
    first = client.post("/v1/verify", content=SLOW, headers=headers)
    assert first.json()["code"] == "too-much-work"
    second = client.post("/v1/verify", content=b"{}", headers=headers)
    assert (second.status_code, second.json()["code"]) == (429, "work-limit")
    assert second.headers["Retry-After"]
