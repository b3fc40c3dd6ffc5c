"""Whatever strangers write, a person sees on the terminal what the command found: every command, in an emulator."""

from __future__ import annotations

import ast
import csv
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from anchor.cli.app import app
from anchor.settings import Settings
from anchor.workspace import Workspace
from registry.index.reader import EventFilter
from registry.learning.suggest.decisions import suggestion_id
from registry.learning.suggest.wire import suggestion_in
from registry.proofs.signatures.keys import KeyKind, new_key, write_key
from registry.proofs.signatures.sdjwt import issue_sd_jwt
from registry.quality.decision import Evidence, Holder, Identifier, Programme, Ruling
from registry.recognition.scope import Scope
from registry.records import Kind
from registry.untrusted.text import terminal_text
from tests.registry.audit.test_event_figures import silenced
from tests.registry.audit.test_event_figures import written as file_of_events
from tests.registry.learning.assessment.made import RESULT, of_cmi5, statement
from tests.registry.levels.files import eqf, written
from tests.registry.quality.decisions import decision
from tests.registry.quality.test_snapshot import file_of
from tests.terminal import Shown, run_on_terminal

# Clears the screen, goes home, paints green, closes tags of rich, turns the direction around, begins a line, and is
# long enough for the screen to begin one.
HOSTILE = "\x1b[2J\x1b[H\x1b[32mFAKED\x1b[0m [/b][/red]x[bold] :smile: \u202eabc\u200b\x9b2J\x07\r\b\tz\n"
HOSTILE += f"faked.json: valid{' ' * 90}faked.json: valid"
ASSESSOR = ("--by", "Eve", "--sign-key", "one.pem")
URI = f"https://u.example/[faculty]{HOSTILE}"
FILE_NAME = HOSTILE.replace("/", "|")


def seen(text: str) -> str:
    """How a text of a stranger looks on the screen, without its spaces."""
    return "".join(terminal_text(text).split())


@dataclass
class World:
    """A data folder with a chain on which strangers have written what they like.

    Attributes:
        words: what the cases refer to, by name.
    """

    monkeypatch: pytest.MonkeyPatch
    folder: Path
    words: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: object, columns: int = 100) -> Shown:
        return run_on_terminal(self.monkeypatch, *arguments, columns=columns)

    def json(self, *arguments: object) -> object:
        ran = CliRunner().invoke(app, [*map(str, arguments), "--json"], catch_exceptions=False)
        return json.loads(ran.stdout)


def with_frameworks(made: World, text: str) -> None:
    """A folder of level maps, a framework, a programme and a package whose words are a stranger's.

    Args:
        text: the words, as TOML and JSON write them.
    """
    maps = made.folder / f"maps{FILE_NAME}"
    maps.mkdir()
    own = written(eqf(1, 2), framework="own-map", name="<b>Own</b> [bold]")
    (maps / f"own{FILE_NAME}.toml").write_bytes(own)
    (maps / f"bad{FILE_NAME}.toml").write_text(f"name = {text}\nlevels = [ {{ code = {text} }}, {text} ]\n{text} = 1\n")
    framework = f'[framework]\nid = "own"\ntitle = {text}\n[[items]]\ncode = "A"\ntext = {text}\n'
    Path("framework.toml").write_text(framework)
    programme = f'[programme]\nid = "p"\ntitle = {text}\ninstitution = {text}\nframework = "own"\n'
    programme += f'framework_file = "framework.toml"\n[[parts]]\ncode = "1"\ntitle = {text}\ncovers = ["A", {text}]\n'
    made.words["maps"], made.words["programme"] = maps.name, f"p{FILE_NAME}.toml"
    made.words["package"] = f"p{FILE_NAME}.json"
    Path(made.words["programme"]).write_text(programme)
    document = {"identifier": "d", "title": HOSTILE, "creator": HOSTILE}
    item = {"identifier": "i", "fullStatement": HOSTILE, "humanCodingScheme": HOSTILE, "CFItemType": HOSTILE}
    package = {"CFDocument": {**document, "language": "en"}, "CFItems": [item, {"identifier": HOSTILE}], HOSTILE: 1}
    Path(made.words["package"]).write_text(json.dumps(package))


def with_suggestions(made: World) -> None:
    """Suggestions for that programme, what somebody decided, and a table of acts, all in a stranger's words."""
    model = {"name": HOSTILE[:400], "version": HOSTILE[:400], "data": "ab" * 32}
    named = {"name": HOSTILE, "uri": "", "score": 0.5, "sentence": HOSTILE, "tied": True}
    asked = {"text": HOSTILE, "name": HOSTILE[:400], "where": "part 1", "language": HOSTILE[:400], "model": model}
    asked |= {"framework": {"id": "own", "title": HOSTILE[:400]}, "weak": True, "cut": True}
    asked |= {"candidates": [{**named, "rank": rank, "code": f"{rank}{HOSTILE[:400]}"} for rank in (1, 2)]}
    made.words["asked"], made.words["decided"] = f"g{FILE_NAME}.json", f"d{FILE_NAME}.json"
    Path(made.words["asked"]).write_text(json.dumps({"suggestions": [asked]}))
    decision = {"suggestion": suggestion_id(suggestion_in(asked, "")), "reject": True, "reason": HOSTILE[:400]}
    by = {"name": "Ana Lima", "role": "Dean"}
    review = {"type": "TestamurReview", "version": 1, "decidedBy": by, "decisions": [decision]}
    Path(made.words["decided"]).write_text(json.dumps(review))
    made.words["acts"] = f"a{FILE_NAME}.csv"
    with Path(made.words["acts"]).open("w", newline="") as file:
        rows = [[f"{HOSTILE[:400]}{who}", "2026-01-02", HOSTILE[:400], HOSTILE, "r"] for who in range(3)]
        csv.writer(file).writerows([["by", "at", "award", "evidence", HOSTILE], *rows, ["", HOSTILE, "", "", ""]])


def with_pathways(made: World, text: str) -> None:
    """A pathway, one with faults, and a graph of CTDL whose words are a stranger's.

    Args:
        text: the words, as TOML writes them.
    """
    made.words["pathway"], made.words["badPathway"] = f"y{FILE_NAME}.toml", f"n{FILE_NAME}.toml"
    made.words["graph"] = f"g{FILE_NAME}.jsonld"
    pathway = f'[pathway]\nid = "p"\ntitle = {text}\nissuer = {text}\n'
    pathway += f'[[steps]]\nid = "a"\ntitle = {text}\nrequires = {{ kinds = ["Course"] }}\n'
    Path(made.words["pathway"]).write_text(pathway)
    Path(made.words["badPathway"]).write_text(f"{pathway}{text} = 1\nafter = [{text}]\n")
    component = {"@id": HOSTILE, "@type": "ceterms:BasicComponent", "ceterms:name": HOSTILE, HOSTILE: 1}
    named = {"@type": "ceterms:Pathway", "ceterms:name": HOSTILE, "ceterms:ownedBy": HOSTILE}
    Path(made.words["graph"]).write_text(json.dumps({"@graph": [named, component]}))


