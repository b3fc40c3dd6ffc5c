"""Exercises for quality agencies: the trainee decides, and puts decisions on record."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from anchor.lab.model import Audience, Exercise, Missing, Step, missing
from anchor.lab.papers import LAKESIDE, papers
from anchor.lab.place import Place
from anchor.lab.verifiers import sorted_into
from anchor.lab.world import DATA_FOLDER, World
from registry.errors import RegistryError
from registry.proofs.signatures.keys import KeyKind, new_key, write_key
from registry.quality.snapshot import Snapshot, read_snapshot
from registry.recognition.accords import accord_members
from registry.recognition.ledger import Accreditation, Kind, Ledger, State
from registry.recognition.scope import Scope
from registry.verify.attestation import read_attestation

AGENCY: Final = "did:web:agency.example"


def _day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


# 1. Offer and accept

SCOPE: Final = Scope(field="06", levels=(6, 7), jurisdiction="KE")
UNTIL: Final = _day(2031, 9, 1)
_DECISION: Final = """Decision 118 of the agency (made up for this exercise)

The agency accredits Lakeside University of Technology, party 2, to issue
qualifications of the broad field 06 (Information and Communication Technologies),
levels 6 to 7 of the European Qualifications Framework, in Kenya (KE),
until 2031-09-01.
"""


def _to_decide(world: World) -> None:
    world.party(AGENCY)
    world.party(LAKESIDE.did)
    world.say("decision.txt", _DECISION)


def _offers(place: Place) -> list[Accreditation]:
    return [each for each in place.links if (each.body, each.holder) == (1, 2) and each.kind is Kind.ACCREDIT_TO_ISSUE]


def _fault(place: Place, link: Accreditation) -> str | None:
    """In what an offer is not what was decided."""
    if link.scope != SCOPE:
        return "other-scope"
    if link.valid_until != UNTIL:
        return "other-end"
    decision = sha256(place.content("decision.txt") or b"").digest()
    return None if link.evidence_hash == decision else "no-evidence"


def _is_offered(place: Place) -> Missing | None:
    offers = [each for each in _offers(place) if each.state not in (State.REFUSED, State.VOID)]
    if not offers:
        return missing("no-offer")
    faults = [_fault(place, each) for each in offers]
    return None if None in faults else missing(faults[-1] or "no-offer")


def _is_accepted(place: Place) -> Missing | None:
    right = [each for each in _offers(place) if _fault(place, each) is None]
    return None if any(each.state is State.ACTIVE for each in right) else missing("not-accepted")


def _no_other_stands(place: Place) -> Missing | None:
    if _is_accepted(place):
        return missing("not-yet")
    wrong = [each.id for each in _offers(place) if _fault(place, each) and each.state in (State.ACTIVE, State.OFFERED)]
    return missing("wrong-stands", number=wrong[0]) if wrong else None


# 2. Two clocks


def _three() -> list[dict[str, Any]]:
    return papers(LAKESIDE, 3, 402)


def _two_clocks(world: World) -> None:
    agency, lakeside = world.party(AGENCY), world.party(LAKESIDE.did)
    world.accredit(agency, lakeside, Scope(), "2030-09-01")
    for name, day, document in zip("abc", ("2025-10-10", "2025-11-20", "2026-02-02"), _three(), strict=True):
        world.on(day)
        world.anchor(lakeside, {f"{name}.json": document})
        world.write(f"diplomas/{name}.json", document, world.receipt(document))
    world.say(
        "minutes.txt",
        "3 November 2025: accreditation 1 is suspended from today; a review is open.\n"
        "15 January 2026: the review ended well; accreditation 1 holds again from today.\n"
        "Nobody put either on record at the time. Do it now, with the days of the decisions.\n"
        "The policy of this exercise trusts the agency: policy.toml.\n",
    )
    world.say("policy.toml", '[[bodies]]\nparty = 1\nname = "The agency"\n')


def _is_suspended(place: Place) -> Missing | None:
    changes = [each for each in place.links[0].changes if each.state is State.SUSPENDED]
    if not changes:
        return missing("not-suspended")
    return None if changes[-1].effective_from == _day(2025, 11, 3) else missing("other-day", day="2025-11-03")


def _is_reinstated(place: Place) -> Missing | None:
    changes = place.links[0].changes
    if changes[-1].state is not State.ACTIVE or len(changes) < 4:
        return missing("not-reinstated")
    return None if changes[-1].effective_from == _day(2026, 1, 15) else missing("other-day", day="2026-01-15")


def _is_understood(place: Place) -> Missing | None:
    before, during, after = _three()
    return sorted_into(place, {"covered": [before, after], "not-covered": [during]})


# 3. An accord in small

ACCORD: Final = """# An accord that does not exist: three agencies, with a secretariat that is a party of its own.
[accord]
name = "Lakes Accord (made up)"
party = 1
since = 2025-01-06
until = 2032-01-01

