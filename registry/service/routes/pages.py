"""The registry to walk through: pages for people, made of what the API tells under the same rules.

Each page asks what the endpoints of the API ask, as of one block, and shows their members; what the API does not say,
no page says. `registry.service.web.negotiation` leads browsers here from the addresses of the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from registry.errors import RegistryError, SettingsError
from registry.http.problems import note
from registry.language.choosing import from_header, known
from registry.partnerships.document import ID
from registry.partnerships.indicators import Filter
from registry.partnerships.periods import By, period_of
from registry.recognition.insights import REVIEW_DAYS
from registry.recognition.ledger import Kind
from registry.service.accreditations_json import LinkFilter
from registry.service.caching import BY_ACCEPT, BY_LANGUAGE, REVALIDATE, fixed
from registry.service.outcomes import outcomes_of
from registry.service.parameters import (
    HASH_PATTERN,
    MOST_A_PAGE,
    Cursor,
    IssuerPath,
    Limit,
    PartyNumber,
    digest_of,
    number_of,
    place_of,
    root_of,
)
from registry.service.records_json import batch_content, party_content
from registry.service.registers import registers_of
from registry.service.routes.about import about_told
from registry.service.routes.accreditations import (
    ACCREDITING,
    RECOGNISING,
    At,
    Body,
    Holder,
    WantedState,
    link_told,
    links_told,
)
from registry.service.routes.audits import AuditCursor, audits_of
from registry.service.routes.batches import batch_told, batches_told, parties_told, party_told
from registry.service.routes.credentials import credential_told, issuer_of, method_of
from registry.service.routes.insights import MOST_DAYS
from registry.service.routes.levels import (
    AtQuery,
    FromQuery,
    LevelQuery,
    PlaceQuery,
    ToQuery,
    card_asked,
    maps_asked,
)
from registry.service.routes.outcomes import Asked, asked, partnership_versions_told, partnerships_told
from registry.service.routes.registers import (
    AskedAt,
    Day,
    Digest,
    HolderName,
    HolderParty,
    Mirror,
    ProgrammeName,
    RegisterName,
    Wanted,
    accredited_told,
    after_of,
    decisions_told,
    policy_of,
    question_of,
    registers_told,
)
from registry.service.service import Service, service_of
from registry.service.told import of_one_block
from registry.service.trust import IndexedFacts, facts_of
from registry.service.web.page.kinds import Kind as PageKind
from registry.service.web.page.whole import beside_served, languages_of, manifest_of, worker_of
from registry.service.web.page.whole import page as whole_page
from registry.service.web.pages.rendering import HTML, SAFE, page, rendered
from registry.timestamps import past_moment
from registry.untrusted.hashes import HASH

MOST_ROWS: Final = 25
"""Of a list: a page stays small, whatever strangers call themselves. The next ones are behind `next`."""
MOST_BATCHES: Final = 10
MOST_LINKS: Final = 10
MOST_HOLDERS: Final = 50
"""Of a joint decision; that there are more is said."""
MOST_FOUND: Final = 25
MOST_ANCHORS: Final = 15
MOST_AUDITS: Final = 10
MOST_REGISTERS: Final = 10
LONGEST_QUERY: Final = 2_000
_HIGHEST: Final = 2**63
# What the page allows itself stands in it, so that it holds wherever it is; a meta element cannot say who may frame it.
VERIFYING: Final = {**SAFE, "Content-Security-Policy": "frame-ancestors 'none'"}
# It asks this service for its files, and nobody for anything else.
WORKING: Final = {**SAFE, "Content-Security-Policy": "default-src 'none'; connect-src 'self'"}
_EVERY: Final = ACCREDITING | RECOGNISING

router = APIRouter(include_in_schema=False)


class Shown(NamedTuple):
    """What a page shows besides the block: the members, and where the next page begins."""

    told: dict[str, Any]
    following: str | int | None = None


async def _page(
    request: Request, template: str, gather: Callable[[], Shown], *, parameter: str = "cursor", limit: int | None = None
) -> Response:
    """A page as of one block, asked for and written in a thread.

    Args:
        parameter: of the query, that leads to the next page.
        limit: of a list, as many entries as were asked for.
    """
    service = service_of(request)

    def written() -> Response:
        as_of, shown = of_one_block(service, gather)
        onward = None
        if shown.following is not None:
            onward = f"?{request.url.include_query_params(**{parameter: shown.following}).query}"
        return page(request, service, template, as_of, following=onward, query=_query(request, limit), **shown.told)

    return await service.in_thread(written)


def _query(request: Request, limit: int | None = None) -> str:
    """For the address of the JSON: what was asked, with as many entries, and that JSON is wanted whoever asks.

    A form sends what nobody filled in as empty, and to the JSON that is a value that makes no sense.
    """
    given = request.query_params.multi_items()
    asked = [(name, value) for name, value in given if value.strip() and name not in ("format", "limit")]
    if limit is not None:
        asked.append(("limit", str(limit)))
    return f"?{urlencode([*asked, ('format', 'json')])}"


@router.get("/")
async def home(request: Request) -> Response:
    service = service_of(request)

    def gather() -> Shown:
        told = about_told(service)
        doubt = told.as_of.reach.doubt
        return Shown({"about": told.content, "doubt": doubt})

    return await _page(request, "home.html", gather)


@router.get("/search")
async def search(request: Request, q: Annotated[str, Query(max_length=LONGEST_QUERY)] = "") -> Response:
    wanted, service = q.strip(), service_of(request)
    if not wanted:
        return _led("/")
    if wanted.isascii() and wanted.isdigit() and 0 < int(wanted[:20]) < _HIGHEST:
        return _led(f"/parties/{int(wanted[:20])}")
    if HASH.fullmatch(wanted):
        return await _search_hash(request, service, wanted)
    found = await service.in_thread(_with_uri, service, wanted)
    if len(found) == 1:
        return _led(f"/parties/{found[0]['id']}")

    def gather() -> Shown:
        service.horizon.current()
        return Shown({"wanted": wanted, "parties": _with_uri(service, wanted), "batches": [], "digest": None})

    return await _page(request, "search.html", gather)


async def _search_hash(request: Request, service: Service, wanted: str) -> Response:
    """A root and a digest look the same: one that is a root of several batches, or both, is told as that."""
    value = root_of(wanted)

    def gather() -> Shown:
        as_of = service.horizon.current()
        batches = [batch_content(each, as_of.head) for each in service.index.batches_with(value, most=MOST_FOUND)]
        places = bool(service.index.places(value)) if batches else True
        names = _names(service, (each["issuer"] for each in batches))
        digest = value.hex() if places else None
        return Shown({"wanted": wanted, "parties": [], "batches": batches, "names": names, "digest": digest})

    shown = await service.in_thread(gather)
    batches, digest = shown.told["batches"], shown.told["digest"]
    if not batches:
        return _led(f"/credentials/{digest}")
    if len(batches) == 1 and digest is None:
        return _led(f"/batches/{batches[0]['issuer']}/{batches[0]['root']}")
    return await _page(request, "search.html", gather)


def _with_uri(service: Service, uri: str) -> list[dict[str, Any]]:
    """Parties that say they are there; raises NotHere where some may be missing."""
    service.horizon.current()
    return [party_content(each) for each in service.index.parties_with_uri(uri, limit=MOST_FOUND)]


def _led(path: str) -> Response:
    return RedirectResponse(path, 303, headers={"Cache-Control": REVALIDATE, "Referrer-Policy": "no-referrer"})


@router.get("/parties")
async def parties(
    request: Request, after: Annotated[int, Query(ge=0, lt=_HIGHEST)] = 0, limit: Limit = MOST_ROWS
) -> Response:
    service, most = service_of(request), min(limit, MOST_ROWS)

    def gather() -> Shown:
        told = parties_told(service, after, most)
        return Shown({"parties": told.content["parties"]}, told.following)

    return await _page(request, "parties.html", gather, parameter="after", limit=most)


@router.get("/parties/{number}")
async def party(request: Request, number: Annotated[int, Path(ge=1, lt=_HIGHEST)]) -> Response:
    service, facts = service_of(request), facts_of(request)
    return await _page(request, "party.html", lambda: _party(service, facts, number))


def _party(service: Service, facts: IndexedFacts, number: int) -> Shown:
    told = party_told(service, number)
    moment = told.as_of.head.cursor.timestamp
    held = links_told(service, facts, "links", LinkFilter(_EVERY, holder=number), 0, MOST_LINKS)
    given = links_told(service, facts, "links", LinkFilter(ACCREDITING, body=number), 0, MOST_LINKS)
    recognised = links_told(service, facts, "links", LinkFilter(RECOGNISING, body=number), 0, MOST_LINKS)
    batches = batches_told(service, number, None, MOST_BATCHES, True)
    lists = {
        "held": held.content["links"],
        "given": given.content["links"],
        "recognised": recognised.content["links"],
    }
    counted, uncounted = _counted(facts, moment, number)
    return Shown(
        {
            "party": told.content,
            **lists,
            "more": {
                "held": held.following,
                "given": given.following,
                "recognised": recognised.following,
                "batches": batches.following,
            },
            "batches": batches.content["batches"],
            "counted": counted,
            "uncounted": uncounted,
            "names": _names(service, _parties_in(*lists.values())),
        }
    )


def _counted(facts: IndexedFacts, moment: datetime, number: int) -> tuple[Mapping[str, Any] | None, str | None]:
    """The figures of an issuer at the time of the block, as insights have them; or by a code why there are none."""
    try:
        told = orjson.loads(facts.insights(moment, REVIEW_DAYS))
    except RegistryError as error:
        note(error)
        return None, error.public.code
    mine = (each for each in told["credentials"]["byIssuer"] if each["issuer"] == number)
    return next(mine, None), None


@router.get("/batches")
async def batches(
    request: Request,
    issuer: PartyNumber | None = None,
    cursor: Cursor = None,
    limit: Limit = MOST_ROWS,
    newest: bool = False,
) -> Response:
    service, place, most = service_of(request), place_of(cursor), min(limit, MOST_ROWS)

    def gather() -> Shown:
        told = batches_told(service, issuer, place, most, newest)
        found = told.content["batches"]
        names = _names(service, (each["issuer"] for each in found))
        return Shown({"batches": found, "names": names, "issuer": issuer}, told.following)

    return await _page(request, "batches.html", gather, limit=most)


@router.get("/batches/{issuer}/{root}")
async def batch(request: Request, issuer: IssuerPath, root: Annotated[str, Path(pattern=HASH_PATTERN)]) -> Response:
    service, value = service_of(request), root_of(root)

    def gather() -> Shown:
        told = batch_told(service, issuer, value).content
        return Shown({"batch": told, "names": _names(service, [issuer])})

    return await _page(request, "batch.html", gather)


@router.get("/credentials/{digest}")
async def credential(request: Request, digest: str) -> Response:
    service, value = service_of(request), digest_of(digest)
    method, issuer = method_of(request), issuer_of(request)
    told, _ = await credential_told(request, value, method, issuer)
    anchors = told.content["anchors"]
    issuers = [each["receipt"]["anchor"]["issuer"] for each in anchors]
    names = await service.in_thread(_names, service, issuers)
    shown = {
        "credential": told.content,
        "anchors": anchors[:MOST_ANCHORS],
        "others": sorted(set(issuers[MOST_ANCHORS:])),
        "names": names,
        "following": None,
        "query": _query(request),
    }
    return await service.in_thread(page, request, service, "credential.html", told.as_of, **shown)


@router.get("/accreditations")
async def accreditations(
    request: Request,
    body: Body = None,
    holder: Holder = None,
    kind: Annotated[Kind | None, Query()] = None,
    state: WantedState = None,
    at: At = None,
    limit: Limit = MOST_ROWS,
    cursor: Cursor = None,
) -> Response:
    if kind is Kind.RECOGNISE:
        raise SettingsError(
            "a recognition is no accreditation", where="kind", remedy="GET /recognitions lists those.", code="parameter"
        )
    kinds = ACCREDITING if kind is None else frozenset({kind})
    wanted = LinkFilter(kinds, body, holder, state, past_moment(at, "at", datetime.now(UTC)))
    return await _links(request, "accreditations", wanted, cursor, limit)


@router.get("/recognitions")
async def recognitions(
    request: Request,
    body: Body = None,
    holder: Holder = None,
    state: WantedState = None,
    at: At = None,
    limit: Limit = MOST_ROWS,
    cursor: Cursor = None,
) -> Response:
    wanted = LinkFilter(RECOGNISING, body, holder, state, past_moment(at, "at", datetime.now(UTC)))
    return await _links(request, "recognitions", wanted, cursor, limit)


async def _links(request: Request, what: str, wanted: LinkFilter, cursor: str | None, limit: int) -> Response:
    service, facts, after, most = service_of(request), facts_of(request), number_of(cursor), min(limit, MOST_ROWS)

    def gather() -> Shown:
        told = links_told(service, facts, "links", wanted, after, most)
        links = told.content["links"]
        return Shown({"links": links, "names": _names(service, _parties_in(links)), "what": what}, told.following)

    return await _page(request, "accreditations.html", gather, limit=most)


@router.get("/accreditations/{number}")
async def accreditation(request: Request, number: Annotated[int, Path(ge=1, lt=_HIGHEST)], at: At = None) -> Response:
    service, facts = service_of(request), facts_of(request)
    moment = past_moment(at, "at", datetime.now(UTC))

    def gather() -> Shown:
        # Without a time that is asked for, that of the block: up to there all is on record.
        link = link_told(service, facts, number, moment or service.horizon.current().head.cursor.timestamp).content
        return Shown({"link": link, "names": _names(service, _parties_in([link]))})

    return await _page(request, "accreditation.html", gather)


@router.get("/registers")
async def registers(request: Request) -> Response:
    service, known = service_of(request), registers_of(request)

    def gather() -> Shown:
        told = registers_told(known).content
        found = told["registers"]
        shown, unreadable = found[:MOST_REGISTERS], told["unreadable"][:MOST_REGISTERS]
        names = _names(service, (each["mirror"]["party"] for each in shown))
        more = len(found) - len(shown)
        return Shown({"registers": shown, "more": more, "unreadable": unreadable, "names": names})

    return await _page(request, "registers.html", gather)


@router.get("/registers/{register}")
async def register(
    request: Request,
    register: RegisterName,
    mirror: Mirror = None,
    holder: HolderName = None,
    party: HolderParty = None,
    programme: ProgrammeName = None,
    at: Day = None,
    cursor: Digest = None,
    limit: Limit = MOST_ROWS,
) -> Response:
    service, known, most = service_of(request), registers_of(request), min(limit, MOST_ROWS)
    wanted = Wanted(holder or None, party, programme, at or None)
    asked = {"holder": holder or "", "programme": programme or "", "at": at or ""}

    def gather() -> Shown:
        told = decisions_told(known, register, mirror, wanted, after_of(cursor), most)
        return Shown(
            {**told.content, "asked": asked, "names": _names(service, [told.content["mirror"]])}, told.following
        )

    return await _page(request, "register.html", gather, limit=most)


@router.get("/accredited")
async def accredited(
    request: Request,
    party: Annotated[str, Query(max_length=19)] = "",
    programme: ProgrammeName = None,
    field: Annotated[str, Query(max_length=4)] = "",
    levels: Annotated[str, Query(max_length=10)] = "",
    types: Annotated[list[str] | None, Query(alias="type", max_length=32)] = None,
    jurisdiction: Annotated[str, Query(max_length=3)] = "",
    at: AskedAt = None,
    body: Annotated[str, Query(max_length=19)] = "",
    here: Annotated[str, Query(max_length=3)] = "",
) -> Response:
    """A form that sends what nobody filled in as empty, so empty is none."""
    service, facts, known, policy = service_of(request), facts_of(request), registers_of(request), policy_of(request)
    asked = {
        "party": party, "programme": programme or "", "field": field, "levels": levels, "at": at or "", "body": body,
    }  # fmt: skip
    question = None
    if party.strip():
        number = _number(party, "party")
        question = question_of(number, programme, field, levels, types, jurisdiction, at or None)
    believed = _number(body, "body") if body.strip() else None

    def gather() -> Shown:
        if question is None:
            service.horizon.now()
            return Shown({"asked": asked, "found": None, "names": {}})
        found, _ = accredited_told(service, facts, known, question, policy, here, believed)
        told = found.to_dict()
        return Shown({"asked": asked, "found": told, "names": _names(service, _parties_of(told))})

    return await _page(request, "accredited.html", gather)


def _number(text: str, where: str) -> int:
    """The number of a party as somebody typed it."""
    wanted = text.strip()
    if not (wanted.isascii() and wanted.isdigit() and 0 < int(wanted) < _HIGHEST):
        raise SettingsError(
            f"{text!r} is no number of a party", where=where, remedy="Give its number.", code="parameter"
        )
    return int(wanted)


def _parties_of(told: Mapping[str, Any]) -> set[int]:
    """The parties that an answer names on chain."""
    on_chain = told["onChain"] or {"path": [], "missing": None, "accords": []}
    found = {told["question"]["party"], *(each["party"] for each in on_chain["accords"])}
    for link in on_chain["path"]:
        found |= {link["body"], link["holder"], *link["jointHolders"][:20]}
    if on_chain["missing"]:
        found.add(on_chain["missing"]["party"])
    return found


@router.get("/network")
async def network(request: Request, cursor: Cursor = None, limit: Limit = MOST_ROWS) -> Response:
    service, facts, after, most = service_of(request), facts_of(request), number_of(cursor), min(limit, MOST_ROWS)

    def gather() -> Shown:
        moment = service.horizon.current().head.cursor.timestamp
        wanted = LinkFilter(_EVERY, at=moment)
        told = links_told(service, facts, "links", wanted, after, most)
        links = told.content["links"]
        return Shown({"links": links, "names": _names(service, _parties_in(links))}, told.following)

    return await _page(request, "network.html", gather)


@router.get("/insights")
async def insights(
    request: Request, at: At = None, days: Annotated[int, Query(ge=0, le=MOST_DAYS)] = REVIEW_DAYS
) -> Response:
    service, facts = service_of(request), facts_of(request)
    moment = past_moment(at, "at", datetime.now(UTC)) or datetime.now(UTC).replace(second=0, microsecond=0)

    def gather() -> Shown:
        told = orjson.loads(facts.insights(moment, days))
        issuers = told["credentials"]["byIssuer"]
        due = told["reviewsDue"]["links"][:MOST_ROWS]
        names = _names(service, [*(each["issuer"] for each in issuers), *_parties_in(due)])
        return Shown({"insights": told, "due": due, "names": names})

    return await _page(request, "insights.html", gather)


@router.get("/levels")
async def levels(request: Request, place: PlaceQuery = "") -> Response:
    return await _of_levels(request, lambda: {"maps": [each.to_dict() for each in maps_asked(request, place)]}, place)


@router.get("/levels/card")
async def card(request: Request, level: LevelQuery, source: FromQuery, target: ToQuery, at: AtQuery = None) -> Response:
    # A form sends the field that was left empty.
    asked = {"level": level, "source": source, "target": target, "at": at or ""}
    return await _of_levels(
        request, lambda: {"card": card_asked(request, level, source, target, at or None).to_dict()}, asked=asked
    )


async def _of_levels(
    request: Request, gather: Callable[[], dict[str, Any]], place: str = "", asked: Mapping[str, str] | None = None
) -> Response:
    """Levels are of no block: they are data of this service."""
    service = service_of(request)

    def written() -> Response:
        empty = {"level": "", "source": "", "target": "", "at": ""}
        told = {"maps": None, "card": None, "place": place, "asked": asked or empty, "query": _query(request)}
        body = rendered(service, "levels.html", None, **told | gather()).encode()
        return fixed(request, body, HTML, kept=REVALIDATE, headers={**BY_ACCEPT, **SAFE})

    return await service.in_thread(written)


@router.get("/indicators")
async def indicators(request: Request, wanted: Annotated[Asked, Depends(asked)]) -> Response:
    outcomes = outcomes_of(request)
    table_query = f"?{request.url.include_query_params(format='csv').query}"

    def gather() -> Shown:
        told = orjson.loads(outcomes.figures(*wanted))
        return Shown({"measured": told, "by": wanted.by.value, "table_query": table_query})

    return await _page(request, "indicators.html", gather)


@router.get("/partnerships")
async def partnerships(
    request: Request,
    cursor: Annotated[str | None, Query(pattern=f"^{ID}$")] = None,
    limit: Limit = MOST_ROWS,
) -> Response:
    service, outcomes, most = service_of(request), outcomes_of(request), min(limit, MOST_ROWS)

    def gather() -> Shown:
        told = partnerships_told(service, outcomes, cursor, most)
        content = told.content
        shown = {"partnerships": content["partnerships"], "batches_without_tree": content["batchesWithoutTree"]}
        return Shown(shown, told.following)

    return await _page(request, "partnerships.html", gather, limit=most)


@router.get("/partnerships/{name}")
async def partnership(request: Request, name: Annotated[str, Path(pattern=f"^{ID}$")]) -> Response:
    service, outcomes = service_of(request), outcomes_of(request)

    def gather() -> Shown:
        told = partnership_versions_told(service, outcomes, name).content
        shown = told["current"] or told["versions"][-1]
        now = service.horizon.current().head.cursor.timestamp
        targets = []
        if told["current"]:
            figures = orjson.loads(outcomes.figures(now, period_of(now, By.YEAR), By.YEAR, Filter(partnership=name)))
            targets = figures["targets"]
        numbers = [each["party"] for each in shown["document"]["partners"] if "party" in each]
        names = _names(service, numbers)
        today = f"{now:%Y-%m-%d}"
        return Shown({**told, "shown": shown, "targets": targets, "names": names, "today": today})

    return await _page(request, "partnership.html", gather)


@router.get("/audits")
async def audits(
    request: Request,
    cursor: AuditCursor = None,
    limit: Annotated[int, Query(ge=1, le=MOST_A_PAGE)] = MOST_AUDITS,
) -> Response:
    """Reports are of blocks of their own: the page is not as of one."""
    service, kept, most = service_of(request), audits_of(request), min(limit, MOST_AUDITS)

    def written() -> Response:
        found, following = kept.listed(cursor, most)
        onward = following and f"?{request.url.include_query_params(cursor=following).query}"
        body = rendered(
            service, "audits.html", None, audits=found, following=onward, query=_query(request, most)
        ).encode()
        return fixed(request, body, HTML, kept=REVALIDATE, headers={**BY_ACCEPT, **SAFE})

    return await service.in_thread(written)


ChosenLanguage = Annotated[str, Query(max_length=40)]


@router.get(f"/{PageKind.VERIFY}")
async def verify(request: Request, language: ChosenLanguage = "") -> Response:
    """The page that checks a document in the browser: nothing of it comes here."""
    return await _in_browser(request, PageKind.VERIFY, language)


@router.get(f"/{PageKind.LEARNER}")
async def learner(request: Request, language: ChosenLanguage = "") -> Response:
    """The page on which a learner has a portfolio in the browser: nothing of it comes here either."""
    return await _in_browser(request, PageKind.LEARNER, language)


async def _in_browser(request: Request, kind: PageKind, language: str) -> Response:
    settings = request.app.state.page
    code = _language_for(request, known(language))
    made = partial(whole_page, settings, kind, served=True, as_app=True, in_language=code)
    body = await service_of(request).in_thread(made)
    return fixed(request, body, HTML, kept=REVALIDATE, headers={**VERIFYING, **BY_LANGUAGE, "Content-Language": code})


@router.get(f"/{manifest_of(PageKind.VERIFY)}")
async def manifest(request: Request) -> Response:
    """By which a browser installs the page that checks a document."""
    return await _manifest(request, PageKind.VERIFY)


@router.get(f"/{manifest_of(PageKind.LEARNER)}")
async def learner_manifest(request: Request) -> Response:
    """By which a browser installs a learner's page."""
    return await _manifest(request, PageKind.LEARNER)