def with_assessments(made: World, text: str) -> None:
    """A rubric, a record, statements and results whose words are a stranger's, and the keys of two people.

    Args:
        text: the words, as TOML writes them.
    """
    rubric = (
        f'[rubric]\nid = "urn:a:b"\ntitle = {text}\n[[criteria]]\nkey = "a"\nname = {text}\nlowest = 0\nhighest = 9\n'
    )
    made.words["rubric"], made.words["record"] = f"r{FILE_NAME}.toml", f"r{FILE_NAME}.json"
    Path(made.words["rubric"]).write_text(rubric)
    Path("bad.toml").write_text(rubric + f"{text} = 1\nrequired = {text}\n")
    for name in ("one", "two"):
        Path(f"{name}.pem").write_text(write_key(new_key(KeyKind.ED25519)))
        Path(f"{name}.pem").chmod(0o600)
    made.words["events"], made.words["silent"] = f"v{FILE_NAME}.parquet", f"u{FILE_NAME}.parquet"
    for name in (made.words["events"], made.words["silent"]):
        file_of_events(Path(name), [], EventFilter(names=frozenset({HOSTILE})))
    silenced(Path(made.words["silent"]))
    evidence = Path(f"e{FILE_NAME}")
    evidence.write_text(HOSTILE)
    told = ("--learner", HOSTILE, *ASSESSOR, "--comment", HOSTILE, "--evidence", evidence)
    made.json("assessment", "record", made.words["rubric"], "--mark", "a=5", *told, "-o", made.words["record"])
    own = ("--by", "Ann", "--sign-key", "two.pem", "-o", "m.json")
    made.json("assessment", "moderate", made.words["record"], "--mark", "a=6", *own)
    # Records of others may have any name, whatever becomes of their signatures.
    record = json.loads(Path(made.words["record"]).read_text())
    record["issuer"]["name"] = record["awardedDate"] = HOSTILE
    Path("theirs.json").write_text(json.dumps(record))
    made.words["statements"] = f"s{FILE_NAME}.json"
    hostile = statement(1) | {"object": {"id": "urn:a:b", "definition": {"name": {"en": HOSTILE}}}}
    unit = of_cmi5(2, "passed") | {"object": {"id": f"urn:a:{FILE_NAME.replace(chr(10), '').replace(' ', '')}"}}
    Path(made.words["statements"]).write_text(json.dumps([hostile, unit, {"id": HOSTILE}, {HOSTILE: 1}]) + HOSTILE)
    made.words["results"] = f"q{FILE_NAME}.zip"
    with zipfile.ZipFile(made.words["results"], "w") as archive:
        archive.writestr(f"a{FILE_NAME}.xml", RESULT)
        archive.writestr(f"b{FILE_NAME}.xml", "<a/>")


@pytest.fixture(scope="module")
def monkeypatch_module() -> object:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch) -> World:
    folder = tmp_path_factory.mktemp("world")
    monkeypatch_module.chdir(folder)
    for name in Settings.model_fields:
        monkeypatch_module.delenv(f"TESTAMUR_{name.upper()}", raising=False)
    made = World(monkeypatch_module, folder)
    with Workspace(Settings(issuer=1)) as workspace:
        contract, sender = workspace.ready_to_write(), workspace.sender
        for number in (1, 2):
            data = contract.register_party_data(f"{URI}{number}", bytes(32))
            sender.settle(f"party {number}", contract.address, data)
        workspace.store.add_party(1, registered_at=0)
        block = workspace.client.block("latest")
        assert block is not None
        start, scope = int(block.timestamp.timestamp()), Scope.from_words("", "1-8", (), "").to_numbers()
        for kind, make in (
            (Kind.ACCREDIT_TO_ISSUE, contract.offer_accreditation_data),
            (Kind.RECOGNISE, contract.recognise_data),
        ):
            data = make((1, 2, start, start + 10**8, int(kind), scope, bytes(32), bytes(32), URI))
            sender.settle(f"kind {kind}", contract.accreditations_address, data)
    diplomas = folder / "diplomas"
    diplomas.mkdir()
    document = {"type": ["VerifiableCredential"], "issuer": {"id": "did:web:x.example", "name": HOSTILE}}
    for number in range(2):
        (diplomas / f"{number}{FILE_NAME}.json").write_text(json.dumps({**document, HOSTILE: number}))
    (diplomas / f"bad{FILE_NAME}.json").write_text(f"{{{json.dumps(HOSTILE)}: 1, {json.dumps(HOSTILE)}: 2}}")
    anchored = made.json("anchor", "diplomas", "--issuer", 1)
    made.words["root"] = anchored["batches"][0]["root"]  # type: ignore[index, call-overload]
    made.words["diploma"] = f"diplomas/0{FILE_NAME}.json"
    queued = made.json("anchor", "--queue", "diplomas", "--issuer", 1, "--reissue")
    made.words["job"] = queued["id"]  # type: ignore[index, call-overload]
    asked = made.json("suspend", "--queue", made.words["diploma"], "--issuer", 1, "--note", HOSTILE)
    made.words["statusJob"] = asked["id"]  # type: ignore[index, call-overload]
    made.words["zip"], made.words["lines"] = f"z{FILE_NAME}.zip", f"l{FILE_NAME}.jsonl"
    with zipfile.ZipFile(made.words["zip"], "w") as archive:
        archive.writestr(f"e{FILE_NAME}.json", json.dumps(document))
        archive.writestr(f"../e{FILE_NAME}.json", "{}")
    Path(made.words["lines"]).write_text(f"{json.dumps(document)}\n{{{HOSTILE}\n")
    made.words["template"], made.words["roster"] = f"award{FILE_NAME}.toml", f"graduates{FILE_NAME}.csv"
    made.json("template", "new", "--kind", "bachelor", "-o", "award.toml")
    key, name = json.dumps(HOSTILE), json.dumps(HOSTILE)
    Path(made.words["template"]).write_text(
        f"{key} = 1\nlanguages = [{name}]\n[layout]\nlogo = {name}\ncolour = {name}\n"
    )
    cells = [HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE]
    with Path(made.words["roster"]).open("w", newline="") as file:
        keys = ["person_id", "name", "birth_date", "awarded_on", "result.final", "accepted"]
        csv.writer(file).writerows([keys, cells])
    with_frameworks(made, key)
    with_suggestions(made)
    with_pathways(made, key)
    with_assessments(made, key)
    made.words["accord"], made.words["badAccord"] = f"accord{FILE_NAME}.toml", f"bad{FILE_NAME}.toml"
    named = json.dumps(HOSTILE[:200])
    about = f"[accord]\nname = {named}\nparty = 1\nuntil = 2040-01-01\n"
    member = f'[[members]]\nparty = 2\nname = {named}\nstate = "full"\njoined = 2020-01-01\n'
    Path(made.words["accord"]).write_text(about + member)
    Path(made.words["badAccord"]).write_text(f"{about}{key} = {name}\n{member}")
    made.words["selective"] = f"s{FILE_NAME}.sdjwt"
    claims = {"vct": "x", HOSTILE: HOSTILE, "each": [{"identityType": HOSTILE, "identityHash": HOSTILE}]}
    paths: list[tuple[str | int, ...]] = [(HOSTILE,), ("each", 0)]
    signed = issue_sd_jwt(claims, new_key(KeyKind.ED25519), "did:web:x.example#k", paths)
    Path(made.words["selective"]).write_text(signed)
    made.words["portfolio"] = f"f{FILE_NAME}.json"
    made.json("portfolio", "make", "diplomas", "-o", made.words["portfolio"], "--name", HOSTILE[:900], "--holder", "x")
    _registers(made)
    made.words["partnership"], made.words["counts"] = f"w{FILE_NAME}.json", f"c{FILE_NAME}.csv"
    two = [{"kind": "other", "name": HOSTILE, "party": number} for number in (1, 2)]
    told = {"id": "hostile", "title": HOSTILE, "purpose": {"kinds": ["other"], "text": HOSTILE}, "partners": two}
    kept = {"type": "TestamurPartnership", "version": 1, "revision": 1, **told, "start": "2020-01-01"}
    Path(made.words["partnership"]).write_text(json.dumps({**kept, "revision": 2}))
    Path("testamur-data/partnerships").mkdir()
    Path("testamur-data/partnerships/hostile.json").write_text(json.dumps(kept))
    with Path(made.words["counts"]).open("w", newline="") as file:
        csv.writer(file).writerows([["group", "count"], [HOSTILE, "40"], ["others", "50"]])
    made.json("key", "add", "--name", HOSTILE, "--issuer", 1)
    # A name of a key has no spaces and no controls below the space; everything else it may have.
    made.words["origin"] = "\x9b2J\u202e[b]FAKED[/b]\u200b"
    made.words["logKey"], made.words["witnessKey"] = f"log{FILE_NAME}", f"witness{FILE_NAME}"
    log = made.json("checkpoint", "key", made.words["origin"], "-o", made.words["logKey"])
    witness = made.json("checkpoint", "key", made.words["origin"], "-o", made.words["witnessKey"], "--witness")
    made.words["list"], made.words["policy"] = f"list{FILE_NAME}", f"policy{FILE_NAME}"
    made.json("checkpoint", "create", made.words["list"], "--key", made.words["logKey"])
    name = made.words["origin"]
    lines = f"log {log['key']}\nwitness {name} {witness['key']}\nquorum {name}\n"  # type: ignore[index, call-overload]
    Path(made.words["policy"]).write_text(lines)
    return made