[scope]
field = "06"
levels = "6-7"

[[members]]
party = 2
name = "Agency North"
country = "KE"
state = "full"
joined = 2025-01-06

[[members]]
party = 3
name = "Agency South"
country = "UG"
state = "full"
joined = 2025-01-06

[[members]]
party = 4
name = "Agency West"
country = "RW"
state = "full"
joined = 2025-01-06
"""


def _agencies_meet(world: World) -> None:
    for name in ("accord", "north", "south", "west"):
        world.party(f"did:web:{name}.example")
    world.say("accord.toml", ACCORD)
    world.say("letter.txt", "Agency West, party 4, left the accord on 1 June 2026.\n")


def _members(place: Place) -> set[int]:
    return set(accord_members(Ledger(place.links), 1, place.now))


def _ever_linked(place: Place) -> set[int]:
    """Parties that once recognised the accord and were accredited by it, whatever became of it."""
    held = [each for each in place.links if any(change.state is State.ACTIVE for change in each.changes)]
    accredited = {each.holder for each in held if each.body == 1 and each.kind is Kind.ACCREDIT_TO_ACCREDIT}
    return accredited & {each.body for each in held if each.holder == 1 and each.kind is Kind.RECOGNISE}


def _is_founded(place: Place) -> Missing | None:
    linked = _ever_linked(place)
    return None if linked == {2, 3, 4} else missing("not-linked", members=len(linked))


def _has_left(place: Place) -> Missing | None:
    if _is_founded(place):
        return missing("not-yet")
    members = _members(place)
    if 4 in members or any(each.body == 4 and each.state is State.ACTIVE for each in place.links):
        return missing("not-left")
    return None if members == {2, 3} else missing("others-left")


# 4. Import a register and publish a snapshot

REGISTER_KEY: Final = "agency-key.pem"
_HEAD: Final = (
    "agency,agency_name,number,ruling,obligatory,activity,valid_from,valid_to,condition,"
    "holder[1].id,holder[1].name,holder[1].country\n"
)
_ROWS: Final = (
    "2025-001,positive,yes,institutional accreditation,2025-03-01,2030-02-28,,local:U1,Lakeside University,KE",
    "2025-002,conditional,yes,institutional accreditation,2025-03-01,2028-02-28,Two more lecturers by 2027.,"
    "local:U2,Hillside College,KE",
    "2025-003,yes,yes,institutional accreditation,2025-06-01,2030-05-31,,local:U3,Riverside Academy,UG",
    "2025-004,positive,yes,institutional accreditation,07/05/2025,2030-05-31,,local:U4,Island Institute,RW",
)
_NUMBERS: Final = {"2025-001", "2025-002", "2025-003", "2025-004"}


def _register(world: World) -> None:
    world.party(AGENCY)
    key = world.folder / REGISTER_KEY
    key.write_text(write_key(new_key(KeyKind.ED25519)), encoding="utf-8")
    key.chmod(0o600)
    rows = "".join(f"agency:LAKES,Lakes Quality Agency,{row}\n" for row in _ROWS)
    world.say("decisions.csv", _HEAD + rows)
    world.say(
        "minutes.txt",
        "2025-003: the board said yes, without conditions. In the register's words: positive.\n"
        "2025-004: holds from 7 May 2025.\n",
    )
    world.say(
        "letter.txt",
        "After the first publication: decision 2025-002 holds until 28 February 2029, and not 2028.\n"
        "The row in decisions.csv was a slip of the pen.\n",
    )


def _snapshots(place: Place) -> list[Snapshot]:
    """The snapshots in the folder that the agency has anchored."""
    roots, found = place.roots(1), []
    for path in sorted(place.folder.glob("*.register")):
        content = place.content(path.name)
        with suppress(RegistryError):
            snapshot = read_snapshot((content or b"").splitlines(keepends=True), path.name)
            if snapshot.root in roots:
                found.append(snapshot)
    return found


def _is_published(place: Place) -> Missing | None:
    first = [each for each in _snapshots(place) if each.manifest.previous is None]
    if not first:
        return missing("no-snapshot")
    numbers = {decision.number for decision in first[0].decisions}
    return None if numbers == _NUMBERS else missing("rows-left-out", found=len(numbers), wanted=len(_NUMBERS))


def _is_corrected(place: Place) -> Missing | None:
    snapshots = _snapshots(place)
    roots = {each.root for each in snapshots if each.manifest.previous is None}
    later = [each for each in snapshots if each.manifest.previous in roots]
    if not later:
        return missing("no-second")
    ends = {each.valid_until for each in later[-1].decisions if each.number == "2025-002"}
    return None if {date(2028, 2, 29), date(2029, 3, 1)} <= ends else missing("not-corrected")


# 5. Audit an issuer

_BATCHES: Final = 3


def _to_audit(world: World) -> None:
    world.party(AGENCY)
    lakeside = world.party(LAKESIDE.did)
    for number, day in enumerate(("2025-03-03", "2025-07-01", "2025-10-01"), start=1):
        world.on(day)
        world.anchor(lakeside, {f"{each}.json": paper for each, paper in enumerate(papers(LAKESIDE, 5, 500 + number))})
    # The issuer forgot one when it sent its trees.
    trees: list[Path] = sorted((world.folder / DATA_FOLDER / "trees").glob("*.tree"))
    late = world.folder / "sent-later"
    late.mkdir()
    trees[0].rename(late / trees[0].name)


def _is_reported(place: Place) -> Missing | None:
    path = place.path("reports")
    reports = [each for each in path.glob("*/*.json") if each.is_file()] if path.is_dir() else []
    if not reports:
        return missing("no-report")
    checked = [(place.document(str(each.relative_to(place.folder))) or {}).get("checked") for each in reports]
    trees = max((each.get("trees", 0) for each in checked if isinstance(each, dict)), default=0)
    return None if trees == _BATCHES else missing("not-whole", trees=trees, batches=_BATCHES)


def _is_attested(place: Place) -> Missing | None:
    content = place.content("note.txt")
    if content is None:
        return missing("no-note")
    try:
        note = read_attestation(content)
    except RegistryError as error:
        return missing("unread", file="note.txt", why=str(error))
    if note.attestation.issuer != 2:
        return missing("other-issuer")
    return None if set(note.attestation.leaf_counts) == set(place.roots(2)) else missing("not-all-batches")


EXERCISES: Final = (
    Exercise(
        "agencies-1",
        Audience.AGENCIES,
        30,
        (Step("offer", _is_offered), Step("accept", _is_accepted), Step("clean", _no_other_stands)),
        _to_decide,
        settings="issuer = 1\n",
    ),
    Exercise(
        "agencies-2",
        Audience.AGENCIES,
        40,
        (Step("suspend", _is_suspended), Step("reinstate", _is_reinstated), Step("understand", _is_understood)),
        _two_clocks,
        settings="issuer = 1\n",
    ),
    Exercise(
        "agencies-3",
        Audience.AGENCIES,
        45,
        (Step("found", _is_founded), Step("leave", _has_left)),
        _agencies_meet,
    ),
    Exercise(
        "agencies-4",
        Audience.AGENCIES,
        45,
        (Step("publish", _is_published), Step("correct", _is_corrected)),
        _register,
        settings=f'issuer = 1\nissuing_key = "{REGISTER_KEY}"\n',
        keeps=None,
    ),
    Exercise(
        "agencies-5",
        Audience.AGENCIES,
        40,
        (Step("report", _is_reported), Step("attest", _is_attested)),
        _to_audit,
        settings="",
        keeps=("chain", "deployments", "trees"),
    ),
)
