"""Commands of the documentation are commands of the program, and do what the pages say, as far as this machine can."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, chdir
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import click
import pytest
import typer
from eth_account import Account
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from anchor.cli.app import app
from registry.chain.rpc.connect import connect
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS, PUBLICLY_KNOWN_KEYS
from registry.learning.suggest.decisions import suggestion_id
from registry.learning.suggest.wire import suggestion_in
from registry.proofs.signatures.keys import KeyKind, new_key, write_key
from tests.anchor.issuing.roster.files import write_xlsx
from tests.docs.reader import REPOSITORY, Reader, Step, shape, steps
from tests.registry.chain.worlds import anvil
from tests.registry.learning.assessment.made import RESULT, of_cmi5, statement
from tests.registry.learning.pathways.credentials import of_a_learner, of_others
from tests.registry.quality.decisions import decision
from tests.registry.quality.signed import snapshot

Value = TypeVar("Value")
PASSWORD = "correct horse"
PAGES = sorted([REPOSITORY / "README.md", *(REPOSITORY / "docs").rglob("*.md")])
WITH_COMMANDS = [page for page in PAGES if any(steps(page))]
FORMER = REPOSITORY / "tests/registry/database/fixtures/folder-of-revision-0010.zip"
INLINE = re.compile(r"`(testamur [a-z][^`]*)`")
UNMARKED = re.compile(r"^ *```(?:sh|shell|bash)?\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def parsed(words: list[str]) -> None:
    """Parse the words of a command line as the program would; raises where it would refuse them."""
    command: click.Command = typer.main.get_command(app)
    context = click.Context(command)
    while isinstance(command, click.Group):
        if not words or words[0] == "--version":
            return  # a group by its name
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]!r}"
        command, words = found, words[1:]
    if "--help" not in words:
        command.make_parser(context).parse_args(args=list(words))


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name_of)
def test_every_command_of_a_page_is_one(page: Path) -> None:
    for step in steps(page):
        for part in re.split(r"[|;\n]|&&", step.command.replace("\\\n", " ")):
            if (said := re.match(r"\s*(?:\w+=\S+ )*testamur (.*)", part)) is None:
                continue
            line = re.sub(r"<(\w[\w ]*)>", r"\1", said[1])  # what the reader puts in
            words = shlex.split(re.split(r"\s(?:>|2>|<|&)", line)[0], comments=True)
            parsed(["…" if word == "..." else word for word in words])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_within_a_sentence_is_one(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(block for block in UNMARKED.findall(text))
    said = [*INLINE.findall(text), *re.findall(r"^ *(testamur .*)", blocks, re.MULTILINE)]
    for command in said:
        _, *words = shlex.split(command, comments=True)
        if words[-1] not in ("…", "..."):  # of a group
            parsed(words)


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=name_of)
def test_no_page_shows_a_traceback(page: Path) -> None:
    for step in steps(page):
        assert not any(line.startswith("Traceback") for line in step.shown), step.command


# What a reader has before a page begins


@dataclass(frozen=True)
class Shared:
    """A practice chain that a devnet serves, an issuer who anchored on it, and a lookup service over both.

    Attributes:
        registrar: the issuer's folder: `diplomas` of which 001 is revoked, `receipts`, and the data folder.
        stands_for: the documented addresses, and whose they are here.
    """

    registrar: Reader
    root: str
    stands_for: dict[str, str]


def diploma(folder: Path, name: str, number: int) -> None:
    content = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "id": f"urn:uuid:00000000-0000-4000-8000-{number:012d}",
        "issuer": "did:web:university.example",
        "validFrom": "2025-01-01T00:00:00Z",
        "credentialSubject": {"name": f"Graduate {number}"},
    }
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(content))


def root_in(told: str) -> str:
    """The root of the batch that a command told of."""
    (found,) = set(re.findall(r"0x[0-9a-f]{64}", told))
    return str(found)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    base = tmp_path_factory.mktemp("shared")
    practice, registrar = Reader(base / "practice"), Reader(base / "registrar")
    try:
        practice.does("testamur devnet")
        url = f"http://{practice.stands_for['127.0.0.1:8545']}"
        registrar.environment["TESTAMUR_CHAIN"] = url
        for number in range(3):
            diploma(registrar.folder, f"diplomas/{number:03}.json", number)
        (registrar.folder / "diplomas" / "transcript.pdf").write_bytes(b"%PDF-1.7\n% a transcript\n%%EOF\n")
        for name in ("university", "agency"):
            registrar.does(f"testamur issuer register --uri did:web:{name}.example")
        registrar.does("testamur accredit offer 1 --issuer 2 --until 2031-09-01")
        registrar.does("testamur accredit accept 1 --issuer 1")
        root = root_in(registrar.does("testamur anchor diplomas --issuer 1"))
        registrar.does(f"testamur receipts {root} -o receipts")
        registrar.does("testamur revoke diplomas/001.json --issuer 1 --reason obtained-by-fraud")
        registrar.does("testamur serve")
        yield Shared(registrar, root, registrar.stands_for | {"https://your-endpoint.example": url})
    finally:
        registrar.ends()
        practice.ends()


def digest_of(shared: Shared, name: str) -> str:
    receipt = json.loads((shared.registrar.folder / "receipts" / f"{name}.receipt.json").read_bytes())
    return str(receipt["digest"]["value"])


def three_issuers(reader: Reader) -> None:
    """A folder with three parties, of which the first and the third have anchored."""
    for number, name in enumerate(("diploma.json", "other.json", "suspicious.json")):
        diploma(reader.folder, name, number)
    for name in ("one", "two", "three"):
        reader.does(f"testamur issuer register --uri did:web:{name}.example")
    reader.does("testamur anchor diploma.json --issuer 1")
    reader.does("testamur anchor other.json --issuer 3")


def first_issuer(reader: Reader) -> None:
    """A folder with one issuer, who has anchored."""
    diploma(reader.folder, "diploma.json", 1)
    reader.does("testamur issuer register --uri did:web:one.example")
    reader.stands_for["ROOT"] = root_in(reader.does("testamur anchor diploma.json"))


def graduates(reader: Reader) -> None:
    """A folder with an issuer, and diplomas that nobody has anchored."""
    (reader.folder / "diplomas").mkdir()
    for number in range(1, 4):
        diploma(reader.folder, f"diplomas/{number}.json", number)
    reader.does("testamur issuer register --uri did:web:one.example")


def registrar(reader: Reader) -> None:
    """A folder with an issuer, the institution's key, a template, and a roster of three graduates."""
    for command in ("issuer register --uri did:web:university.example", "template new --kind bachelor --language en"):
        reader.does(f"testamur {command}")
    reader.does("testamur roster new bachelor.toml --csv -o graduates.csv")
    roster = reader.folder / "graduates.csv"
    with roster.open(encoding="utf-8-sig", newline="") as file:
        keys = next(csv.reader(file))
    values = {"birth_date": "2003-07-31", "awarded_on": "2026-07-31", "result.final": "1.7"}
    with roster.open("a", encoding="utf-8", newline="") as file:
        for name in ("Ana Lima", "Ben Otieno", "Chloé Dupont"):
            its = values | {"person_id": name[:3], "name": name}
            csv.writer(file).writerow([its.get(key, "") for key in keys])
    key = reader.folder / "university-key.pem"
    key.write_text(write_key(new_key(KeyKind.ED25519)))
    key.chmod(0o600)