def _registers(made: World) -> None:
    """A table, and snapshots of two registers, in which every text that a stranger can choose is hostile."""
    made.words["reports"], made.words["register"], made.words["newer"] = (
        f"{name}{FILE_NAME}" for name in ("reports", "register", "newer")
    )
    names = ["agency", "decision", "valid_from", "valid_to", "institution[1].deqar_id", "summary", HOSTILE]
    with Path(made.words["reports"]).open("w", newline="", encoding="utf-8") as file:
        rows = [[HOSTILE, "1", "2024-01-01", "2030-01-01", HOSTILE, HOSTILE, HOSTILE], ["1", HOSTILE, HOSTILE]]
        csv.writer(file).writerows([names, *rows])
    key = new_key(KeyKind.ED25519)
    Path("key.pem").write_text(write_key(key))
    Path("key.pem").chmod(0o600)
    holder = Holder((Identifier("deqar", HOSTILE),), HOSTILE, "HR", 1)
    programme = Programme((Identifier("local", HOSTILE),), HOSTILE, HOSTILE)
    said: dict[str, Any] = {
        "holders": (holder,),
        "programmes": (programme,),
        "ruling": Ruling.CONDITIONAL,
        "condition": HOSTILE,
        "agency_name": HOSTILE,
        "evidence": (Evidence(HOSTILE),),
        "remarks": ((HOSTILE, HOSTILE),),
    }
    for name, numbers in (("register", "AB"), ("newer", "BC")):
        decisions = [decision(f"{number}{HOSTILE}", **said) for number in numbers]
        Path(made.words[name]).write_bytes(b"".join(file_of(decisions, name=HOSTILE, issuer=HOSTILE, uri=HOSTILE)))


STATED = ("--issuer", 1, "--id", "a", "--title", HOSTILE, "--from", "2026-01-01", "--until", "2026-12-31")

Case = tuple[list[object], list[str]]
"""The arguments, and what a person has to see of the strangers' texts, whole."""


def missing(*command: object) -> Callable[[World], list[Case]]:
    """A command that is called with a hostile argument that stands for nothing, which it repeats."""
    return lambda world: [([*command, HOSTILE], [])]


