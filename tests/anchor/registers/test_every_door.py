"""One register on a real chain, asked through every door: the command, the upload, the question, the page, TRQP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from anchor.serving import index_of, registers_of, service_of, verifying_of
from anchor.settings import load_settings
from anchor.workspace import Workspace
from registry.proofs.signatures.keys import write_key
from registry.recognition.scope import hash_of_programme
from registry.service.app import create_app
from registry.trees.folder import FolderTrees
from tests.anchor.begun import begun, issuer
from tests.anchor.registers.made import KEY, numbered, table
from tests.conftest import Run

__all__ = ["begun", "issuer"]

CHAIN = "eip155:1414747213"
GOOD, BAD, CONDITIONAL, OTHER = "urn:p:good", "urn:p:bad", "urn:p:conditional", "urn:p:other"
PROGRAMMES = (GOOD, BAD, CONDITIONAL, OTHER)


def credential(programme: str) -> dict[str, Any]:
    return {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "id": f"{programme}:1",
        "issuer": "did:web:a.example",
        "credentialSubject": {"achievement": {"id": programme}},
    }


@dataclass
class World:
    """A credential of each programme with its receipt, and a policy that believes the register."""

    run: Run
    issuer: int

    def publish(self, name: str, **ruled: str) -> Path:
        """A snapshot in which the programmes are ruled so; each gets a copy in the service's folder."""
        rows = [
            row
            for programme, ruling in {GOOD: "1", BAD: "3", CONDITIONAL: "2", **ruled}.items()
            for row in numbered(
                programme,
                **{
                    "decision": ruling,
                    "programme[1].identifier[1]": programme,
                    "summary": "Two more members of staff.",
                },
            )
        ]
        root = self.imported(table(Path(f"{name}.csv"), *rows))["root"]
        return Path(self.run("register", "confirm", root, "--wait", "-o", f"folder/{name}", "--json").json["copy"])

    def imported(self, path: Path) -> Any:
        parties = Path("parties.csv")
        parties.write_text(f"id,party\ndeqar:DEQARINST0001,{self.issuer}\n")
        return self.run(
            *("register", "import", "deqar", path, "--register", "deqar", "--parties", parties, "--json")
        ).json

    def believe(self, *files: Path) -> None:
        """Write the policy, and lay the snapshots where the service looks for them."""
        named = ", ".join(json.dumps(str(each)) for each in files)
        Path("policy.toml").write_text(
            f'chain = "{CHAIN}"\n[[registers]]\nregister = "deqar"\nmirror = {self.issuer}\n'
            f'name = "DEQAR"\nfile = [{named}]\n'
        )
        kept = Path("kept")
        kept.mkdir(exist_ok=True)
        for number, each in enumerate(files):
            (kept / f"{number}.register").write_bytes(each.read_bytes())

    def verified(self, programme: str) -> tuple[str, str]:
        """What the command's verdict on the programme's credential says of the register."""
        return of_register(self.run("verify", file_of(programme), "--policy", "policy.toml", "--json").json)

    def asked(self, programme: str) -> Any:
        """What the command's answer to the question is."""
        return self.run(
            *("accredited", self.issuer, "--programme", programme, "--policy", "policy.toml", "--json")
        ).json

    @contextmanager
    def service(self) -> Iterator[TestClient]:
        assert self.run("index", "--once").code == 0
        settings = load_settings(Path("testamur.toml"))
        with Workspace(settings) as workspace:
            index = index_of(workspace)
            trees = FolderTrees(workspace.folder.trees)
            service = service_of(workspace, index, trees)
            registers = registers_of(settings, service)
            app = create_app(service, verifying=verifying_of(workspace, service, registers), registers_kept=registers)
            with TestClient(app, raise_server_exceptions=False) as client:
                yield client


def file_of(programme: str) -> Path:
    return Path("files") / f"{programme.rpartition(':')[2]}.json"


def sent(client: TestClient, programme: str, policy: str | None = None) -> tuple[str, str]:
    """What the service's verdict on it says of the register."""
    path = file_of(programme)
    parts = {
        "file": (path.name, path.read_bytes()),
        "receipt": (f"{path.name}.receipt.json", path.with_name(f"{path.name}.receipt.json").read_bytes()),
    }
    answer = client.post("/v1/verify", files=parts, data={} if policy is None else {"policy": policy})
    assert answer.status_code == 200, answer.text
    return of_register(answer.json())


def of_register(verdict: Any) -> tuple[str, str]:
    (found,) = [each for each in verdict["checks"] if each["name"] == "register"]
    return found["outcome"], found["code"]