def mirror(reader: Reader) -> None:
    """A folder with two parties, the agency's key, its register of two months, and its lists."""
    for name in ("agency", "first"):
        reader.does(f"testamur issuer register --uri did:web:{name}.example")
    for path in (REPOSITORY / "tests/docs/registers").glob("*.csv"):
        shutil.copy(path, reader.folder)
    key = reader.folder / "agency-key.pem"
    key.write_text(write_key(new_key(KeyKind.ED25519)))
    key.chmod(0o600)


def corrected(reader: Reader) -> None:
    """The same, a corrected diploma that was anchored later, and a list of what is withdrawn."""
    first_issuer(reader)
    digest = reader.does("testamur digest diploma.json").split()[0]
    (reader.folder / "withdrawn.txt").write_text(f"{digest}\n")
    diploma(reader.folder, "corrected.json", 2)
    reader.does("testamur anchor corrected.json")


def former(reader: Reader) -> None:
    """What an earlier program left of a registry of the first edition: a batch with c1 and c2, which is revoked."""
    with zipfile.ZipFile(FORMER) as archive:
        archive.extractall(reader.folder)
    (reader.folder / "testamur-data").chmod(0o700)
    (reader.folder / "diplomas").mkdir()
    for name in ("c1.json", "c2.json"):
        (reader.folder / name).rename(reader.folder / "diplomas" / name)


def exports(reader: Reader) -> None:
    """An export of diplomas, one that nobody issued, and a document that is no JSON."""
    for number in range(8):
        diploma(reader.folder, f"diplomas/{number:03}.json", number)
    diploma(reader.folder, "suspicious.json", 99)
    (reader.folder / "diploma.pdf").write_bytes(b"%PDF-1.7\n% a diploma\n%%EOF\n")


def bodies(reader: Reader) -> None:
    """A folder with seven parties, whose first is the agency."""
    for number in range(1, 8):
        reader.does(f"testamur issuer register --uri did:web:party-{number}.example")
    (reader.folder / "testamur.toml").write_text("issuer = 1\n")
    (reader.folder / "decision.pdf").write_bytes(b"%PDF-1.7\n")
    (reader.folder / "conditions.txt").write_text("Two more lecturers by 2027.\n")
    reader.stands_for |= {"accept 12": "accept 1"}


def accord(reader: Reader) -> None:
    """The example's file, its sixteen parties and a university, and two diplomas in computing."""
    shutil.copy(REPOSITORY / "docs/how-to/seoul-accord.toml", reader.folder)
    for number in range(1, 17):
        reader.does(f"testamur issuer register --uri did:web:party-{number}.example")
    reader.does("testamur issuer register --uri did:web:university.example")
    achievement = {
        "id": "https://university.example/computing",
        "type": ["Achievement"],
        "achievementType": "BachelorDegree",
        "fieldOfStudy": "0613",
        "alignment": [{"type": ["Alignment"], "targetUrl": "http://data.europa.eu/snb/eqf/6"}],
    }
    for number, name in enumerate(("before.json", "after.json")):
        diploma(reader.folder, name, number)
        content = json.loads((reader.folder / name).read_text())
        content["credentialSubject"]["achievement"] = achievement
        (reader.folder / name).write_text(json.dumps(content))