CASES: dict[str, Callable[[World], list[Case]]] = {
    "demo": lambda world: [(["demo", "--folder", "diplomas"], []), (["demo", "--count", HOSTILE], [])],
    "lab list": lambda world: [(["lab", "list"], []), (["lab", "list", "--language", HOSTILE], [])],
    "lab start": lambda world: [
        (["lab", "start", HOSTILE], []),
        (["lab", "start", "verifiers-4", "--folder", f"lab{FILE_NAME}"], [f"lab{FILE_NAME}"]),
    ],
    "lab check": lambda world: [
        (["lab", "check", HOSTILE], [HOSTILE]),
        (["lab", "check", "--folder", f"lab{FILE_NAME}"], []),
    ],
    "lab hint": missing("lab", "hint"),
    "lab reset": missing("lab", "reset"),
    "check": lambda world: [
        (["check", "diplomas"], [f"0{FILE_NAME}.json"]),
        (["check", HOSTILE], [HOSTILE]),
    ],
    "anchor": lambda world: [
        (["anchor", "diplomas", "--wait"], [f"bad{FILE_NAME}.json"]),
        (["anchor", "diplomas", "--strict"], [f"bad{FILE_NAME}.json"]),
        (["anchor", HOSTILE], [HOSTILE]),
    ],
    "receipts": lambda world: [
        (["receipts", world.words["root"], "-o", f"out{FILE_NAME}"], [f"out{FILE_NAME}"]),
        (["receipts", HOSTILE, "-o", "x"], [HOSTILE]),
    ],
    "diplomas": lambda world: [
        (["diplomas", world.words["root"], "-o", "p", "--verify-url", "https://u.example/"], [world.words["root"]]),
        (["diplomas", "diplomas", "-o", "p", "--verify-url", "https://u.example/"], [f"0{FILE_NAME}"]),
        (["diplomas", HOSTILE, "-o", "p", "--verify-url", "https://u.example/"], [HOSTILE]),
        (["diplomas", "diplomas", "-o", "p", "--verify-url", HOSTILE], [HOSTILE]),
        (["diplomas", "diplomas", "-o", "p", "--verify-url", "https://u.example/", "--lang", HOSTILE], []),
        (["diplomas", "diplomas", "-o", "p", "--verify-url", "https://u.example/", "--badge", HOSTILE], [HOSTILE]),
        (["diplomas", "diplomas", "-o", "p", "--verify-url", "https://u.example/", "--template", HOSTILE], [HOSTILE]),
    ],
    "verify": lambda world: [
        (["verify", world.words["diploma"]], [world.words["diploma"]]),
        (["verify", "diplomas"], [f"diplomas/bad{FILE_NAME}.json"]),
        (["verify", HOSTILE], [HOSTILE]),
        (["verify", world.words["diploma"], "--at", HOSTILE], []),
        (["verify", world.words["diploma"], "--policy", HOSTILE], [HOSTILE]),
        (["verify", world.words["diploma"], "--csv", f"no/{FILE_NAME}"], [f"no/{FILE_NAME}"]),
        (["verify", world.words["zip"], world.words["lines"]], [f"{world.words['lines']}, line 1"]),
    ],
    "digest": lambda world: [
        (["digest", "diplomas"], [f"diplomas/bad{FILE_NAME}.json", world.words["diploma"]]),
        (["digest", "--all", world.words["diploma"]], [world.words["diploma"]]),
        (["digest", HOSTILE], [HOSTILE]),
    ],
    "account new": lambda world: [
        (["account", "new", f"k{FILE_NAME}.json"], [f"k{FILE_NAME}.json"]),
        (["account", "new", "k.json", "--password-file", HOSTILE], [HOSTILE]),
    ],
    "absent": lambda world: [
        (["absent", HOSTILE], [HOSTILE]),
        (["absent", world.words["diploma"]], []),
        (["absent", "0" * 64, "--prove", "-o", f"no/{FILE_NAME}"], []),
        (["absent", "0" * 64, "--prove", "-o", f"a{FILE_NAME}.json"], [f"a{FILE_NAME}.json"]),
        (["absent", "0" * 64, "--prove", "-o", "x", "--attestation", HOSTILE], [HOSTILE]),
        (["verify", f"a{FILE_NAME}.json"], [f"a{FILE_NAME}.json"]),
    ],
    "audit": lambda world: [
        (["audit"], []),
        (["audit", "--from", HOSTILE], []),
        (["audit", "--report", f"r{FILE_NAME}.html"], [f"r{FILE_NAME}.html"]),
        (["audit", "--issuer", 1, "--attest", f"n{FILE_NAME}", "--key", world.words["logKey"]], [f"n{FILE_NAME}"]),
        (["audit", "--issuer", 1, "--attest", "x", "--key", HOSTILE], [HOSTILE]),
        (["audit", "--issuer", 1, "--attest", "x", "--key", world.words["logKey"], "--name", HOSTILE], [HOSTILE]),
    ],
    "revoke": lambda world: [
        (["revoke", HOSTILE], [HOSTILE]),
        (["revoke", "0" * 64, "--reason", HOSTILE], []),
        (["revoke", "--queue", "0" * 64, "--note", HOSTILE], []),
        (["revoke", "0" * 64, "--without-anchor", "--dry-run"], []),
        (["revoke", world.words["diploma"], "--place-only", "--dry-run"], []),
        (["revoke", "--person", HOSTILE], []),
        (["revoke", "--rows", HOSTILE], []),
        (["revoke", "--course", HOSTILE], []),
    ],
    "void": lambda world: [
        (["void", HOSTILE], [HOSTILE]),
        (["void", world.words["root"], "--dry-run", "--digests"], []),
    ],
    "supersede": lambda world: [
        (["supersede", HOSTILE], [HOSTILE]),
        (["supersede", world.words["diploma"]], [world.words["diploma"]]),
        (["supersede", world.words["diploma"], "--by", HOSTILE], [HOSTILE]),
    ],
    "correct": lambda world: [
        (["correct", HOSTILE], [HOSTILE]),
        (["correct", f"r{FILE_NAME}.csv", "--template", f"t{FILE_NAME}.toml"], [FILE_NAME]),
        (["correct", world.words["root"]], []),
    ],
    "deliver": lambda world: [
        (["deliver", HOSTILE, "-o", "letters"], [HOSTILE]),
        (["deliver", world.words["root"], "-o", f"l{FILE_NAME}", "--from", HOSTILE], []),
    ],
    "wallet offers": lambda world: [
        (["wallet", "offers", HOSTILE, "-o", f"w{FILE_NAME}"], []),
        (["wallet", "offers", world.words["root"], "-o", "w", "--rows", HOSTILE], []),
    ],
    "wallet status": lambda world: [(["wallet", "status", HOSTILE], [HOSTILE])],
    "wallet withdraw": lambda world: [
        (["wallet", "withdraw", HOSTILE], [HOSTILE]),
        (["wallet", "withdraw", world.words["root"], "--rows", HOSTILE], []),
    ],
    "wallet serve": lambda world: [(["wallet", "serve", "--host", HOSTILE, "--port", HOSTILE], [])],
    "issue export": lambda world: [
        (["issue", "export", HOSTILE, "-o", "x"], [HOSTILE]),
        (["issue", "export", world.words["root"], "-o", f"x{FILE_NAME}", "--sign-key", HOSTILE], []),
    ],
    "present": lambda world: [
        (["present", world.words["selective"]], [world.words["selective"], HOSTILE]),
        (["present", world.words["selective"], "--without", HOSTILE, "-o", f"o{FILE_NAME}"], [f"o{FILE_NAME}"]),
        (["present", world.words["selective"], "--without", "x" + HOSTILE], []),
        (["present", world.words["lines"]], [world.words["lines"]]),
        (["present", HOSTILE], [HOSTILE]),
    ],
    "portfolio make": lambda world: [
        (
            ["portfolio", "make", "diplomas", world.words["zip"], "-o", f"m{FILE_NAME}", "--name", HOSTILE[:900]],
            [f"m{FILE_NAME}"],
        ),
        (["portfolio", "make", HOSTILE], [HOSTILE]),
    ],
    "portfolio show": lambda world: [
        (["portfolio", "show", world.words["portfolio"], "--page", f"p{FILE_NAME}.html"], [f"p{FILE_NAME}.html"]),
        (["portfolio", "show", world.words["lines"]], [world.words["lines"]]),
        (["portfolio", "show", f"#p1.{HOSTILE}"], []),
    ],
    "portfolio recognise": lambda world: [
        (
            [
                *("portfolio", "recognise", world.words["portfolio"], "--for", "HR", "--item", "1-2"),
                *("--page", f"r{FILE_NAME}.html"),
            ],
            [f"r{FILE_NAME}.html"],
        ),
        (["portfolio", "recognise", "diplomas", "--for", HOSTILE], []),
        (["portfolio", "recognise", HOSTILE, "--for", "HR"], [HOSTILE]),
    ],
    "portfolio share": lambda world: [
        (
            [
                *("portfolio", "share", world.words["portfolio"], "--purpose", HOSTILE[:900], "--audience"),
                *(HOSTILE[:900], "-o", f"g{FILE_NAME}", "--yes"),
            ],
            [f"g{FILE_NAME}"],
        ),
        (
            [
                *("portfolio", "share", world.words["portfolio"], "--purpose", "p", "--audience", "a"),
                *("--items", HOSTILE, "-o", "x"),
            ],
            [],
        ),
        (
            [
                *("portfolio", "share", world.words["portfolio"], "--purpose", "p", "--audience", "a"),
                *("--link", HOSTILE),
            ],
            [],
        ),
    ],
    "issue status": lambda world: [
        (["issue", "status", HOSTILE], [HOSTILE]),
        (["issue", "status", "--person", HOSTILE], [HOSTILE]),
        (["issue", "status", world.words["root"], "--row", 3], []),
    ],
    "suspend": missing("suspend"),
    "reinstate": missing("reinstate"),
    "recognise": lambda world: [(["recognise", 2, "--from", HOSTILE], []), (["recognise", HOSTILE], [])],
    "accredited": lambda world: [
        (["accredited", 1, "--body", 2, "--programme", HOSTILE], []),
        (["accredited", 1, "--policy", HOSTILE], [HOSTILE]),
        (["accredited", 1, "--body", 2, "--at", HOSTILE], []),
        (["accredited", 1, "--body", 2, "--field", HOSTILE], []),
        (["accredited", 1, "--here", HOSTILE], []),
    ],
    "body": lambda world: [(["body", 1], []), (["body", 1, "--at", "2026-01-01"], []), (["body", HOSTILE], [])],
    "deploy": lambda world: [(["deploy"], []), (["deploy", "--chain", HOSTILE], [])],
    "status": lambda world: [(["status"], []), (["status", "--contract", HOSTILE], [])],
    "recover": lambda world: [(["recover"], []), (["recover", "--chain", HOSTILE], [])],
    "devnet": lambda world: [(["devnet", "--host", HOSTILE], []), (["devnet", "--chain", HOSTILE], [])],
    "daemon": lambda world: [(["daemon", "--port", HOSTILE], [])],
    "template new": lambda world: [
        (["template", "new", "--kind", "bachelor", "-o", f"t{FILE_NAME}.toml"], [f"t{FILE_NAME}.toml"]),
        (["template", "new", "--kind", "bachelor", "--language", HOSTILE], []),
    ],
    "template check": lambda world: [
        (["template", "check", world.words["template"]], [world.words["template"]]),
        (["template", "check", HOSTILE], [HOSTILE]),
    ],
    "roster new": lambda world: [
        (["roster", "new", "award.toml", "-o", f"r{FILE_NAME}.xlsx"], [f"r{FILE_NAME}.xlsx"]),
        (["roster", "new", world.words["template"]], [world.words["template"]]),
        (["roster", "new", HOSTILE], [HOSTILE]),
    ],
    "roster check": lambda world: [
        (["roster", "check", world.words["roster"], "--template", "award.toml"], [world.words["roster"]]),
        (["roster", "check", world.words["lines"], "--template", "award.toml"], []),
        (["roster", "check", "graduates.csv", "--template", "award.toml", "--accept", HOSTILE], []),
        (["roster", "check", HOSTILE], [HOSTILE]),
    ],
    "page": lambda world: [
        (["page", "-o", f"page{FILE_NAME}", "--hash"], [f"page{FILE_NAME}"]),
        (["page", "-o", "page", "--page-settings", HOSTILE], [HOSTILE]),
    ],
    "serve": lambda world: [(["serve", "--port", HOSTILE], [])],
    "index": lambda world: [(["index", "--once"], []), (["index", "--chain", HOSTILE, "--once"], [])],
    "issue make": lambda world: [
        (["issue", HOSTILE], [HOSTILE]),
        (["issue", world.words["diploma"], "--by", HOSTILE], []),
        (["issue", world.words["diploma"], "--template", HOSTILE], [HOSTILE]),
    ],
    "partnership check": lambda world: [
        (["partnership", "check", world.words["partnership"]], [HOSTILE]),
        (["partnership", "check", HOSTILE], [HOSTILE]),
        (["partnership", "check", world.words["template"]], [world.words["template"]]),
    ],
    "partnership record": lambda world: [
        (["partnership", "record", world.words["partnership"], "--issuer", 9], [world.words["partnership"]]),
        (["partnership", "record", HOSTILE], [HOSTILE]),
    ],
    "partnership list": lambda world: [(["index", "--once"], []), (["partnership", "list"], [])],
    "partnership show": lambda world: [
        (["index", "--once"], []),
        (["partnership", "show", "hostile"], []),
        (["partnership", "show", HOSTILE], []),
    ],
    "statement check": lambda world: [
        (["statement", "check", world.words["counts"], "--issuer", 1], []),
        (["statement", "check", HOSTILE, "--issuer", 1], [HOSTILE]),
        (["statement", "check", world.words["counts"], *STATED], []),
    ],
    "statement record": lambda world: [(["statement", "record", HOSTILE, "--issuer", 1], [HOSTILE])],
    "insights show": lambda world: [
        (["index", "--once"], []),
        (["insights", "show", "--partnership", "hostile"], []),
        (["insights", "show", "--period", HOSTILE], []),
        (["insights", "show", "--country", HOSTILE], []),
        (["insights", "show", "--csv", f"no/{FILE_NAME}"], [f"no/{FILE_NAME}"]),
    ],
    "figures": lambda world: [
        (["figures", world.words["events"]], []),
        (["figures", world.words["events"], world.words["silent"]], []),
        (["figures", f"no{FILE_NAME}"], [f"no{FILE_NAME}"]),
    ],
    "insights report": lambda world: [
        (["index", "--once"], []),
        (["insights", "report", "--year", 2026, "-o", f"no/{FILE_NAME}"], []),
        (["insights", "report", "--year", 2026, "--publisher", HOSTILE, "-o", f"r{FILE_NAME}.pdf"], []),
        (["insights", "report", "--year", HOSTILE], []),
    ],
    "issue preview": missing("issue", "preview"),
    "issue confirm": missing("issue", "confirm"),
    "issue discard": missing("issue", "discard"),
    "issue list": lambda world: [(["issue", "list"], [])],
    "register import": lambda world: [
        (["register", "import", "deqar", HOSTILE, "--register", "x", "--sign-key", "key.pem"], [HOSTILE]),
        (["register", "import", "deqar", world.words["reports"], "--register", HOSTILE], []),
        (
            [
                *("register", "import", "deqar", world.words["reports"], "--register", "y"),
                *("--sign-key", "key.pem", "--issuer", 1, "--name", HOSTILE),
            ],
            [],
        ),
    ],
    "register confirm": missing("register", "confirm"),
    "register discard": missing("register", "discard"),
    "register list": lambda world: [(["register", "list"], [])],
    "register template": lambda world: [(["register", "template", "-o", HOSTILE], [])],
    "register show": lambda world: [
        (["register", "show", HOSTILE], [HOSTILE]),
        (["register", "show", world.words["register"]], []),
        (["register", "show", world.words["reports"]], []),
    ],
    "register changes": lambda world: [
        (["register", "changes", world.words["register"], HOSTILE], [HOSTILE]),
        (["register", "changes", world.words["register"], world.words["newer"]], []),
    ],
    "register offers": lambda world: [
        (["register", "offers", world.words["register"], "--agency", HOSTILE], []),
        (["register", "offers", world.words["register"], "--agency", "33", "--at", "2024-06-01"], []),
    ],
    "issuer register": lambda world: [
        (["issuer", "register", "--uri", "did:web:a.example", "--profile", HOSTILE], [HOSTILE])
    ],
    "issuer show": lambda world: [(["issuer", "show", 1], [f"{URI}1"]), (["issuer", "show", 2], [f"{URI}2"])],
    "issuer operator": missing("issuer", "operator"),
    "issuer transfer": missing("issuer", "transfer"),
    "issuer rotate": lambda world: [
        (["issuer", "rotate", "--operator", HOSTILE], []),
        (["issuer", "rotate", "--controller", "0x" + "12" * 20, "--dry-run"], []),
    ],
    "issuer profile": lambda world: [
        (["issuer", "profile", "--uri", HOSTILE], []),
        (["issuer", "profile", "--profile", HOSTILE], [HOSTILE]),
    ],
    "issuer did": lambda world: [
        (["issuer", "did", "--key", HOSTILE], [HOSTILE]),
        (["issuer", "did", "--did", HOSTILE, "--no-party"], []),
    ],
    "issuer retire": lambda world: [(["issuer", "retire", "--dry-run"], [])],
    "issuer bare-roots": missing("issuer", "bare-roots"),
    "issuer blockcerts-profile": lambda world: [
        (["issuer", "blockcerts-profile", "-o", "out", "--sign-key", HOSTILE], [HOSTILE]),
        (["issuer", "blockcerts-profile", "-o", "out", "--sign-key", HOSTILE, "--profile-url", HOSTILE], []),
    ],
    "levels list": lambda world: [
        (["levels", "list", "--maps", world.words["maps"]], ["own-map"]),
        (["levels", "list", "--maps", HOSTILE], [HOSTILE]),
    ],
    "levels show": lambda world: [
        (["levels", "show", "own-map", "--maps", world.words["maps"]], []),
        (["levels", "show", HOSTILE], []),
    ],
    "levels card": lambda world: [
        (["levels", "card", HOSTILE, "--from", "IE", "--to", "DE"], [HOSTILE]),
        (["levels", "card", "8", "--from", HOSTILE, "--to", HOSTILE], [HOSTILE]),
        (["levels", "card", "8", "--from", "IE", "--to", "DE", "--at", HOSTILE], []),
    ],
    "levels check": lambda world: [
        (["levels", "check", world.words["maps"]], [f"bad{FILE_NAME}.toml"]),
        (["levels", "check", HOSTILE], [HOSTILE]),
    ],
    "assessment rubric": lambda world: [
        (["assessment", "rubric", world.words["rubric"]], [HOSTILE]),
        (["assessment", "rubric", "bad.toml"], []),
        (["assessment", "rubric", HOSTILE], [HOSTILE]),
    ],
    "assessment record": lambda world: [
        (
            [
                "assessment",
                "record",
                world.words["rubric"],
                "--learner",
                "a",
                "--mark",
                f"a={HOSTILE}",
                *ASSESSOR,
                "-o",
                "n.json",
            ],
            [],
        ),
        (
            ["assessment", "record", "bad.toml", "--learner", HOSTILE, "--mark", HOSTILE, *ASSESSOR, "-o", "n.json"],
            [],
        ),
    ],
    "assessment moderate": lambda world: [
        (["assessment", "moderate", world.words["record"], "--agree", *ASSESSOR, "-o", "n.json"], []),
        (["assessment", "moderate", HOSTILE, "--agree", *ASSESSOR, "-o", "n.json"], [HOSTILE]),
    ],
    "assessment decide": lambda world: [
        (
            [
                "assessment",
                "decide",
                world.words["record"],
                "m.json",
                "--comment",
                HOSTILE,
                *ASSESSOR,
                "-o",
                f"d{FILE_NAME}.json",
            ],
            [],
        ),
    ],
    "assessment check": lambda world: [
        (
            ["assessment", "check", world.words["record"], "m.json", "--evidence", f"e{FILE_NAME}"],
            [world.words["record"]],
        ),
        (["assessment", "check", world.words["rubric"]], [world.words["rubric"]]),
        (["assessment", "check", "theirs.json"], [HOSTILE]),
        (["assessment", "moderate", world.words["record"], "--by", HOSTILE, "--sign-key", "two.pem", "-o", "n"], []),
    ],
    "assessment import": lambda world: [
        (
            ["assessment", "import", "xapi", world.words["statements"], "-o", f"a{FILE_NAME}.json"],
            [f"a{FILE_NAME}.json"],
        ),
        (["assessment", "import", "qti", world.words["results"], "-o", f"b{FILE_NAME}.json"], [f"b{FILE_NAME}.json"]),
        (["assessment", "import", "qti", HOSTILE, "-o", "c.json"], [HOSTILE]),
    ],
    "frameworks compare": lambda world: [
        (["frameworks", "compare", world.words["programme"], world.words["programme"]], [HOSTILE]),
        (["frameworks", "compare", HOSTILE, HOSTILE], [HOSTILE]),
        (["frameworks", "compare", world.words["programme"], world.words["lines"]], [world.words["lines"]]),
    ],
    "frameworks import": lambda world: [
        (["frameworks", "import", "case", world.words["package"], "-o", f"i{FILE_NAME}.toml"], [f"i{FILE_NAME}.toml"]),
        (["frameworks", "import", "case", HOSTILE], [HOSTILE]),
        (["frameworks", "import", HOSTILE, HOSTILE], []),
    ],
    "frameworks export": lambda world: [
        (["frameworks", "export", "case", "framework.toml", "-o", f"o{FILE_NAME}.json"], [f"o{FILE_NAME}.json"]),
        (["frameworks", "export", "case", world.words["template"]], [world.words["template"]]),
    ],
    "frameworks check": lambda world: [
        (["frameworks", "check", world.words["package"]], [world.words["package"]]),
        (["frameworks", "check", world.words["programme"]], [world.words["programme"]]),
        (["frameworks", "check", world.words["template"]], [world.words["template"]]),
        (["frameworks", "check", HOSTILE], [HOSTILE]),
    ],
    "pathway check": lambda world: [
        (["pathway", "check", world.words["portfolio"], world.words["pathway"], "--csv", f"t{FILE_NAME}"], [HOSTILE]),
        (["pathway", "check", world.words["diploma"], world.words["badPathway"]], [world.words["badPathway"]]),
        (["pathway", "check", HOSTILE, world.words["pathway"]], [HOSTILE]),
    ],
    "pathway cohort": lambda world: [
        (["pathway", "cohort", "diplomas", world.words["pathway"], "--left-out", f"u{FILE_NAME}"], [f"u{FILE_NAME}"]),
        (["pathway", "cohort", HOSTILE, world.words["pathway"]], [HOSTILE]),
    ],
    "pathway show": lambda world: [
        (["pathway", "show", world.words["pathway"]], [HOSTILE]),
        (["pathway", "show", HOSTILE], [HOSTILE]),
    ],
    "pathway faults": lambda world: [
        (["pathway", "faults", world.words["badPathway"]], [world.words["badPathway"]]),
        (["pathway", "faults", HOSTILE], [HOSTILE]),
    ],
    "pathway import": lambda world: [
        (["pathway", "import", "ctdl", world.words["graph"], "-o", f"j{FILE_NAME}.toml"], [f"j{FILE_NAME}.toml"]),
        (["pathway", "import", "case", world.words["package"], "-o", f"k{FILE_NAME}.toml"], [f"k{FILE_NAME}.toml"]),
        (["pathway", "import", "ctdl", HOSTILE], [HOSTILE]),
    ],
    "pathway export": lambda world: [
        (["pathway", "export", "json", world.words["pathway"], "-o", f"x{FILE_NAME}.json"], [f"x{FILE_NAME}.json"]),
        (["pathway", "export", "ctdl", HOSTILE], [HOSTILE]),
    ],
    "pathway template": lambda world: [
        (["pathway", "template", "-o", f"v{FILE_NAME}.toml"], [f"v{FILE_NAME}.toml"]),
    ],
    "frameworks isced": lambda world: [(["frameworks", "isced", HOSTILE], [])],
    "suggest ask": lambda world: [
        (["suggest", "ask", "--text", HOSTILE, "--language", "en"], []),
        (["suggest", "ask", world.words["programme"], "--language", "en", "--framework", "e-cf"], []),
        (["suggest", "ask", "--text", "Words.", "--language", HOSTILE], []),
        (["suggest", "ask", HOSTILE, "--language", "en"], [HOSTILE]),
        (["suggest", "ask", "--text", "Words.", "--framework", HOSTILE], [HOSTILE]),
        (["suggest", "ask", "--text", "Words.", "--items", HOSTILE], [HOSTILE]),
    ],
    "suggest figures": lambda world: [
        (["suggest", "figures"], []),
        (["suggest", "figures", "--figures", world.words["asked"]], [world.words["asked"]]),
    ],
    "suggest measure": lambda world: [
        (["suggest", "measure", HOSTILE], [HOSTILE]),
        (["suggest", "measure", world.words["acts"]], [world.words["acts"]]),
    ],
    "suggest review": lambda world: [
        (["suggest", "review", world.words["asked"], "--into", HOSTILE], [HOSTILE]),
        (["suggest", "review", HOSTILE, "--into", world.words["programme"], "--by", HOSTILE], [HOSTILE]),
        (["suggest", "review", world.words["asked"], "--into", world.words["programme"], "--place", HOSTILE], []),
        (
            [
                *("suggest", "review", world.words["asked"], "--into", world.words["programme"]),
                *("--decisions", world.words["decided"]),
            ],
            [world.words["programme"]],
        ),
    ],
    "suggest decisions": lambda world: [
        (["suggest", "decisions", HOSTILE], [HOSTILE]),
        (["suggest", "decisions", world.words["programme"], "--head", HOSTILE], []),
        (["suggest", "decisions", world.words["lines"]], []),
    ],
    "suggest check": lambda world: [
        (["suggest", "check", world.words["programme"]], []),
        (["suggest", "check", world.words["template"]], [world.words["template"]]),
    ],
    "suggest state": lambda world: [
        (
            [
                *("suggest", "state", world.words["programme"], "--place", place, "--item", HOSTILE),
                *("--by", by, "--role", "Dean", "--reason", HOSTILE),
            ],
            [],
        )
        for place, by in ((HOSTILE, HOSTILE), ("part 1", HOSTILE), ("part 1", "Ana Lima"))
    ],
    "suggest duplicates": lambda world: [
        (["suggest", "duplicates", "diplomas", world.words["programme"], "--language", "en"], []),
        (["suggest", "duplicates", HOSTILE, "--language", HOSTILE], [HOSTILE]),
    ],
    "suggest gaps": lambda world: [
        (["suggest", "gaps", world.words["programme"], "--nearest", "--language", HOSTILE], []),
        (["suggest", "gaps", HOSTILE], [HOSTILE]),
    ],
    "suggest anomalies": lambda world: [
        (["suggest", "anomalies", world.words["acts"], "--names"], []),
        (["suggest", "anomalies", HOSTILE], [HOSTILE]),
        (["suggest", "anomalies", world.words["acts"], "--since", HOSTILE], []),
    ],
    "accredit offer": lambda world: [(["accredit", "offer", 2, "--until", HOSTILE], [])],
    "accredit accept": missing("accredit", "accept"),
    "accredit refuse": missing("accredit", "refuse"),
    "accredit suspend": lambda world: [(["accredit", "suspend", 2, "--reason", HOSTILE], [])],
    "accredit reinstate": lambda world: [(["accredit", "reinstate", 2, "--effective", HOSTILE], [])],
    "accredit withdraw": lambda world: [(["accredit", "withdraw", 2, "--reason", HOSTILE], [])],
    "accredit void": lambda world: [(["accredit", "void", 2, "--reason", HOSTILE], [])],
    "accredit export": lambda world: [
        (["accredit", "export", "--all", "--as", "ctdl", "-o", f"e{FILE_NAME}.jsonld"], [f"e{FILE_NAME}.jsonld"]),
        (["accredit", "export", 1, "--as", "elm-xml", "-o", "x", "--organisations", HOSTILE], [HOSTILE]),
        (["accredit", "export", HOSTILE, "--as", "ctdl", "-o", "x"], []),
    ],
    "register export": lambda world: [
        (["register", "export", HOSTILE, "--as", "ctdl", "-o", "x"], [HOSTILE]),
    ],
    "accredit show": lambda world: [
        (["accredit", "show", 1, "--at", HOSTILE], []),
        (["accredit", "show", 1], [URI]),
        (["accredit", "show", 2], [URI]),
    ],
    "accord create": lambda world: [
        (["accord", "create", world.words["accord"], "--dry-run", "--issuer", 1], [HOSTILE[:200], FILE_NAME]),
        (["accord", "create", world.words["badAccord"]], []),
    ],
    "accord admit": missing("accord", "admit"),
    "accord leave": lambda world: [(["accord", "leave", world.words["accord"], 2, "--reason", HOSTILE], [])],
    "accord show": lambda world: [
        (["accord", "show", world.words["accord"]], [HOSTILE[:200], FILE_NAME]),
        (["accord", "show", world.words["badAccord"]], [FILE_NAME]),
        (["accord", "show", world.words["accord"], "--at", HOSTILE], []),
    ],
    "jobs list": lambda world: [
        (["jobs", "list"], [world.words["job"]]),
        (["jobs", "list", "--state", HOSTILE], []),
        (["jobs", "list", "--statuses"], []),
    ],
    "jobs show": lambda world: [
        (["jobs", "show", world.words["job"]], [f"bad{FILE_NAME}.json"]),
        (["jobs", "show", world.words["statusJob"]], [HOSTILE]),
        (["jobs", "show", HOSTILE], [HOSTILE]),
    ],
    "jobs retry": missing("jobs", "retry"),
    "jobs cancel": missing("jobs", "cancel"),
    "jobs park": lambda world: [(["jobs", "park", world.words["job"], "--why", HOSTILE], [])],
    "key add": lambda world: [(["key", "add", "--name", HOSTILE, "--issuer", 1], [HOSTILE])],
    "key list": lambda world: [(["key", "list"], [HOSTILE])],
    "key revoke": missing("key", "revoke"),
    "trees repair": lambda world: [
        (["trees", "repair", HOSTILE], [HOSTILE]),
        (["trees", "repair", "--from", HOSTILE], [HOSTILE]),
    ],
    "trees pull": lambda world: [(["trees", "pull", HOSTILE, "--issuer", 1], [HOSTILE])],
    "checkpoint key": lambda world: [
        (["checkpoint", "key", "k.example", "-o", f"key{FILE_NAME}"], [f"key{FILE_NAME}"]),
        (["checkpoint", "key", HOSTILE, "-o", "k"], [HOSTILE]),
    ],
    "checkpoint create": lambda world: [
        (["checkpoint", "create", "days.txt", "--key", HOSTILE], [HOSTILE]),
        (["checkpoint", "create", f"days{FILE_NAME}", "--key", world.words["logKey"]], [f"days{FILE_NAME}"]),
    ],
    "checkpoint sign": lambda world: [
        (["checkpoint", "sign", HOSTILE, "--key", world.words["witnessKey"]], [HOSTILE]),
        (["checkpoint", "sign", world.words["list"], "--key", world.words["witnessKey"], "--log", HOSTILE], []),
        (["checkpoint", "sign", world.words["list"], "--key", world.words["witnessKey"]], [world.words["list"]]),
    ],
    "checkpoint merge": lambda world: [
        (["checkpoint", "merge", world.words["list"], HOSTILE, "--witnesses", world.words["policy"]], [HOSTILE]),
    ],
    "checkpoint verify": lambda world: [
        (["checkpoint", "verify", world.words["list"], "--witnesses", HOSTILE], [HOSTILE]),
        (["checkpoint", "verify", HOSTILE, "--witnesses", world.words["policy"]], [HOSTILE]),
        (["checkpoint", "verify", world.words["list"], "--witnesses", world.words["policy"]], [world.words["origin"]]),
    ],
    "trees push": lambda world: [(["trees", "push", "--data-folder", HOSTILE], [])],
}


