"""Six exercises for registrars: the trainee is the office that issues."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

from anchor.books.issued import IssuedRow, Run
from anchor.books.tables import BatchState
from anchor.issuing.roster.reading import read_roster
from anchor.issuing.roster.rules import NothingKnown, check_roster
from anchor.issuing.templates.files import read_template
from anchor.lab.model import Audience, Exercise, Missing, Step, missing
from anchor.lab.papers import LAKESIDE, papers
from anchor.lab.place import Place
from anchor.lab.rosters import KEY, TEMPLATE, URI, as_csv, issue, office, people
from anchor.lab.world import World
from registry.credential.digest import digest_document
from registry.errors import RegistryError
from registry.merkle.proof import check_inclusion
from registry.merkle.tree import Tree
from registry.receipt.model import parse
from registry.records import Reason
from registry.verify.absence_file import AbsenceFile

_OFFICE: Final = f'issuer = 1\nissuing_key = "{KEY}"\n'


def diplomas(count: int, seed: int) -> dict[str, dict[str, Any]]:
    """Diplomas of the university by the names of their files; the same seed gives the same ones."""
    return {f"{number:03}.json": each for number, each in enumerate(papers(LAKESIDE, count, seed), start=1)}


def digests_of(documents: Collection[dict[str, Any]]) -> set[bytes]:
    """Their digests."""
    return {digest_document(each).value for each in documents}


def root_of(digests: Collection[bytes]) -> bytes:
    """The root of a batch of exactly these."""
    with Tree.build(sorted(digests)) as tree:
        return tree.root


# 1. The first batch

FIRST: Final = 12


def _first_batch(world: World) -> None:
    for name, document in diplomas(FIRST, 11).items():
        world.write(f"diplomas/{name}", document)


def _is_registered(place: Place) -> Missing | None:
    return None if place.party(URI) else missing("no-party")


def _is_anchored(place: Place) -> Missing | None:
    digests = digests_of(diplomas(FIRST, 11).values())
    party = place.party(URI)
    roots = place.roots(party) if party else []
    if root_of(digests) in roots:
        return None
    return missing("other-batch", batches=len(roots)) if roots else missing("no-batch")


def _have_receipts(place: Place) -> Missing | None:
    documents = diplomas(FIRST, 11)
    root = root_of(digests_of(documents.values()))
    proved = 0
    for name, document in documents.items():
        content = place.content(f"receipts/{name}.receipt.json")
        with suppress(RegistryError):
            receipt = parse(content or b"")
            digest = digest_document(document).value
            check_inclusion(digest, root, receipt.inclusion_proof)
            proved += receipt.anchor.block is not None
    return None if proved == FIRST else missing("receipts", proved=proved, wanted=FIRST)


def _are_verified(place: Place) -> Missing | None:
    return _table_says(place, "verdicts.csv", {f"diplomas/{name}" for name in diplomas(FIRST, 11)}, "valid")


def _table_says(place: Place, table: str, names: Collection[str], overall: str) -> Missing | None:
    """Whether a table of `testamur verify --csv` has each of these with this outcome, perhaps with a warning."""
    rows = place.table(table)
    if not rows:
        return missing("no-table", table=table)
    said = {row.get("name", "").rsplit("/", 1)[-1]: row.get("overall", "") for row in rows}
    right = sum(said.get(name.rsplit("/", 1)[-1], "").startswith(overall) for name in names)
    return None if right == len(names) else missing("table-says", table=table, right=right, wanted=len(names))


# 2. A roster with planted faults


def _roster_with_faults(world: World) -> None:
    office(world)
    rows = people(10)
    world.say("student-files.csv", as_csv(rows))
    rows[2]["email"] = "s103@students"
    rows[4]["birth_date"] = "14/05/2002"
    rows[6]["result.final"] = "27"
    rows[8]["name"] = ""
    world.say("graduates.csv", as_csv(rows))


def _is_mended(place: Place) -> Missing | None:
    try:
        template = read_template(place.path(TEMPLATE))
        rows = read_roster(place.path("graduates.csv"), template)
        checked = check_roster(rows, template, NothingKnown())
    except RegistryError as error:
        return missing("unread", file="graduates.csv", why=str(error))
    if len(checked.ready) != len(rows.rows) or checked.findings:
        return missing("rows-left", left=len(rows.rows) + len(rows.unread) - len(checked.ready))
    found = {row.value("person_id"): row for row in checked.ready}
    for person in people(10):
        row = found.get(person["person_id"])
        if row is None:
            return missing("person-gone", person=person["person_id"])
        wrong = [key for key, value in person.items() if row.value(key) != value]
        if wrong:
            return missing("other-value", person=person["person_id"], column=wrong[0])
    return None


def _whole_runs(place: Place, people_wanted: int) -> list[Run]:
    return [run for run in place.issued.runs(1) if run.root is not None and run.credentials == people_wanted]


def _is_made(place: Place) -> Missing | None:
    return None if _whole_runs(place, 10) else missing("no-run")


def _is_confirmed(place: Place) -> Missing | None:
    runs = _whole_runs(place, 10)
    confirmed = [run for run in runs if run.confirmed_as and run.confirmed_as != run.made_as]
    if not confirmed:
        return missing("not-confirmed")
    roots = place.roots(1)
    return None if any(run.root in roots for run in confirmed) else missing("not-on-chain")


# 3. Correct and revoke


def _issued_eight(world: World) -> None:
    world.on("2025-07-01")
    party = office(world)
    rows = people(8)
    world.say("graduates.csv", as_csv(rows))
    issue(world, party, "graduates.csv")
    world.say("corrected.csv", as_csv([rows[3] | {"name": "Dagny Eriksen Moen"}]))
    world.say(
        "letters.txt",
        "104 has married and asks for a diploma with the new name: Dagny Eriksen Moen.\n"
        "106 had not passed the last examination. The diploma was issued in error.\n"
        "108 is under review: the examination board looks at the final project.\n",
    )


def _of(place: Place, person: str) -> list[IssuedRow]:
    return list(place.issued.by_person(person))


def _first_of(place: Place, person: str) -> IssuedRow:
    return min(_of(place, person), key=lambda row: row.edition)


def _is_corrected(place: Place) -> Missing | None:
    first = _first_of(place, "104")
    newer = [row for row in _of(place, "104") if row.digest.value != first.digest.value]
    new = [row for row in newer if "Dagny Eriksen Moen" in row.document.decode("utf-8", "replace")]
    if not new:
        return missing("no-correction")
    roots = place.roots(1)
    if not any(row.root in roots for row in new):
        return missing("not-on-chain")
    (status,) = place.statuses(1, [first.digest.value])
    return None if status.revocation_reason is Reason.SUPERSEDED else missing("old-stands")


def _is_revoked(place: Place) -> Missing | None:
    (status,) = place.statuses(1, [_first_of(place, "106").digest.value])
    if not status.is_revoked:
        return missing("not-revoked")
    return None if status.revocation_reason is Reason.ISSUED_IN_ERROR else missing("other-reason")


def _is_suspended(place: Place) -> Missing | None:
    (status,) = place.statuses(1, [_first_of(place, "108").digest.value])
    if status.is_revoked:
        return missing("revoked-for-good")
    if not status.is_suspended:
        return missing("not-suspended")
    return None if status.suspension_reason is Reason.UNDER_REVIEW else missing("other-reason")


def _others_stand(place: Place) -> Missing | None:
    if any(check(place) for check in (_is_corrected, _is_revoked, _is_suspended)):
        return missing("not-yet")
    others = ("101", "102", "103", "105", "107")
    statuses = place.statuses(1, [_first_of(place, each).digest.value for each in others])
    touched = [each for each, status in zip(others, statuses, strict=True) if status.is_revoked or status.is_suspended]
    return missing("touched", people=", ".join(touched)) if touched else None


# 4. Receipts and delivery


def _to_deliver(world: World) -> None:
    world.on("2025-07-01")
    party = office(world)
    world.say("graduates.csv", as_csv(people(6)))
    issue(world, party, "graduates.csv")
    world.say("bounced.txt", "The letter to person 105 came back: the mailbox is full.\n")


def _are_printed(place: Place) -> Missing | None:
    papers = [place.content(f"papers/{name}") or b"" for name in place.names("papers") if name.endswith(".pdf")]
    whole = sum(paper.startswith(b"%PDF") for paper in papers)
    return None if whole == 6 else missing("papers", found=whole, wanted=6)


def _are_written(place: Place) -> Missing | None:
    rows = len(place.table("letters/letters.csv"))
    return None if rows == 6 else missing("letters", found=rows, wanted=6)


def _are_marked(place: Place) -> Missing | None:
    delivered = {row.person_id for row in (_first_of(place, str(101 + n)) for n in range(6)) if row.delivered_at}
    if "105" in delivered:
        return missing("bounced-marked")
    return None if len(delivered) == 5 else missing("marked", found=len(delivered), wanted=5)


# 5. Prove absence


def _claims(world: World) -> None:
    world.on("2025-07-01")
    party = world.party(URI)
    for seed in (51, 52, 53):
        world.anchor(party, diplomas(6, seed))
    genuine, forged = _two_claims()
    world.write("claims/first.json", forged)
    world.write("claims/second.json", genuine)


def _two_claims() -> tuple[dict[str, Any], dict[str, Any]]:
    """One that the university anchored, and one that it never did."""
    return diplomas(6, 52)["004.json"], diplomas(1, 59)["001.json"]


def _is_ours(place: Place) -> Missing | None:
    names = place.names("ours")
    if not names:
        return missing("nothing-sorted", folder="ours")
    genuine, _ = _two_claims()
    right = {digest_document(genuine).value}
    return None if {place.digest(f"ours/{name}") for name in names} == right else missing("wrong-sorted", folder="ours")


def _is_absent(place: Place) -> Missing | None:
    content = place.content("absence.json")
    if content is None:
        return missing("no-proof", file="absence.json")
    try:
        proof = AbsenceFile.of(content)
    except RegistryError as error:
        return missing("unread", file="absence.json", why=str(error))
    _, forged = _two_claims()
    if digest_document(forged).value not in proof.digests:
        return missing("other-proof")
    return None if len(proof.batches) == len(place.roots(1)) else missing("not-all-batches")


# 6. When the chain is down


def _chain_is_down(world: World) -> None:
    world.on("2025-07-01")
    party = world.party(URI)
    earlier = diplomas(3, 61)
    world.anchor(party, earlier)
    for name, document in earlier.items():
        world.write(f"earlier/{name}", document, world.receipt(document))
    for name, document in diplomas(5, 62).items():
        world.write(f"diplomas/{name}", document)


def _was_unknown(place: Place) -> Missing | None:
    return _table_says(place, "during.csv", [f"earlier/{name}" for name in diplomas(3, 61)], "could not be checked")


def _is_back(place: Place) -> Missing | None:
    return None if place.settings.chain == "embedded" else missing("still-down", chain=place.settings.chain)


def _is_anchored_once(place: Place) -> Missing | None:
    roots = place.roots(1)
    if root_of(digests_of(diplomas(5, 62).values())) not in roots:
        return missing("no-batch")
    open_rows = [row for row in place.workspace.store.all(1) if row.state is not BatchState.FINAL]
    if open_rows:
        return missing("not-final")
    return None if len(roots) == 2 else missing("too-many", batches=len(roots) - 1)


def _is_valid_after(place: Place) -> Missing | None:
    return _table_says(place, "after.csv", [f"earlier/{name}" for name in diplomas(3, 61)], "valid")


EXERCISES: Final = (
    Exercise(
        "registrars-1",
        Audience.REGISTRARS,
        30,
        (
            Step("register", _is_registered),
            Step("anchor", _is_anchored),
            Step("receipts", _have_receipts),
            Step("verify", _are_verified),
        ),
        _first_batch,
        keeps=None,
    ),
    Exercise(
        "registrars-2",
        Audience.REGISTRARS,
        45,
        (Step("mend", _is_mended), Step("make", _is_made), Step("confirm", _is_confirmed)),
        _roster_with_faults,
        settings=_OFFICE,
        keeps=None,
    ),
    Exercise(
        "registrars-3",
        Audience.REGISTRARS,
        45,
        (
            Step("correct", _is_corrected),
            Step("revoke", _is_revoked),
            Step("suspend", _is_suspended),
            Step("others", _others_stand),
        ),
        _issued_eight,
        settings=_OFFICE,
        keeps=None,
    ),
    Exercise(
        "registrars-4",
        Audience.REGISTRARS,
        40,
        (Step("papers", _are_printed), Step("letters", _are_written), Step("mark", _are_marked)),
        _to_deliver,
        settings=_OFFICE,
        keeps=None,
    ),
    Exercise(
        "registrars-5",
        Audience.REGISTRARS,
        30,
        (Step("sort", _is_ours), Step("prove", _is_absent)),
        _claims,
        settings="issuer = 1\n",
        keeps=None,
    ),
    Exercise(
        "registrars-6",
        Audience.REGISTRARS,
        30,
        (
            Step("during", _was_unknown),
            Step("back", _is_back),
            Step("once", _is_anchored_once),
            Step("after", _is_valid_after),
        ),
        _chain_is_down,
        settings='issuer = 1\n# The endpoint of the university. Nothing answers there today.\nchain = "http://127.0.0.1:9"\n',
        keeps=None,
    ),
)