def agency(reader: Reader) -> None:
    """Eight parties, the key and the register of the first, an accord, and two universities on chain."""
    names = ("agency", "accord", "bureau", "university", "institute", "southern", "board", "college")
    for name in names:
        reader.does(f"testamur issuer register --uri did:web:{name}.example")
    key = reader.folder / "agency-key.pem"
    key.write_text(write_key(new_key(KeyKind.ED25519)))
    key.chmod(0o600)
    for name in ("agency-session-decisions.csv", "agency-session-accord.toml"):
        shutil.copy(REPOSITORY / "tests/docs" / name, reader.folder / name.removeprefix("agency-session-"))
    reader.does("testamur accord create accord.toml --issuer 2")
    for member in (1, 3):
        reader.does(f"testamur accord admit accord.toml --issuer {member}")
    reader.does("testamur accredit offer 6 --field 0613 --levels 6 --jurisdiction AU --until 2031-01-01 --issuer 3")
    reader.does("testamur accredit accept 5 --issuer 6")
    reader.does("testamur accredit offer 8 --field 0613 --levels 6 --until 2031-01-01 --issuer 7")
    reader.does("testamur accredit accept 6 --issuer 8")
    diploma(reader.folder, "diploma.json", 1)
    content = json.loads((reader.folder / "diploma.json").read_text())
    content["credentialSubject"]["achievement"] = {"id": "https://university.example/msc-data", "type": ["Achievement"]}
    (reader.folder / "diploma.json").write_text(json.dumps(content))


def the_command_is_asked(reader: Reader, _told: str) -> None:
    """What it says of these cases, and of others, at two moments; the service is asked the same later."""
    programmes = ("msc-data", "ba-history", "msc-nursing", "joint-water", "msc-alchemy", "other")
    asked = [
        {"party": str(party), "programme": f"https://university.example/{each}"}
        for party in (4, 5)
        for each in programmes
    ]
    asked += [{"party": str(party), "field": "0613", "levels": "6", "here": "HR"} for party in (6, 8, 1)]
    asked += [{"party": "6", "body": "3"}, {"party": "8", "body": "7"}, {"party": "4"}]
    told = []
    for moment in (f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "2025-06-30T00:00:00Z"):
        for each in asked:
            options = [word for name, value in each.items() if name != "party" for word in (f"--{name}", value)]
            words = [*("accredited", each["party"]), *options, *("--at", moment, "--json")]
            with chdir(reader.folder):
                done = CliRunner().invoke(app, words)
            told.append((each | {"at": moment}, json.loads(done.stdout)))
            assert told[-1][1]["exitCode"] == done.exit_code
    answers = [answer["answer"] for _, answer in told]
    assert answers.count("yes") > 3
    assert "yes" not in answers[len(asked) :]  # nothing was on record in 2025
    (reader.folder / "told.json").write_text(json.dumps(told))


def the_service_says_the_same(reader: Reader, _told: str) -> None:
    """The command read the chain and the file, the service reads its index and its folder: they tell alike."""
    url = f"http://{reader.stands_for['localhost:8790']}"
    for asked, there in json.loads((reader.folder / "told.json").read_text()):
        with urllib.request.urlopen(f"{url}/v1/accredited?{urlencode(asked)}") as answer:
            here = json.loads(answer.read())
        members = ("answer", "exitCode", "question", "onChain", "registers", "chain")
        assert {name: here[name] for name in members} == {name: there[name] for name in members}, asked


def with_root(reader: Reader, told: str) -> None:
    """The page confirms the draft that it was shown."""
    page = (REPOSITORY / "docs/how-to/agency-session.md").read_text(encoding="utf-8")
    reader.stands_for[root_in(page)] = root_in(told)


def others_are_admitted(reader: Reader, _told: str) -> None:
    for number in range(3, 15):
        reader.does(f"testamur accord admit seoul-accord.toml --issuer {number}")


def a_second_passes(_reader: Reader, _told: str) -> None:
    """What the page does next, it does later: the chain's clock has whole seconds."""
    before = int(time.time())
    while int(time.time()) == before:
        time.sleep(0.05)


def partners(reader: Reader) -> None:
    """A university, its agency, an agency abroad that recognises that one, and a university there."""
    for name in ("university", "agency", "abroad", "pass"):
        reader.does(f"testamur issuer register --uri did:web:{name}.example")
    reader.does("testamur accredit offer 1 --issuer 2 --field 0913 --levels 6-7 --jurisdiction FR --until 2099-01-01")
    reader.does("testamur accredit accept 1 --issuer 1")
    reader.does("testamur accredit offer 4 --issuer 3 --field 0913 --jurisdiction IT --until 2099-01-01")
    reader.does("testamur accredit accept 2 --issuer 4")
    reader.does("testamur recognise 2 --issuer 3")
    (reader.folder / "testamur.toml").write_text("issuer = 1\n")
    for number in range(5):
        diploma(reader.folder, f"diplomas/{number:03}.json", number)
    reader.does("testamur anchor diplomas")
    (reader.folder / "awards.csv").write_text(
        "gender,first-generation,count\nwomen,yes,120\nwomen,no,230\nmen,yes,98\nmen,no,141\nother,yes,3\nother,no,12\n"
    )