def all_commands(group: object, name: str = "") -> list[str]:
    found: list[str] = []
    for word, command in group.commands.items():  # type: ignore[attr-defined]
        whole = f"{name} {word}".strip()
        found += all_commands(command, whole) if hasattr(command, "commands") else [whole]
    return found


COMMANDS = all_commands(typer.main.get_command(app))


def test_every_command_has_a_case() -> None:
    assert sorted(CASES) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_no_text_of_a_stranger_steers_the_terminal(world: World, command: str) -> None:
    for arguments, whole in CASES[command](world):
        shown = world.run(*arguments)
        assert shown.foreign == b"", arguments
        assert shown.code != 70, shown.text
        assert "Traceback" not in shown.text
        assert "\N{GRINNING FACE WITH SMILING EYES}" not in shown.text
        # Only a line of ours begins with what a verdict begins with, and nobody else chooses a colour.
        assert not [line for line in shown.lines if line.startswith("faked.json: valid")], shown.lines
        assert {colour for colour, _ in shown.colours_of("FAKED")} <= {"default", "red"}, arguments
        for text in whole:
            assert seen(text) in shown.text, (arguments, text, shown.lines)


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_what_is_seen_is_what_the_json_says(world: World, columns: int) -> None:
    verdict = world.json("verify", world.words["diploma"])
    shown = world.run("verify", world.words["diploma"], columns=columns)
    assert seen(f"{verdict['name']}: {verdict['overall']}") in shown.text  # type: ignore[index, call-overload]
    for check in verdict["checks"]:  # type: ignore[index, call-overload]
        assert seen(f"{check['outcome']} {check['name']} {check['text']} ({check['code']})") in shown.text
    party = world.json("issuer", "show", 2)
    assert seen(party["uri"]) in world.run("issuer", "show", 2, columns=columns).text  # type: ignore[index, call-overload]
    (key, *_) = world.json("key", "list")  # type: ignore[misc]
    assert seen(key["name"]) in world.run("key", "list", columns=columns).text