@pytest.fixture
def world(run: Run, issuer: int) -> World:
    path = Path("key.pem")
    path.write_text(write_key(KEY))
    path.chmod(0o600)
    Path("testamur.toml").write_text('issuing_key = "key.pem"\npolicy = "policy.toml"\nregisters = "kept"\n')
    Path("policy.toml").write_text("")
    made = World(run, issuer)
    Path("files").mkdir()
    for programme in PROGRAMMES:
        file_of(programme).write_text(json.dumps(credential(programme)))
    made.believe(made.publish("first"))
    root = run("anchor", "files", "--wait", "--json").json["batches"][0]["root"]
    assert run("receipts", root, "-o", "files").code == 0
    return made


EXPECTED = {
    GOOD: ("pass", "register-listed", "yes", True),
    BAD: ("warn", "register-negative", "not on record", False),
    CONDITIONAL: ("pass", "register-conditional", "yes, with a warning", True),
    OTHER: ("warn", "register-other-scope", "not on record", False),
}


def of_service(client: TestClient, world: World, programme: str) -> dict[str, Any]:
    """What each door of the service says of a programme, in its own words."""
    query = f"party={world.issuer}&programme={programme}"
    page = client.get(f"/accredited?{query}", headers={"Accept": "text/html"})
    assert page.status_code == 200, page.text
    trusted = client.get(
        "/v1/authorization",
        params={
            "entity_id": str(world.issuer),
            "authority_id": f"{world.issuer}/register/deqar",
            "action": "issue",
            "resource": f"programme=0x{hash_of_programme(programme).hex()}",
        },
    ).json()
    told = client.get(f"/v1/accredited?{query}").json()
    code = told["registers"][0]["code"]
    return {
        "service verify": sent(client, programme),
        "service": (told["answer"], code),
        "page": code if f"<code>{code}</code>" in page.text else page.text,
        "trqp": trusted.get("authorized", trusted.get("code")),
    }


def doors(world: World, *programmes: str) -> dict[str, dict[str, Any]]:
    """The same with the command's, which goes first: the chain in a folder is one process's at a time."""
    by_command = {
        each: {
            "command verify": world.verified(each),
            "command": (told["answer"], told["registers"][0]["code"]),
        }
        for each in programmes
        for told in [world.asked(each)]
    }
    with world.service() as client:
        return {each: by_command[each] | of_service(client, world, each) for each in programmes}


def as_one(outcome: str, code: str, answer: str, authorized: bool | str) -> dict[str, Any]:
    """What all doors say where they agree."""
    return {
        "command verify": (outcome, code),
        "service verify": (outcome, code),
        "command": (answer, code),
        "service": (answer, code),
        "page": code,
        "trqp": authorized,
    }


def test_every_door_says_the_same_of_each_programme(world: World) -> None:
    assert doors(world, *PROGRAMMES) == {each: as_one(*said) for each, said in EXPECTED.items()}


def test_a_policy_that_is_sent_decides_whom_the_service_believes(world: World) -> None:
    policy = Path("policy.toml").read_text()
    with world.service() as client:
        assert sent(client, GOOD, policy) == ("pass", "register-listed")
        assert sent(client, BAD, f"{policy}require = true\n") == ("fail", "register-negative")
        other = policy.replace(f"mirror = {world.issuer}\n", "mirror = 99\n")
        assert sent(client, GOOD, other) == ("unknown", "register-not-here")
        # The word of whoever asks, which institution is which party, goes before that of the mirror.
        mapped = policy + '[registers.parties]\n"deqar:DEQARINST0001" = 99\n'
        assert sent(client, GOOD, mapped) == ("warn", "register-not-listed")
        # A name of a file that is sent is no file of the service.
        path = policy.replace("file = [", 'file = ["/etc/passwd", ')
        assert sent(client, GOOD, path) == ("pass", "register-listed")


def test_what_the_mirror_corrects_or_withdraws_is_so_at_every_door(world: World) -> None:
    second = world.publish("second", **{GOOD: "3"})
    world.believe(next(Path("folder/first").glob("*.register")), second)
    assert doors(world, GOOD)[GOOD] == as_one("warn", "register-negative", "not on record", False)
    root = world.run("register", "show", second, "--json").json["root"]
    assert world.run("void", root, "--reason", "issued-in-error", "--yes").code == 0
    assert doors(world, GOOD)[GOOD] == as_one("unknown", "register-voided", "could not be checked", "register-voided")
