"""Bodies accredit, recognise and change their mind, on the embedded chain."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from registry.embedded.genesis import PUBLICLY_KNOWN_KEYS
from registry.timestamps import read_timestamp
from tests.conftest import Ran, Run, commands_in
from tests.registry.levels.files import written

BODY, ISSUER, OTHER_BODY = 1, 2, 3


class Party:
    """Runs commands with the key and the number of one party."""

    def __init__(self, run: Run, monkeypatch: pytest.MonkeyPatch, number: int):
        self._run = run
        self._monkeypatch = monkeypatch
        self.number = number

    def __call__(self, *arguments: object) -> Ran:
        return self.shown(*arguments, "--json")

    def shown(self, *arguments: object) -> Ran:
        """The same for a person."""
        self._monkeypatch.setenv("TESTAMUR_KEY", PUBLICLY_KNOWN_KEYS[self.number])
        return self._run(*arguments, "--issuer", self.number)


@contextmanager
def _parties_in(folder: Path) -> Iterator[dict[int, Party]]:
    with commands_in(folder) as run, pytest.MonkeyPatch.context() as patch:
        yield {number: Party(run, patch, number) for number in (BODY, ISSUER, OTHER_BODY)}


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of three parties that are registered, to be copied."""
    folder = tmp_path_factory.mktemp("registered")
    with _parties_in(folder) as made:
        for number, party in made.items():
            assert party("issuer", "register", "--uri", f"did:web:party{number}.example").json["party"] == number
    return folder