@pytest.mark.parametrize("columns", [60, 80])
def test_every_table_has_its_identifiers_whole(world: World, columns: int) -> None:
    (batch,) = world.json("status")["batches"]  # type: ignore[index, call-overload]
    (job,) = world.json("jobs", "list")  # type: ignore[misc]
    verdicts = world.json("verify", "diplomas")["verdicts"]  # type: ignore[index, call-overload]
    given = world.json("body", 1)["given"]  # type: ignore[index, call-overload]
    contract = world.json("status")["contract"]  # type: ignore[index, call-overload]
    for arguments, identifiers in (
        (("status",), [batch["root"], batch["anchoredAt"], contract]),
        (("jobs", "list"), [job["id"], job["acceptedAt"]]),
        (("jobs", "show", job["id"]), [job["id"], job["acceptedAt"]]),
        (("verify", "diplomas"), [each["anchoredAt"] for each in verdicts if each["anchoredAt"]]),
        (("body", 1), [str(each["id"]) for each in given]),
        (("issuer", "show", 1), [contract and world.json("issuer", "show", 1)["controller"]]),  # type: ignore[index, call-overload]
    ):
        copied = "".join(world.run(*arguments, columns=columns).screen.display)
        for identifier in identifiers:
            assert identifier in copied, (arguments, identifier)


