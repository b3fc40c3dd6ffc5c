"""Exercises for verifiers: the trainee is an admissions office that holds papers of others."""

from __future__ import annotations

from typing import Any, Final

from anchor.acts.accreditations import withdrawal
from anchor.lab.model import Audience, Exercise, Missing, Step, missing
from anchor.lab.papers import HILLSIDE, ISLAND, LAKESIDE, papers
from anchor.lab.place import Place
from anchor.lab.world import World
from anchor.verifying.policies import read_policy
from registry.credential.digest import digest_document
from registry.errors import RegistryError
from registry.recognition.scope import Scope
from registry.records import Reason


def changed(document: dict[str, Any]) -> dict[str, Any]:
    """The same with a better level, as somebody might wish it."""
    return {**document, "name": f"{document['name']} with distinction"}


def sorted_into(place: Place, folders: dict[str, list[dict[str, Any]]]) -> Missing | None:
    """Whether each folder has exactly these documents, unchanged."""
    for folder, documents in folders.items():
        names = place.names(folder)
        if not names:
            return missing("nothing-sorted", folder=folder)
        wanted = {digest_document(each).value for each in documents}
        if {place.digest(f"{folder}/{name}") for name in names} != wanted:
            return missing("wrong-sorted", folder=folder)
    return None


# 1. Four answers


def _four() -> dict[str, list[dict[str, Any]]]:
    made = papers(LAKESIDE, 6, 101)
    return {"valid": made[:2], "revoked": [made[2]], "changed": [changed(made[3])], "not-checked": [made[4]]}


def _four_answers(world: World) -> None:
    party = world.party(LAKESIDE.did)
    world.on("2025-07-01")
    made = papers(LAKESIDE, 6, 101)
    world.anchor(party, {f"{number}.json": document for number, document in enumerate(made)})
    world.on("2025-09-01")
    world.revoke(party, made[2], Reason.OBTAINED_BY_FRAUD)
    there = _four()
    order = (("a", "changed", 0), ("b", "valid", 0), ("c", "not-checked", 0), ("d", "revoked", 0), ("e", "valid", 1))
    for letter, folder, number in order:
        document = there[folder][number]
        source = made[3] if folder == "changed" else document
        world.write(f"papers/{letter}.json", document, None if folder == "not-checked" else world.receipt(source))


def _are_told_apart(place: Place) -> Missing | None:
    return sorted_into(place, _four())


# 2. Twenty, of which five are bad

TWENTY: Final = 20
_REVOKED, _SUSPENDED, _CHANGED = (3, 14), (11,), (7, 18)


def _twenty() -> list[dict[str, Any]]:
    return papers(LAKESIDE, TWENTY, 202)


def _bad() -> list[dict[str, Any]]:
    made = _twenty()
    withdrawn = [made[number - 1] for number in (*_REVOKED, *_SUSPENDED)]
    return withdrawn + [changed(made[number - 1]) for number in _CHANGED]


def _folder_of_twenty(world: World) -> None:
    party = world.party(LAKESIDE.did)
    world.on("2025-07-01")
    made = _twenty()
    world.anchor(party, {f"{number}.json": document for number, document in enumerate(made)})
    world.on("2025-09-01")
    for number in _REVOKED:
        world.revoke(party, made[number - 1], Reason.ISSUED_IN_ERROR)
    for number in _SUSPENDED:
        world.suspend(party, made[number - 1], Reason.UNDER_REVIEW)
    for number, document in enumerate(made, start=1):
        shown = changed(document) if number in _CHANGED else document
        world.write(f"applications/{number:02}.json", shown, world.receipt(document))


def _has_table(place: Place) -> Missing | None:
    rows = place.table("verdicts.csv")
    if not rows:
        return missing("no-table", table="verdicts.csv")
    bad = {f"{number:02}.json" for number in (*_REVOKED, *_SUSPENDED, *_CHANGED)}
    said = {row.get("name", "").rsplit("/", 1)[-1]: row.get("overall", "") for row in rows}
    right = sum(
        said.get(name, "").startswith("not valid" if name in bad else "valid")
        for name in (f"{number:02}.json" for number in range(1, TWENTY + 1))
    )
    return None if right == TWENTY else missing("table-says", table="verdicts.csv", right=right, wanted=TWENTY)


def _are_set_aside(place: Place) -> Missing | None:
    return sorted_into(place, {"set-aside": _bad()})