@router.get(f"/{worker_of(PageKind.VERIFY)}")
async def worker(request: Request) -> Response:
    """What keeps the page that checks a document at hand without a network."""
    return await _worker(request, PageKind.VERIFY)


@router.get(f"/{worker_of(PageKind.LEARNER)}")
async def learner_worker(request: Request) -> Response:
    """What keeps a learner's page at hand without a network."""
    return await _worker(request, PageKind.LEARNER)


async def _manifest(request: Request, kind: PageKind) -> Response:
    return await _beside(request, kind, manifest_of(kind), "application/manifest+json", SAFE)


async def _worker(request: Request, kind: PageKind) -> Response:
    return await _beside(request, kind, worker_of(kind), "text/javascript; charset=utf-8", WORKING)


async def _beside(request: Request, kind: PageKind, name: str, media: str, headers: Mapping[str, str]) -> Response:
    made = partial(beside_served, request.app.state.page, _language_for(request, None), kind)
    files = await service_of(request).in_thread(made)
    return fixed(request, files[name], media, kept=REVALIDATE, headers={**headers, **BY_LANGUAGE})


def _language_for(request: Request, chosen: str | None) -> str:
    """The language of a page: the chosen one, or the first that the browser takes and that there is."""
    offered = languages_of(request.app.state.page, served=True)
    wanted = chosen or from_header(request.headers.get("Accept-Language", ""))
    return wanted if wanted in offered else offered[0]


@router.get("/docs")
async def described(request: Request) -> Response:
    """The description of the API, from `/openapi.json`: nothing is loaded from elsewhere."""
    service = service_of(request)
    schema = request.app.openapi()
    by_tag: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            shown = {"method": method.upper(), "path": path, **operation}
            by_tag.setdefault(operation["tags"][0], []).append(shown)
    body = rendered(service, "docs.html", None, info=schema["info"], by_tag=by_tag)
    return fixed(request, body.encode(), HTML, kept=REVALIDATE, headers={**BY_ACCEPT, **SAFE})


def _parties_in(*lists: Iterable[Mapping[str, Any]]) -> Iterable[int]:
    return (
        number
        for links in lists
        for link in links
        for number in (link["body"], link["holder"], *link["jointHolders"][:MOST_HOLDERS])
    )


def _names(service: Service, numbers: Iterable[int]) -> dict[int, str]:
    """What parties say they are, by their numbers."""
    return {party.id: party.uri for party in service.index.parties_among(numbers)}