def test_json_on_a_terminal_moves_nothing_and_means_the_same(world: World) -> None:
    for arguments in (
        ("issuer", "show", 2),
        ("verify", "diplomas"),
        ("key", "list"),
        ("jobs", "show", world.words["job"]),
    ):
        shown = world.run(*arguments, "--json", columns=4000)
        assert shown.foreign == b""
        on_screen, piped = json.loads("".join(shown.lines)), world.json(*arguments)
        if "finalEstimate" in piped:
            # By the moment at which each was asked for.
            assert on_screen.pop("finalEstimate") <= piped.pop("finalEstimate")
        assert on_screen == piped


def test_a_name_of_mixed_letters_is_marked(world: World) -> None:
    text = world.run("issuer", "show", 2).text
    assert seen("[with hidden characters]") in text


def test_nothing_prints_but_the_console() -> None:
    """A command that wrote to the terminal itself, or with markup, would pass by everything above."""
    folder = Path(__file__).parents[3] / "anchor"
    ours = {folder / "cli" / "console.py"}
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "cli" in path.parts:
                assert not any(
                    f"[{style}" in node.value for style in ("/]", "/bold", "bold]", "bold ", "red]", "dim]", "yellow]")
                )
            if path in ours or not isinstance(node, ast.Call | ast.ImportFrom):
                continue
            if isinstance(node, ast.ImportFrom):
                assert node.module not in ("rich", "rich.console", "rich.text", "rich.table", "rich.markup"), path
                continue
            called = ast.unparse(node.func)
            assert called not in ("print", "typer.echo", "typer.secho", "typer.confirm", "typer.prompt", "input"), path
            assert called not in ("sys.stdout.write", "sys.stderr.write"), path