def reported(reader: Reader) -> None:
    """The same once the partnership and the statement are recorded."""
    partners(reader)
    for step in steps(REPOSITORY / "docs/how-to/record-a-partnership.md"):
        reader.writes(step.settings)
        if " record " in step.command:
            reader.does(step.command)
    reader.stands_for |= {"2026": f"{datetime.now(UTC).year}"}


def endpoint(_reader: Reader, _shared: Shared) -> None:
    """An empty folder, and an endpoint."""


def keystores(reader: Reader, _shared: Shared) -> None:
    """A second account, and the password of one that is to be made."""
    second = Account.encrypt(PUBLICLY_KNOWN_KEYS[1], PASSWORD, kdf="pbkdf2", iterations=2)
    for path, text in (("new.json", json.dumps(second)), ("new.password", PASSWORD), ("operator.password", PASSWORD)):
        (reader.folder / path).write_text(f"{text}\n")
        (reader.folder / path).chmod(0o600)
    reader.stands_for |= {"NEW": DEVELOPMENT_ACCOUNTS[1]}


def holder(reader: Reader, shared: Shared) -> None:
    """A folder of somebody who was sent credentials with their receipts in each way, and has never anchored."""
    given = shared.registrar.folder
    with zipfile.ZipFile(reader.folder / "diplomas.zip", "w") as archive:
        for path in ("diplomas/002.json", "receipts/002.json.receipt.json"):
            archive.write(given / path, f"sent/{Path(path).name}")
    shared.registrar.does(f"testamur receipts {shared.root} -o {reader.folder}/batch.jsonl")
    for name in ("diploma.json", "applications/first.json"):
        (reader.folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(given / "diplomas" / "000.json", reader.folder / name)
        shutil.copy(given / "receipts" / "000.json.receipt.json", reader.folder / f"{name}.receipt.json")
    reader.environment["TESTAMUR_CHAIN"] = reader.stands_for["https://your-endpoint.example"]
    # On the shared chain the agency is party 2; whom the page trusts by number is not there.
    reader.stands_for |= {"party = 1": "party = 2", "[3, 7]": "[77, 78]"}


def uploads(reader: Reader, shared: Shared) -> None:
    """What the registrar handed out, and a diploma that nobody issued."""
    given = shared.registrar.folder
    (reader.folder / "diplomas").mkdir()
    for name in ("000.json", "001.json", "transcript.pdf"):
        shutil.copy(given / "diplomas" / name, reader.folder / "diplomas")
    diploma(reader.folder, "diplomas/forged.json", 99)
    for name in ("000.json", "transcript.pdf"):
        shutil.copy(given / "diplomas" / name, reader.folder)
        shutil.copy(given / "receipts" / f"{name}.receipt.json", reader.folder)


def questions(reader: Reader, shared: Shared) -> None:
    """The digest of the page is that of the revoked diploma."""
    digest = digest_of(shared, "001.json")
    reader.stands_for |= {
        "0fcf11684848408bd0f448ef924439482c38a4e5831a3b1e96727c9ee5a302fb": digest,
        "0fcf1": digest[:5],
        "0x0dfde53ef72ae0ee04cc0e8a2b1f84d14686035ee5f7b579779f0dc5b2d13d33": shared.root,
    }


def trees(reader: Reader, shared: Shared) -> None:
    """A machine with the trees of the registrar and nothing else."""
    shutil.copytree(shared.registrar.folder / "testamur-data" / "trees", reader.folder / "testamur-data" / "trees")
    (reader.folder / "testamur-data").chmod(0o700)
    reader.stands_for |= {"/var/lib/testamur": "testamur-data", "<digest>": digest_of(shared, "000.json")}


def programmes(reader: Reader) -> None:
    """The framework, the programmes and the sentences of the page."""
    for path in (REPOSITORY / "docs/how-to/frameworks").iterdir():
        shutil.copy(path, reader.folder)


def reviewed(reader: Reader) -> None:
    """The programmes, and what somebody decided on the page about the suggestions that are asked for."""
    programmes(reader)
    asked = reader.does("testamur suggest ask northport.toml --language en --unmeasured --json")
    said = (("part IS501", {"accept": ["A.1"]}), ("part IS502", {"reject": True, "reason": "Too general."}))
    by_place = {each["where"]: suggestion_id(suggestion_in(each, "")) for each in json.loads(asked)["suggestions"]}
    decisions = [
        {"suggestion": by_place[place], **what} for place, what in (*said, ("part IS506", {"accept": ["B.3"]}))
    ]
    review = {"type": "TestamurReview", "version": 1, "decidedAt": "2026-03-02T09:30:00Z", "decisions": decisions}
    review["decidedBy"] = {"name": "Ana Lima", "role": "Programme director"}
    (reader.folder / "decisions.json").write_text(json.dumps(review))


def learning(reader: Reader) -> None:
    """The pathway of the page and its framework, a learner's credentials, and those of thirty-three others."""
    programmes(reader)
    reader.does("testamur issuer register --uri did:web:agency.example")
    reader.does("testamur issuer register --uri did:web:lakeside.example")
    reader.does("testamur accredit offer 2 --levels 6-7 --until 2031-01-01 --issuer 1")
    reader.does("testamur accredit accept 1 --issuer 2")
    own = of_a_learner()
    everything = own | of_others()
    for name, content in everything.items():
        (reader.folder / "issued").mkdir(exist_ok=True)
        (reader.folder / "issued" / name).write_text(json.dumps(content))
    reader.does("testamur anchor issued --issuer 2")
    people = [list(everything)] * 12 + [list(own)] * 11 + [["bachelor.json"]] * 10
    folders = {reader.folder / "credentials": list(own)}
    folders |= {reader.folder / "learners" / f"{number:02}": names for number, names in enumerate(people)}
    for folder, names in folders.items():
        folder.mkdir(parents=True)
        for name in names:
            shutil.copy(reader.folder / "issued" / name, folder)
    (reader.folder / "policy.toml").write_text('[[bodies]]\nparty = 1\nname = "Agency"\n')


def examiners(reader: Reader) -> None:
    """The rubric of the page, the keys of two people, and what there is of a student."""
    shutil.copy(REPOSITORY / "docs/how-to/assessment/rubric.toml", reader.folder)
    for name in ("abele", "kaya"):
        key = reader.folder / f"{name}-key.pem"
        key.write_text(write_key(new_key(KeyKind.ED25519)))
        key.chmod(0o600)
    (reader.folder / "report.pdf").write_bytes(b"%PDF-1.7 a report")
    unit = {"object": {"id": "https://university.example/unit/1"}}
    launched = of_cmi5(1, "launched", moveon="CompletedAndPassed") | unit
    statements = [launched, of_cmi5(2, "completed") | unit, of_cmi5(3, "passed") | unit, statement(4), statement(4)]
    (reader.folder / "statements.json").write_text(json.dumps({"statements": statements, "more": ""}))
    (reader.folder / "results.xml").write_text(RESULT)


def drawing(reader: Reader) -> None:
    """A folder with the institution's logo."""
    (reader.folder / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')


def office(reader: Reader) -> None:
    """An issuer whose daemon runs on the practice chain."""
    reader.does("testamur issuer register --uri did:web:university.example")
    diploma(reader.folder, "diploma.json", 1)
    (reader.folder / "diplomas.jsonl").write_text((reader.folder / "diploma.json").read_text() + "\n")
    (reader.folder / "testamur.toml").write_text("queue_seconds = 1\n")
    reader.does("testamur daemon")


def unit(reader: Reader) -> None:
    """The settings that the page puts into /etc/testamur, for the practice chain."""
    reader.does("testamur issuer register --uri did:web:university.example")
    (reader.folder / "testamur.toml").write_text("fee_ceiling_gwei = 80\n")
    reader.stands_for |= {"/etc/testamur/testamur.toml": "testamur.toml"}


# Between two commands


def with_batch(reader: Reader, told: str) -> None:
    reader.stands_for["ROOT"] = root_in(told)


def with_draft(reader: Reader, told: str) -> None:
    (found,) = re.findall(r"^Draft (0x[0-9a-f]{64})", told, re.MULTILINE)
    reader.stands_for["ROOT"] = found


def with_digest(reader: Reader, told: str) -> None:
    reader.stands_for["DIGEST"] = told.split()[0]


def with_key(reader: Reader, told: str) -> None:
    reader.environment["KEY"] = told.split()[-1]


def with_job(reader: Reader, told: str) -> None:
    reader.environment["ID"] = json.loads(told)["id"]


def with_archive(reader: Reader, _told: str) -> None:
    assert list(reader.folder.glob("*.zip")), "no receipts were fetched"


def lost_since(reader: Reader, _told: str) -> None:
    """After the backup one more is anchored; then there is another to come."""
    for number, name in enumerate(("lost.json", "later.json"), start=50):
        diploma(reader.folder, name, number)
    reader.does("testamur anchor lost.json")


def another_terminal(reader: Reader, _told: str) -> None:
    reader.environment["TESTAMUR_CHAIN"] = reader.meant("http://127.0.0.1:8545")
    reader.does("testamur issuer register --uri did:web:university.example")
    reader.does("testamur status")


def own_account(reader: Reader, told: str) -> None:
    """The address that was printed gets its fees, and registers; `status` names it before anything else was done."""
    (own,) = re.findall(r"0x[0-9a-fA-F]{40}\b", told)
    settings = next(step.settings for step in steps(REPOSITORY / "docs/how-to/sign.md") if step.settings)
    reader.stands_for["OLD"] = own
    reader.writes(settings)
    assert own in reader.does("testamur status")
    sends_fees(reader.stands_for["https://your-endpoint.example"], own)
    reader.does("testamur issuer register --uri did:web:university.example")


def sends_fees(url: str, to: str) -> None:
    """10 ether of the first account that the practice chain has."""
    client = connect(url)
    try:
        transfer = {
            "chainId": client.chain_id(),
            "nonce": client.nonce(DEVELOPMENT_ACCOUNTS[0]),
            "to": to,
            "value": 10 * 10**18,
            "gas": 21_000,
            "maxFeePerGas": 100 * 10**9,
            "maxPriorityFeePerGas": 10**9,
        }
        client.send_raw(Account.sign_transaction(transfer, PUBLICLY_KNOWN_KEYS[0]).raw_transaction)
    finally:
        client.close()


def with_table(reader: Reader, _told: str) -> None:
    """A row for what is in the folder, the ZIP and each line; of the receipts alone the revoked one is not valid."""
    with (reader.folder / "verdicts.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = [(row["name"], row["overall"], row["codes"]) for row in csv.DictReader(table)]
    lines = [row[1:] for row in rows if row[0].startswith("batch.jsonl, line ")]
    assert sorted(overall for overall, _ in lines) == 3 * ["could not be checked"] + ["not valid"]
    assert ("not valid", "revoked") in lines
    others = [row[0] for row in rows if not row[0].startswith("batch.jsonl")]
    assert others == ["applications/first.json", "diplomas.zip/sent/002.json"]


def new_key_in_settings(reader: Reader, _told: str) -> None:
    settings = (reader.folder / "testamur.toml").read_text()
    (reader.folder / "testamur.toml").write_text(settings.replace("operator.", "new."))


def service_has_ended(reader: Reader, _told: str) -> None:
    reader.ends()


def filled_in(reader: Reader, _told: str) -> None:
    """Four people, of whom one has a broken address, one a serial number for a date, and one a digit in the name."""
    path = reader.folder / "graduates.xlsx"
    people = [
        ["", "0001", "Ana Müller", "2001-02-03", "ana@university.example", "en", "2026-07-31", "1.7"],
        ["", "0002", "Ben Okafor", "2001-04-05", "ben@university", "en", "2026-07-31", "2.0"],
        ["", "0003", "Chiara Rossi", 37561, "", "", "2026-07-31", "2.3"],
        ["", "0004", "Dora Iversen 3rd", "2001-06-07", "", "", "2026-07-31", "1.0"],
    ]
    write_xlsx(path, Data=[*data_of(path), [], *people])


def mended(reader: Reader, _told: str) -> None:
    """The same three, with what the reasons ask for."""
    path = reader.folder / "graduates.refused.xlsx"
    keys, *rows = data_of(path)
    at = keys.index
    rows[2][at("email")], rows[3][at("birth_date")] = "ben@university.example", "2002-11-01"
    rows[4][at("accepted")] = "odd-name"
    write_xlsx(path, Data=[keys, *rows])


AFTERNOON = REPOSITORY / "docs/tutorial/registrars-afternoon.md"


class Anvil:
    """A node in a second terminal."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self.url = self._running.enter_context(anvil("--block-time", "1", "--slots-in-an-epoch", "1"))

    def end(self) -> int:
        """Its exit code, which says nothing."""
        self._running.close()
        return 0


def exported(reader: Reader) -> None:
    """The rosters that the page gives."""
    for path in AFTERNOON.parent.glob("*.xlsx"):
        shutil.copy(path, reader.folder)


def mended_as_told(reader: Reader, _told: str) -> None:
    """The refused rows with what the table of the page says."""
    path = reader.folder / "graduates.refused.xlsx"
    keys, *rows = data_of(path)
    told = re.findall(r"^\| `(\d+)` \| (.+) \| `(.+)` \|$", AFTERNOON.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(told) == 3
    for person, label, value in told:
        (row,) = (row for row in rows if row[keys.index("person_id")] == person)
        row[rows[0].index(label)] = value
    write_xlsx(path, Data=[keys, *rows])


def noted(name: str) -> Callable[[Reader, str], None]:
    """After it was printed, a root by the name that the page has for it."""

    def note(reader: Reader, told: str) -> None:
        reader.stands_for[name] = root_in(told)

    return note


def noted_and_mended(reader: Reader, told: str) -> None:
    noted("ROOT")(reader, told)
    mended_as_told(reader, told)


def with_link(reader: Reader, told: str) -> None:
    reader.stands_for["DIGEST"] = told.partition("#")[2].strip()


def second_terminal(reader: Reader, _told: str) -> None:
    """The service has ended, and a node of the reader's own runs."""
    reader.ends()
    node = Anvil()
    reader.servers["anvil"] = node
    reader.stands_for["127.0.0.1:8545"] = node.url.removeprefix("http://")


def with_own_account(reader: Reader, told: str) -> None:
    (reader.stands_for["OWN"],) = re.findall(r"0x[0-9a-fA-F]{40}\b", told)


def data_of(path: Path) -> list[list[str]]:
    rows: list[list[str]] = CalamineWorkbook.from_path(path).get_sheet_by_name("Data").to_python(skip_empty_area=False)
    return rows


@dataclass(frozen=True)
class Run:
    """How a page is run.

    Attributes:
        begins: makes what the reader has before it.
        given: the same where that is of the shared registry.
        codes: exit codes that the page says, by how a command begins; all others are 0.
        after: what happens after a command, with what it told, by how it begins.
        typed: what is typed at the terminal when a command asks, by how it begins.
        in_part: how commands begin of whose output the page shows a part; of all others it shows all or nothing.
        separate: the commands do not follow one another; each has a reader of its own.
    """

    begins: Callable[[Reader], None] | None = None
    given: Callable[[Reader, Shared], None] | None = None
    codes: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, Callable[[Reader, str], None]] = field(default_factory=dict)
    typed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    in_part: tuple[str, ...] = ()
    separate: bool = False


def accredited(reader: Reader) -> None:
    """An agency, party 1, that accredited a university and offered it more; a ministry that recognises it; a mirror."""
    (reader.folder / "testamur.toml").write_text("issuer = 1\n")
    for name in ("agency", "university", "ministry"):
        reader.does(f"testamur issuer register --uri https://{name}.example")
    terms = "--from 2026-01-01 --until 2031-09-01 --field 0613 --levels 6-7 --type master-degree --jurisdiction HR"
    reader.does(f"testamur accredit offer 2 {terms} --evidence-uri https://agency.example/decisions/2026-118")
    reader.does("testamur accredit accept 1 --issuer 2")
    reader.does("testamur accredit offer 2 --until 2031-09-01")
    reader.does("testamur recognise 1 --issuer 3")
    key = reader.folder / "agency-key.pem"
    key.write_text(write_key(new_key(KeyKind.ED25519)))
    key.chmod(0o600)
    snapshot(reader.folder / "deqar.register", decision())


RUN = {
    "README.md": Run(
        exports,
        after={
            "testamur anchor": with_batch,
            "testamur digest": with_digest,
            "# when the service has ended": service_has_ended,
        },
    ),
    "docs/tutorial/first-batch.md": Run(
        codes={"testamur verify better.json": 1, "testamur verify holders/": 0, "testamur verify holders": 1},
        in_part=("testamur verify better.json",),
    ),
    "docs/tutorial/registrars-afternoon.md": Run(
        exported,
        codes={
            "testamur roster check graduates.xlsx": 3,
            "testamur issue graduates.xlsx": 3,
            "testamur issue confirm ROOT --by 'Ruth Abele'": 1,
            "testamur verify 'diplomas/00002 Ana Lima.pdf' --did-document": 0,
            "testamur verify": 1,  # it was corrected
        },
        after={
            "testamur issue graduates.refused.xlsx --by 'Ruth Abele' --settings": noted("SAME"),
            "testamur issue graduates.refused.xlsx": noted("FOUR"),
            "testamur issue graduates.xlsx": noted_and_mended,
            "testamur correct corrected.xlsx": noted("NEW"),
            "testamur issue late.xlsx": noted("LATE"),
            "grep": with_link,
            "# when the service has ended": second_terminal,
            "testamur account new": with_own_account,
        },
        in_part=("testamur issue status", "testamur verify"),
    ),
    "docs/how-to/accredit.md": Run(bodies),
    "docs/how-to/record-a-partnership.md": Run(partners),
    "docs/how-to/yearly-report.md": Run(reported, in_part=("testamur insights show",)),
    "docs/how-to/anchor-a-batch.md": Run(exports),
    "docs/tutorial/a-learners-year.md": Run(
        codes={
            "testamur portfolio show": 1,
            "testamur pathway check": 1,
            "testamur suggest ask fleuve.toml --language fr --framework esco": 1,
        },
        typed={"testamur suggest review": ("1", "y", "1", "y", "n", "Learners hear this; they do not teach it.", "y")},
        in_part=(
            "testamur pathway check",
            "testamur portfolio recognise",
            "testamur suggest ask",
            "testamur suggest review",
        ),
    ),
    "docs/how-to/backup.md": Run(
        first_issuer,
        codes={"testamur anchor later.json --json": 0, "testamur anchor later.json": 1},
        after={"cp -a": lost_since},
    ),
    "docs/how-to/compare-programmes.md": Run(programmes),
    "docs/how-to/suggest-items.md": Run(programmes),
    "docs/how-to/review-suggestions.md": Run(reviewed, codes={"testamur suggest check": 1}),
    "docs/how-to/follow-a-pathway.md": Run(
        learning,
        codes={"testamur pathway check": 1, "testamur pathway export ctdl": 3},
        in_part=("testamur pathway show", "testamur pathway export"),
    ),
    "docs/how-to/record-an-assessment.md": Run(
        examiners, in_part=("testamur assessment check", "testamur assessment moderate")
    ),
    "docs/how-to/read-a-level-card.md": Run(codes={"testamur levels card 6 --from ZA --to IE": 2}),
    "docs/how-to/deploy.md": Run(given=endpoint),
    "docs/how-to/export-accreditations.md": Run(accredited),
    "docs/how-to/host-the-page.md": Run(drawing),
    "docs/how-to/import-a-register.md": Run(
        mirror,
        codes={"testamur register import deqar reports.csv": 3},
        after={"testamur register import": with_draft},
    ),
    "docs/how-to/issue-from-a-roster.md": Run(registrar, after={"testamur issue graduates": with_batch}),
    "docs/how-to/look-up.md": Run(given=questions),
    "docs/how-to/prepare-a-roster.md": Run(
        codes={"testamur roster check graduates.xlsx": 3},
        after={"testamur roster new": filled_in, "testamur roster check graduates.xlsx": mended},
    ),
    "docs/how-to/agency-session.md": Run(
        agency,
        codes={
            "testamur accredited 4 --programme https://university.example/ba-history --at": 0,
            "testamur accredited 4 --programme https://university.example/ba-history": 1,
            "testamur accredited 4 --programme https://university.example/msc-alchemy": 1,
            "testamur accredited 8": 1,
        },
        after={
            "testamur register import": with_root,
            "testamur accredited 4 --programme https://university.example/msc-alchemy": the_command_is_asked,
            "testamur serve": the_service_says_the_same,
        },
        in_part=("testamur register", "testamur accredited", "testamur verify"),
    ),
    "docs/how-to/model-an-accord.md": Run(
        accord,
        after={
            "testamur accord admit seoul-accord.toml --issuer 2": others_are_admitted,
            "testamur anchor before.json": a_second_passes,
        },
        in_part=("testamur accord create", "testamur verify", "testamur accord show left.toml"),
    ),
    "docs/how-to/prove-absence.md": Run(three_issuers),
    # A credential that is revoked for good cannot be suspended.
    "docs/how-to/revoke.md": Run(corrected, separate=True),
    "docs/how-to/run-a-course.md": Run(codes={"testamur lab check": 1}),
    "docs/how-to/run-the-daemon.md": Run(unit),
    "docs/how-to/run-the-lookup-service.md": Run(given=trees),
    "docs/how-to/send-jobs.md": Run(
        office,
        after={"testamur key add": with_key, "curl --fail-with-body": with_job, "curl -OJ": with_archive},
    ),
    "docs/how-to/share-the-embedded-chain.md": Run(after={"testamur devnet": another_terminal}),
    "docs/how-to/sign.md": Run(
        given=keystores,
        typed={"testamur account new": (PASSWORD, PASSWORD)},
        after={"testamur account new": own_account, "testamur issuer rotate": new_key_in_settings},
    ),
    "docs/how-to/upgrade.md": Run(former, codes={"testamur verify diplomas/": 1}),
    "docs/how-to/web3.md": Run(),
    "docs/how-to/witness.md": Run(given=endpoint),
    "docs/how-to/verify-the-page.md": Run(after={"testamur anchor": with_batch}),
    "docs/how-to/verify-offline.md": Run(graduates, codes={"testamur verify": 0}),
    "docs/how-to/verify-over-http.md": Run(given=uploads),
    # Nobody is trusted before the policy names a body; one of the many is revoked.
    "docs/how-to/portfolio.md": Run(
        given=holder,
        codes={"testamur portfolio show": 2, "testamur verify": 2},
    ),
    "docs/how-to/verify.md": Run(
        given=holder,
        codes={
            "testamur verify diploma.json --policy": 0,
            "testamur verify applications/ diplomas.zip": 1,
            "testamur verify": 2,
        },
        after={"testamur verify applications/ diplomas.zip": with_table},
    ),
}
NOT_RUN = {
    "docs/how-to/audit.md": "written by scripts/auditor_session.py, which runs its commands",
    "docs/how-to/run-with-docker.md": "Docker",
    # Exercise by exercise, which no page of a reader is.
    **{
        name_of(page): "run by tests/anchor/lab/test_exercises.py"
        for page in WITH_COMMANDS
        if page.name == "trainer.md" and page.is_relative_to(REPOSITORY / "docs" / "training")
    },
    "docs/how-to/take-credentials-abroad.md": "typed by tests/anchor/learning/test_recognise_command.py",
    "docs/how-to/blockcerts.md": "Ethereum or Sepolia; tests/interop/test_blockcerts.py does it on such a number",
}
# What is of the machine and not of the program; the demo has a test of its own.
FOREIGN = (
    "anvil ",
    "make ",
    "source ",
    "python3 -m venv",
    "pip install",
    "/opt/testamur/bin/pip",
    "journalctl",
    "duckdb",
    "pg_",
)
# What every command says of the practice chain, which pages need not repeat.
OF_THE_CHAIN = (
    "Chain: practice chain of this folder (eip155:1414747213)\n"
    "For practice only: nobody else has this chain, so nobody else can check what is anchored on it. "
    "--chain names a public one.\n"
)
PROGRAMS = ("bash", "curl", "jq", "zip", "sed", "cut")


def test_every_page_with_commands_is_run_or_says_why_not() -> None:
    names = {name_of(page) for page in WITH_COMMANDS}
    assert names == RUN.keys() | NOT_RUN.keys()
    assert not RUN.keys() & NOT_RUN.keys()


def first(command: str, by_beginning: Mapping[str, Value]) -> Value | None:
    return next((each for beginning, each in by_beginning.items() if command.startswith(beginning)), None)


@pytest.mark.parametrize("name", sorted(RUN))
def test_the_commands_of_a_page_do_what_it_says(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if missing := [program for program in PROGRAMS if shutil.which(program) is None]:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"not on this machine: {missing}")
    page, readers = RUN[name], list[Reader]()

    def fresh() -> Reader:
        reader = Reader(tmp_path / f"reader-{len(readers)}")
        readers.append(reader)
        if page.given is not None:
            shared: Shared = request.getfixturevalue("shared")
            reader.stands_for |= shared.stands_for
            page.given(reader, shared)
        if page.begins is not None:
            page.begins(reader)
        return reader

    try:
        here = None if page.separate else fresh()
        for step in steps(REPOSITORY / name):
            if not step.command.startswith(FOREIGN):
                follow(step, here or fresh(), page)
    finally:
        for reader in readers:
            reader.ends()


def follow(step: Step, reader: Reader, page: Run) -> None:
    """Type what a page says, and compare what it shows."""
    reader.writes(step.settings)
    typed = first(step.command, page.typed) or ()
    told = reader.does(step.command, first(step.command, page.codes) or 0, typed=typed)
    missing = shape("\n".join(step.shown)) - shape(told)
    assert not missing, f"$ {step.command}\n{told}\nnot there: {missing}"
    unsaid = shape(told) - shape("\n".join(step.shown)) - shape(OF_THE_CHAIN)
    whole = step.shown and not step.command.startswith(page.in_part)
    assert not (whole and unsaid), f"$ {step.command}\n{told}\nnot on the page: {unsaid}"
    if (after := first(step.command, page.after)) is not None:
        after(reader, told)