@pytest.fixture(scope="module")
def anchored(registered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after body 1 accredited party 2, which anchored a diploma then."""
    folder = Path(shutil.copytree(registered, tmp_path_factory.mktemp("anchored"), dirs_exist_ok=True))
    with _parties_in(folder) as made:
        number = offered(made, "--field", "061", "--from", "2020-01-01")
        made[ISSUER]("accredit", "accept", number)
        document = {
            "type": ["VerifiableCredential"],
            "issuer": f"did:web:party{ISSUER}.example",
            "validFrom": "2025-01-01T00:00:00Z",
        }
        Path("diploma.json").write_text(json.dumps(document))
        (batch,) = made[ISSUER]("anchor", "diploma.json").json["batches"]
    # What is recorded within the second of the anchor was known then: what follows comes later.
    while datetime.now(UTC) < read_timestamp(batch["anchoredAt"]) + timedelta(seconds=1):
        time.sleep(0.05)
    return folder


@pytest.fixture
def parties(tmp_path: Path, registered: Path) -> Iterator[dict[int, Party]]:
    shutil.copytree(registered, tmp_path, dirs_exist_ok=True)
    with _parties_in(tmp_path) as made:
        yield made


def offered(parties: dict[int, Party], *arguments: object) -> int:
    ran = parties[BODY]("accredit", "offer", ISSUER, "--until", "2040-01-01", *arguments)
    assert ran.code == 0, ran
    return int(ran.json["id"])


def test_an_offer_is_accepted_by_its_holder_alone(parties: dict[int, Party]) -> None:
    number = offered(parties, "--field", "061", "--levels", "6-7", "--type", "master-degree", "--jurisdiction", "pt")
    shown = parties[ISSUER]("accredit", "show", number).json
    assert (shown["state"], shown["scope"]) == ("offered", "field 061, EQF levels 6-7, master-degree, in PT")
    named = "field 061, EQF levels 6-7, master-degree, in PT (Information and Communication Technologies (ICTs))"
    assert named in parties[ISSUER].shown("accredit", "show", number).out
    assert named in parties[BODY].shown("body", BODY).out
    refused = parties[BODY]("accredit", "accept", number)
    assert refused.code == 1
    assert "controller" in refused.json["error"]["what"]
    assert parties[ISSUER]("accredit", "accept", number).json["state"] == "active"


PROGRAMME = "https://party2.example/programmes/nursing"


def test_an_accreditation_for_one_programme_with_a_condition_says_so_everywhere(
    parties: dict[int, Party], run: Run
) -> None:
    Path("condition.txt").write_text("Employ two more lecturers by 2027.")
    programme = f"0x{sha256(PROGRAMME.encode()).hexdigest()}"
    condition = f"0x{sha256(Path('condition.txt').read_bytes()).hexdigest()}"
    number = offered(parties, "--programme", f" {PROGRAMME}", "--condition", "condition.txt")
    shown = parties[ISSUER]("accredit", "show", number).json
    assert (shown["programme"], shown["conditionHash"]) == (programme, condition)
    assert shown["scope"].endswith(f"programme {programme}")
    told = run("accredit", "show", number).out
    assert "conditional: what its holder has yet to fulfil has the hash" in " ".join(told.split())
    assert "conditional" in run("body", BODY).out
    (given,) = parties[BODY]("body").json["given"]
    assert given["conditionHash"] == condition
    again = parties[OTHER_BODY]("recognise", BODY, "--condition-hash", condition).json
    assert (again["conditionHash"], again["programme"]) == (condition, None)
    unconditional = parties[ISSUER]("accredit", "show", offered(parties)).json
    assert (unconditional["conditionHash"], unconditional["programme"]) == (None, None)
    assert "conditional" not in run("accredit", "show", unconditional["id"]).out


def test_nobody_accepts_after_the_body_or_the_holder_retired(parties: dict[int, Party]) -> None:
    open_offer, accepted, other = offered(parties), offered(parties), offered(parties)
    assert parties[ISSUER]("accredit", "accept", accepted).json["state"] == "active"
    assert parties[BODY]("accredit", "suspend", accepted).json["state"] == "suspended"
    assert parties[BODY]("issuer", "retire", "--yes").code == 0
    refused = parties[ISSUER]("accredit", "accept", open_offer)
    assert (refused.code, refused.json["error"]["code"]) == (1, "party-retired")
    assert f"its body, party {BODY}, retired on 20" in refused.json["error"]["what"]
    # It takes back what it said, and puts nothing in force again.
    again = parties[BODY]("accredit", "reinstate", accepted)
    assert f"its body, party {BODY}, retired on" in again.json["error"]["what"]
    assert parties[BODY]("accredit", "offer", ISSUER, "--until", "2040-01-01").json["error"]["code"] == "party-retired"
    assert parties[BODY]("accredit", "withdraw", accepted).json["state"] == "withdrawn"
    assert parties[BODY]("accredit", "void", other).json["state"] == "void"
    assert parties[ISSUER]("accredit", "refuse", open_offer).json["state"] == "refused"


def test_a_holder_that_retired_accepts_nothing_and_is_offered_nothing(parties: dict[int, Party]) -> None:
    number = offered(parties)
    assert parties[ISSUER]("issuer", "retire", "--yes").code == 0
    refused = parties[ISSUER]("accredit", "accept", number)
    assert (refused.code, refused.json["error"]["code"]) == (1, "party-retired")
    assert f"its holder, party {ISSUER}, retired on 20" in refused.json["error"]["what"]
    for words in (("accredit", "offer", ISSUER, "--until", "2040-01-01"), ("recognise", ISSUER)):
        refused = parties[BODY](*words)
        assert refused.json["error"]["code"] == "party-retired"
        assert f"party {ISSUER}, retired on 20" in refused.json["error"]["what"]
    assert parties[BODY]("accredit", "void", number).json["state"] == "void"


def test_a_body_suspends_reinstates_and_withdraws_with_history(parties: dict[int, Party]) -> None:
    number = offered(parties)
    parties[ISSUER]("accredit", "accept", number)
    assert parties[BODY]("accredit", "suspend", number).json["state"] == "suspended"
    assert parties[BODY]("accredit", "reinstate", number).json["state"] == "active"
    ended = parties[BODY]("accredit", "withdraw", number, "--reason", "requirements-not-met").json
    assert [change["state"] for change in ended["history"]] == [
        "offered",
        "active",
        "suspended",
        "active",
        "withdrawn",
    ]
    assert ended["history"][-1]["reason"] == "requirements-not-met"
    again = parties[BODY]("accredit", "reinstate", number)
    assert again.code == 1


def test_an_offer_can_be_refused_and_an_accreditation_voided(parties: dict[int, Party]) -> None:
    first, second = offered(parties), offered(parties)
    assert parties[ISSUER]("accredit", "refuse", first).json["state"] == "refused"
    parties[ISSUER]("accredit", "accept", second)
    assert parties[BODY]("accredit", "void", second, "--dry-run").json["state"] == "active"
    assert parties[BODY]("accredit", "void", second, "--reason", "obtained-by-fraud").json["state"] == "void"


def test_bodies_recognise_each_other_one_way(parties: dict[int, Party]) -> None:
    number = parties[OTHER_BODY]("recognise", BODY, "--field", "06").json["id"]
    body = parties[BODY]("body").json
    assert ([each["id"] for each in body["held"]], body["given"]) == ([number], [])
    other = parties[OTHER_BODY]("body").json
    assert [(each["kind"], each["validUntil"]) for each in other["given"]] == [("recognise", None)]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--field", "6"], "scope"),
        (["--levels", "7-6"], "scope"),
        (["--levels", "high"], "scope"),
        (["--type", "knighthood"], "scope"),
        (["--jurisdiction", "Atlantis"], "scope"),
        (["--from", "soon"], "time"),
        (["--evidence", "missing.pdf"], "settings"),
        (["--programme", " "], "scope"),
        (["--condition", "missing.pdf"], "settings"),
        (["--condition-hash", "soon"], "condition"),
        (["--condition-hash", "0x" + "00" * 32], "condition"),
        (["--condition", "missing.pdf", "--condition-hash", "ab" * 32], "condition"),
    ],
)
def test_a_scope_or_a_time_that_means_nothing_is_refused(
    parties: dict[int, Party], arguments: list[str], code: str
) -> None:
    ran = parties[BODY]("accredit", "offer", ISSUER, "--until", "2040-01-01", *arguments)
    assert (ran.code, ran.json["error"]["code"]) == (1, code)


def test_an_accreditation_needs_an_end_and_a_number_that_is_there(parties: dict[int, Party]) -> None:
    assert parties[BODY]("accredit", "offer", ISSUER).json["error"]["code"] == "no-end"
    assert parties[BODY]("accredit", "show", 99).json["error"]["code"] == "unknown-accreditation"
    backwards = parties[BODY]("accredit", "offer", ISSUER, "--from", "2040-01-01", "--until", "2039-01-01")
    assert backwards.code == 1


def test_what_it_was_at_a_time_is_told_by_both_clocks(parties: dict[int, Party], run: Run) -> None:
    number = offered(parties, "--from", "2020-01-01")
    parties[ISSUER]("accredit", "accept", number)
    shown = parties[BODY]("accredit", "show", number, "--at", "2020-06-01").json
    # It was put on record later, for a time before.
    expected = {"moment": "2020-06-01T00:00:00Z", "asKnownThen": "none", "asKnownNow": "active"}
    assert shown["stateAt"] == expected
    assert shown["state"] == "active"
    for at in ("2020-06-01", "2020-06-01T02:00:00+02:00"):
        body = parties[BODY]("body", "--at", at).json
        assert [each["stateAt"]["asKnownNow"] for each in body["given"]] == ["active"]
    assert "stateAt" not in parties[BODY]("accredit", "show", number).json
    told = run("accredit", "show", number, "--at", "2019-06-01").out
    assert "as known then: none" in told
    listed = run("body", BODY, "--at", "2020-06-01").out
    assert ("as known then" in listed, "as known now" in listed) == (True, True)


@pytest.mark.parametrize(("at", "code"), [("soon", "time"), ("2999-01-01", "time-to-come")])
def test_a_time_that_cannot_be_asked_about_is_refused(parties: dict[int, Party], at: str, code: str) -> None:
    for command in (("body", BODY), ("accredit", "show", 1)):
        error = parties[BODY](*command, "--at", at).json["error"]
        assert (error["code"], error["where"]) == (code, "--at")


def test_a_period_that_ends_before_it_begins_is_told_in_dates(parties: dict[int, Party]) -> None:
    backwards = parties[BODY]("accredit", "offer", ISSUER, "--from", "2040-01-01", "--until", "2039-01-01")
    assert "2039-01-01T00:00:00Z" in backwards.json["error"]["what"]
    assert "Unix" not in backwards.json["error"]["what"]


POLICY = """
[[bodies]]
party = {body}
name = "Model Agency"
"""


@pytest.fixture
def diploma(parties: dict[int, Party], anchored: Path) -> Path:
    """A diploma of party 2, anchored after body 1 accredited it."""
    shutil.copytree(anchored, Path.cwd(), dirs_exist_ok=True)
    return Path("diploma.json")


def verdict_of(run: Run, path: Path, *arguments: object) -> tuple[str, dict[str, str]]:
    ran = run("verify", path, *arguments, "--json")
    return ran.json["overall"], {check["name"]: check["code"] for check in ran.json["checks"]}


def test_a_verdict_follows_the_policy(run: Run, parties: dict[int, Party], diploma: Path) -> None:
    assert "accreditation" not in verdict_of(run, diploma)[1]
    Path("policy.toml").write_text(POLICY.format(body=BODY))
    overall, codes = verdict_of(run, diploma, "--policy", "policy.toml")
    assert codes["recognition"] == "recognition-not-needed"
    assert codes["accreditation"] in ("accredited", "scope-unstated")
    assert overall in ("valid", "valid with a warning")
    Path("policy.toml").write_text(POLICY.format(body=OTHER_BODY))
    overall, codes = verdict_of(run, diploma, "--policy", "policy.toml")
    assert codes["accreditation"] == "no-accreditation-on-record"
    assert overall == "valid with a warning"
    Path("policy.toml").write_text("require = true\n" + POLICY.format(body=OTHER_BODY))
    assert verdict_of(run, diploma, "--policy", "policy.toml")[0] == "not valid"


def test_an_accreditation_for_one_programme_covers_what_states_it_alone(run: Run, parties: dict[int, Party]) -> None:
    number = offered(parties, "--programme", PROGRAMME, "--from", "2020-01-01")
    parties[ISSUER]("accredit", "accept", number)
    Path("policy.toml").write_text(POLICY.format(body=BODY))
    Path("awarded").mkdir()
    stated = {"same": PROGRAMME, "other": f"{PROGRAMME}-2", "none": None}
    for name, identifier in stated.items():
        achievement = {"achievementType": "BachelorDegree"} | ({"id": identifier} if identifier else {})
        document = {
            "type": ["VerifiableCredential"],
            "issuer": f"did:web:party{ISSUER}.example",
            "validFrom": "2025-01-01T00:00:00Z",
            "credentialSubject": {"achievement": achievement},
        }
        Path("awarded", f"{name}.json").write_text(json.dumps(document))
    assert parties[ISSUER]("anchor", "awarded").code == 0
    codes = {name: verdict_of(run, Path("awarded", f"{name}.json"), "--policy", "policy.toml")[1] for name in stated}
    missing = "no-accreditation-on-record"
    assert (codes["other"]["accreditation"], codes["none"]["accreditation"]) == (missing, missing)
    # Put on record within the second of the anchor, it is known only since.
    assert codes["same"]["accreditation"] in ("accredited", "accredited-since")
    told = run("verify", "awarded/none.json", "--policy", "policy.toml").out
    assert "It is for one programme alone, and none is stated." in " ".join(told.split())


def test_withdrawn_later_stands_and_void_does_not(run: Run, parties: dict[int, Party], diploma: Path) -> None:
    Path("policy.toml").write_text(POLICY.format(body=BODY))
    before = verdict_of(run, diploma, "--policy", "policy.toml")
    assert parties[BODY]("accredit", "void", 1).code == 0
    after = verdict_of(run, diploma, "--policy", "policy.toml")
    assert before[1]["accreditation"] != after[1]["accreditation"]
    assert after[1]["accreditation"] == "accredited-then"


@pytest.mark.parametrize("content", [None, "bodies = 3", "[[body]]\nparty = 1", "\x00"])
def test_a_policy_that_is_none_is_named(run: Run, content: str | None) -> None:
    Path("a.json").write_text("{}")
    if content is not None:
        Path("policy.toml").write_text(content)
    ran = run("verify", "a.json", "--chain", "http://127.0.0.1:1", "--policy", "policy.toml", "--json")
    assert (ran.code, ran.json["error"]["code"]) == (1, "policy")


def test_evidence_is_an_absolute_uri(parties: dict[int, Party]) -> None:
    refused = parties[BODY]("accredit", "offer", ISSUER, "--until", "2099-01-01", "--evidence-uri", "decision.pdf")
    assert (refused.code, refused.json["error"]["code"]) == (1, "uri")


def test_a_joint_decision_names_its_holders_and_the_policy_its_programme(parties: dict[int, Party], run: Run) -> None:
    Path("decision.pdf").write_bytes(b"%PDF-1.7 a decision about two universities")
    Path("condition.txt").write_text("One joint board.\n")
    about = ("--programme", PROGRAMME, "--from", "2020-01-01", "--evidence", "decision.pdf")
    numbers = []
    for holder in (ISSUER, OTHER_BODY):
        offer = ("accredit", "offer", holder, "--until", "2040-01-01", *about, "--condition", "condition.txt")
        told = parties[BODY].shown(*offer)
        assert f"The programme is {PROGRAMME}, letter by letter." in " ".join(told.out.split())
        numbers.append(parties[BODY]("body").json["given"][-1]["id"])
    # A holder that has not accepted is none.
    assert parties[ISSUER]("accredit", "accept", numbers[0]).json["state"] == "active"
    assert parties[ISSUER]("accredit", "show", numbers[0]).json["jointHolders"] == []
    assert parties[OTHER_BODY]("accredit", "accept", numbers[1]).json["state"] == "active"
    for number in numbers:
        assert parties[ISSUER]("accredit", "show", number).json["jointHolders"] == [ISSUER, OTHER_BODY]
    assert "joint, held by parties 2, 3" in " ".join(run("body", BODY).out.split())
    Path("policy.toml").write_text(
        f'[[programmes]]\nidentifier = "{PROGRAMME}"\nname = "Nursing"\n[[conditions]]\ntext = "One joint board.\\n"\n'
    )
    Path("testamur.toml").write_text('policy = "policy.toml"\n')
    shown = " ".join(run("accredit", "show", numbers[0]).out.split())
    assert "programme Nursing" in shown
    assert "condition text One joint board." in shown
    assert "joint decision held by parties 2, 3" in shown


def test_verify_puts_the_level_beside_those_of_here(parties: dict[int, Party], run: Run) -> None:
    level = {"alignment": [{"targetFramework": "EQF", "targetCode": "6"}], "id": PROGRAMME}
    Path("diploma.json").write_text(
        json.dumps(
            {
                "type": ["VerifiableCredential"],
                "issuer": {"id": f"did:web:party{ISSUER}.example", "address": {"addressCountryCode": "IE"}},
                "credentialSubject": {"achievement": level},
            }
        )
    )
    parties[ISSUER]("anchor", "diploma.json")
    card = run("verify", "diploma.json", "--here", "fr", "--json").json["levelCard"]
    assert [(each["country"], each["level"]) for each in card["rows"]] == [("IE", "7"), ("IE", "8"), ("FR", "6")]
    assert card["programme"] == PROGRAMME
    told = " ".join(run("verify", "diploma.json", "--here", "FR").out.split())
    assert "What the level stands beside" in told
    assert f"programme “{PROGRAMME}” (0x" in told
    assert "comparable, exactly" in told
    french = run("verify", "diploma.json", "--here", "FR", "--language", "fr").out
    assert "Là où vous êtes (FR)" in " ".join(french.split())
    assert "No level map of AQ is on record." in run("verify", "diploma.json", "--here", "AQ").out
    Path("ours").mkdir()
    Path("ours/aq.toml").write_bytes(written([{"code": "A", "eqf": 6}], framework="aq-nqf", countries=["AQ"]))
    Path("ours/bad.toml").write_text("name = 1")
    Path("testamur.toml").write_text('level_maps = "ours"\n')
    ours = run("verify", "diploma.json", "--here", "AQ", "--json")
    assert ("AQ", "A") in [(each["country"], each["level"]) for each in ours.json["levelCard"]["rows"]]
    assert ours.errors.count("Left out: bad.toml") == len({line for line in ours.errors.splitlines() if "bad" in line})
    refused = run("verify", "diploma.json", "--here", "XX", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (1, "scope")