# 3. Accredited then?


def _cases() -> dict[str, list[dict[str, Any]]]:
    lakeside, hillside = papers(LAKESIDE, 2, 303), papers(HILLSIDE, 1, 303)
    return {"accredited": [lakeside[0], *hillside], "not-accredited": [lakeside[1], *papers(ISLAND, 1, 303)]}


def _accredited_then(world: World) -> None:
    agency, lakeside = world.party("did:web:agency.example"), world.party(LAKESIDE.did)
    council, hillside = world.party("did:web:council.example"), world.party(HILLSIDE.did)
    island = world.party(ISLAND.did)
    number = world.accredit(agency, lakeside, Scope(), "2030-09-01")
    world.accredit(council, hillside, Scope(), "2030-09-01")
    world.on("2025-02-03")
    world.recognise(agency, council, Scope(), "2030-09-01")
    there = _cases()
    (before, recognised), (after, unknown) = there["accredited"], there["not-accredited"]
    world.on("2025-03-03")
    world.anchor(lakeside, {"1.json": before})
    world.anchor(hillside, {"1.json": recognised})
    world.anchor(island, {"1.json": unknown})
    world.on("2025-09-01")
    world.change(number, withdrawal(Reason.REQUIREMENTS_NOT_MET, world.today))
    world.on("2025-10-01")
    world.anchor(lakeside, {"2.json": after})
    for name, document in (("a", after), ("b", recognised), ("c", before), ("d", unknown)):
        world.write(f"papers/{name}.json", document, world.receipt(document))


def _has_policy(place: Place) -> Missing | None:
    try:
        policy = read_policy(place.path("policy.toml"))
    except RegistryError as error:
        return missing("unread", file="policy.toml", why=str(error))
    return None if {each.party for each in policy.bodies} == {1} else missing("other-bodies")


def _are_judged(place: Place) -> Missing | None:
    return sorted_into(place, _cases())


# 4. Read a level card

LETTERS: Final = {
    "a.txt": ("below", "Scotland: level 8 of the SCQF. Awarded on 1 July 2018.\n"),
    "b.txt": ("comparable", "Ireland: level 8 of the NFQ. Awarded on 1 July 2020.\n"),
    "c.txt": ("comparable", "France: level II of the old nomenclature. Awarded on 1 July 2012.\n"),
    "d.txt": ("not-known", "United States: level 6, says the applicant. Awarded on 1 July 2019.\n"),
    "e.txt": ("below", "Ireland: level 6 of the NFQ. Awarded on 1 July 2021.\n"),
}


def _levels(world: World) -> None:
    for name, (_, text) in LETTERS.items():
        world.say(f"applications/{name}", text)
    world.say("rule.txt", "Our programme, in Portugal, admits who holds a level beside EQF level 6 or higher.\n")


def _has_card(place: Place) -> Missing | None:
    card = place.document("card.json")
    if card is None or card.get("type") != "TestamurLevelCard":
        return missing("no-card")
    right = (card.get("level"), card.get("from"), card.get("to")) in {("8", "IE", "PT"), ("8", "ie-nfq", "PT")}
    return None if right else missing("other-card")


def _are_placed(place: Place) -> Missing | None:
    for folder in sorted({folder for folder, _ in LETTERS.values()}):
        wanted = {text.encode() for where, text in LETTERS.values() if where == folder}
        names = place.names(folder)
        if not names:
            return missing("nothing-sorted", folder=folder)
        if {place.content(f"{folder}/{name}") for name in names} != wanted:
            return missing("wrong-sorted", folder=folder)
    return None


EXERCISES: Final = (
    Exercise(
        "verifiers-1",
        Audience.VERIFIERS,
        30,
        (Step("sort", _are_told_apart),),
        _four_answers,
        settings="trusted_issuers = [1]\n",
    ),
    Exercise(
        "verifiers-2",
        Audience.VERIFIERS,
        30,
        (Step("table", _has_table), Step("aside", _are_set_aside)),
        _folder_of_twenty,
        settings="trusted_issuers = [1]\n",
    ),
    Exercise(
        "verifiers-3",
        Audience.VERIFIERS,
        40,
        (Step("policy", _has_policy), Step("judge", _are_judged)),
        _accredited_then,
    ),
    Exercise(
        "verifiers-4",
        Audience.VERIFIERS,
        30,
        (Step("card", _has_card), Step("place", _are_placed)),
        _levels,
    ),
)
