"""A wallet takes what was offered, by each protocol; and nobody takes it who has not both codes, or a second time."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy.exc import OperationalError

from anchor.acts.places import Target
from anchor.acts.statuses import carry_out, plan_change
from anchor.books.wallet_offers import FREE_TRIES, MOST_TRIES, Way, wait_after
from anchor.wallets import handing
from anchor.wallets.app import WRONG_CODES, create_app
from anchor.wallets.handing import ACCESS_SECONDS
from anchor.wallets.metadata import PRE_AUTHORISED
from registry.credential.digest import digest_json
from registry.errors import ChainUnavailable, NotPossible, StoreError
from registry.receipt.model import embedded
from registry.records import Act, Reason
from tests.anchor.begun import begun
from tests.anchor.issuing.made import GRANULAR, TEMPLATE, row
from tests.anchor.wallets.site import ISSUER, ORIGIN, Given, Site, site_in

__all__ = ["begun"]

JSON = {"Accept": "application/json"}
FORM = "application/x-www-form-urlencoded"
HOSTILE = 'Zoë"\r\nSet-Cookie: a=b\r\n\r\n<script>alert(1)</script>'


@pytest.fixture(scope="module")
def site(begun: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_in(tmp_path_factory.mktemp("site"), begun) as made:
        made.given = iter(made.offer(made.issued([row(number) for number in range(5, 40)])))  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def given(site: Site) -> Iterator[Given]:
    """An offer that nobody has touched; the clocks are where they were."""
    before = site.now, site.passed
    # What came from this address before is forgotten with time.
    site.passed += 3_600
    yield next(site.given)  # type: ignore[attr-defined]
    site.now = before[0]


def configurations(site: Site, given: Given) -> list[str]:
    found: list[str] = site.client.get(f"/hand-over/offers/{given.secret}").json()["credential_configuration_ids"]
    return found


def set_status(site: Site, given: Given, change: Act) -> None:
    targets = [Target.of(each.digest.value) for each in site.registrar.rows() if each.row_number == given.row]
    carry_out(site.workspace, plan_change(site.workspace, change, targets, Reason.UNSPECIFIED))


# What is meant to happen


def test_a_wallet_gets_the_credential_with_its_receipt_as_it_was_anchored(site: Site, given: Given) -> None:
    protocols = site.client.get(given.link, headers=JSON).json()["protocols"]
    assert protocols["OID4VCI"] == (
        f"openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fwallet.example%2Fhand-over%2Foffers%2F{given.secret}"
    )
    offer = site.client.get(f"/hand-over/offers/{given.secret}").json()
    number = offer["grants"][PRE_AUTHORISED]["tx_code"]
    assert (offer["credential_issuer"], number["input_mode"], number["length"]) == (ISSUER, "numeric", 8)
    metadata = site.client.get("/.well-known/openid-credential-issuer/hand-over").json()
    (name,) = offer["credential_configuration_ids"]
    described = metadata["credential_configurations_supported"][name]
    assert (metadata["credential_issuer"], described["format"]) == (ISSUER, "ldp_vc")
    # Nothing is bound to a key, and no wallet is made to prove one.
    assert not described.keys() & {"cryptographic_binding_methods_supported", "proof_types_supported"}
    shown = {each["locale"]: each["name"] for each in described["credential_metadata"]["display"]}
    assert shown == dict(TEMPLATE.name)
    token = site.token(given)
    answer = site.ask(token, name)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    (credential,) = (each["credential"] for each in answer.json()["credentials"])
    (issued,) = (each for each in site.registrar.rows() if each.row_number == given.row)
    assert digest_json(orjson.dumps(credential)) == issued.digest
    assert embedded(credential, issued.digest) is not None
    assert credential["type"] == described["credential_definition"]["type"]
    # A wallet that lost the answer asks again while its token is good.
    assert site.ask(token, name).json() == answer.json()
    site.now += ACCESS_SECONDS
    refused = site.ask(token, name)
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_token")
    assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_the_books_say_who_came_and_what_the_wallet_said(site: Site, given: Given) -> None:
    token = site.token(given)
    told = site.ask(token, _only(site, given)).json()["notification_id"]
    header = {"Authorization": f"bearer {token}"}

    def notify(**body: Any) -> Any:
        return site.client.post("/hand-over/notification", json=body, headers=header)

    for _ in range(2):
        assert notify(notification_id=told, event="credential_accepted").status_code == 204
    assert notify(notification_id="x", event="credential_accepted").json()["error"] == "invalid_notification_id"
    assert notify(notification_id=told, event="stolen").json()["error"] == "invalid_notification_request"
    offer = site.of(given)
    assert (offer.taken_by, offer.taken_at, offer.handed_at, offer.event) == (
        Way.OPENID, site.now, site.now, "credential_accepted",
    )  # fmt: skip


def _only(site: Site, given: Given) -> str:
    """The configuration of an award that has one credential, also after its offer was taken."""
    metadata = site.client.get("/.well-known/openid-credential-issuer/hand-over").json()
    (name,) = metadata["credential_configurations_supported"]
    return str(name)


def test_a_wallet_of_exchanges_gets_a_presentation_once_the_code_was_typed(site: Site, given: Given) -> None:
    protocols = site.client.get(given.link, headers=JSON).json()["protocols"]
    # The link alone leads to the page, and not to another interaction.
    page = site.client.post(protocols["vcapi"], json={}).json()["redirectUrl"]
    assert page == f"{ISSUER}/interactions/{given.secret}"
    led = site.type_code(given, given.code, "exchange", **{"Accept-Language": "de"})
    assert (led.status_code, led.headers["location"][-12:]) == (303, "?language=de")
    onward = ORIGIN + led.headers["location"].partition("?")[0]
    shown = site.client.get(onward, headers={"Accept": "text/html"})
    (link,) = re.findall(rf"{ISSUER}/exchanges/[\w-]{{43}}\?iuv=1", shown.text)
    (exchange,) = site.client.get(link, headers=JSON).json()["protocols"].values()
    presented = site.client.post(exchange, json={}).json()["verifiablePresentation"]
    (credential,) = presented["verifiableCredential"]
    (issued,) = (each for each in site.registrar.rows() if each.row_number == given.row)
    assert digest_json(orjson.dumps(credential)) == issued.digest
    assert embedded(credential, issued.digest) is not None
    assert site.of(given).taken_by is Way.EXCHANGE
    # Once: the link and the offer are used up, by this protocol and by the other.
    assert site.client.post(exchange, json={}).status_code == 404
    assert site.client.get(f"/hand-over/offers/{given.secret}").status_code == 404


def test_the_page_gives_the_file_before_and_after_a_wallet_took_it(site: Site, given: Given) -> None:
    typed = {"ascii": given.code, "arabic": given.code.translate({ord("0") + n: 0x660 + n for n in range(10)})}
    for code in typed.values():
        answer = site.type_code(given, code)
        assert answer.headers["content-disposition"] == 'attachment; filename="credential.json"'
        assert embedded(orjson.loads(answer.content), digest_json(answer.content)) is not None
    site.token(given)
    page = site.client.get(given.link, headers={"Accept": "text/html"}).text
    assert "A wallet has taken this award already." in page
    assert "openid-credential-offer" not in page
    assert site.type_code(given, given.code).status_code == 200
    assert site.of(given).downloaded_at == site.now


def test_each_part_of_an_award_is_a_credential_by_itself(begun: Path, tmp_path: Path) -> None:
    with site_in(tmp_path, begun, template=GRANULAR) as site:
        less = row(6, course__law="", competence__team="", competence__dev="")
        given, other = site.offer(site.issued([row(5), less]))
        wanted, fewer = configurations(site, given), configurations(site, other)
        assert len(set(wanted)) == len(wanted) == 6
        assert set(fewer) < set(wanted)
        token = site.token(given)
        found = [site.ask(token, each).json()["credentials"][0]["credential"]["id"] for each in wanted]
        assert found == [each.credential_id for each in site.registrar.rows() if each.row_number == 5]
        # What the other has not, its token is not good for.
        refused = site.ask(site.token(other), next(each for each in wanted if each not in fewer))
        assert (refused.status_code, refused.json()["error"]) == (400, "unknown_credential_configuration")
        packed = site.type_code(other, other.code)
        with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
            assert archive.namelist() == ["credential.json", "marks.json", "course-db.json"]
        # What was offered once is offered again only where somebody says so; the link before is dead then.
        run = site.registrar.store.runs(1)[0]
        assert site.offer(run) == []
        (again,) = site.offer(run, rows=[5], again=True)
        assert site.client.get(given.link, headers=JSON).status_code == 404
        assert site.ask(token, wanted[0]).status_code == 401
        assert site.client.get(again.link, headers=JSON).status_code == 200


# Who has not both codes


def test_wrong_codes_close_an_offer_and_every_refusal_is_the_same(site: Site, given: Given) -> None:
    code, unknown, begun = site.pre_authorised(given), "A" * 43, site.now
    answers = []
    for tried in range(1, MOST_TRIES + 1):
        answers.append(site.redeem(code, given.wrong))
        site.now += wait_after(tried)
        site.passed += 3_600
    # Half a day of trying: one in five million guesses so.
    assert 36_000 < site.now - begun < 43_200
    answers += [site.redeem(code, given.code), site.redeem(unknown, given.code)]
    answers += [site.redeem("é" * 43, given.code), site.redeem("A" * 9_000, "9" * 9_000)]
    taken, expired, withdrawn = (next(site.given) for _ in range(3))  # type: ignore[attr-defined]
    codes = [site.pre_authorised(each) for each in (taken, expired, withdrawn)]
    site.token(taken)
    run = site.registrar.store.runs(1)[0]
    assert site.offers.withdraw(run, [site.of(withdrawn).row_key], int(site.now)) == 1
    answers += [site.redeem(codes[0], taken.code), site.redeem(codes[2], withdrawn.code)]
    site.now += 30 * 86_400
    answers.append(site.redeem(codes[1], expired.code))
    told = {(each.status_code, each.content, tuple(each.headers.items())) for each in answers}
    assert len(told) == 1
    assert answers[0].json()["error"] == "invalid_grant"
    for each in (given, taken, expired, withdrawn):
        assert site.client.get(each.link, headers=JSON).status_code == 404


def test_after_some_wrong_codes_the_next_one_has_to_wait(site: Site, given: Given) -> None:
    code = site.pre_authorised(given)
    for _ in range(FREE_TRIES):
        assert site.redeem(code, given.wrong).status_code == 400
    # The right one, too, so that nobody learns by it; and waiting costs neither the offer nor the address anything.
    for _ in range(2 * WRONG_CODES):
        early = site.redeem(code, given.code)
        assert (early.status_code, early.json()["code"], early.headers["retry-after"]) == (429, "wait", "60")
    page = site.type_code(given, given.code, **{"Accept-Language": "de"})
    assert (page.status_code, page.headers["retry-after"], "Zu viele falsche Codes" in page.text) == (429, "60", True)
    assert site.of(given).tries == FREE_TRIES
    site.now += 60
    assert site.redeem(code, given.wrong).status_code == 400
    site.now += 119
    assert site.redeem(code, given.code).headers["retry-after"] == "1"
    site.now += 1
    assert site.redeem(code, given.code).status_code == 200


def test_wrong_codes_of_others_do_not_end_what_the_right_one_opened(site: Site, given: Given) -> None:
    led = site.type_code(given, given.code, "exchange").headers["location"].partition("?")[0]
    code = site.pre_authorised(given)
    for tried in range(1, MOST_TRIES + 1):
        site.redeem(code, given.wrong)
        # As long as the link is good.
        site.now += min(wait_after(tried), 30)
    assert "verifiablePresentation" in site.client.post(led, json={}).json()


@pytest.mark.parametrize("typed", ["", "test", "1234567", "123456789", "password 1", "12345678 or so", "x" * 5_000])
def test_what_cannot_be_the_code_is_no_try(site: Site, given: Given, typed: str) -> None:
    """Programs that scan mail fill in forms, too."""
    for action in ("file", "exchange", "other"):
        assert site.type_code(given, typed, action).status_code == 403
    assert site.of(given).tries == 0


def test_a_right_code_forgives_the_wrong_ones_before_it(site: Site, given: Given) -> None:
    for _ in range(2):
        for _ in range(FREE_TRIES - 1):
            assert site.type_code(given, given.wrong).status_code == 403
        assert site.type_code(given, given.code).status_code == 200
    assert site.of(given).tries == 0


def test_the_code_of_another_holder_opens_nothing(site: Site, given: Given) -> None:
    other: Given = next(site.given)  # type: ignore[attr-defined]
    assert site.redeem(site.pre_authorised(given), other.code).json()["error"] == "invalid_grant"
    assert site.redeem(site.pre_authorised(other), given.code).json()["error"] == "invalid_grant"
    token = site.token(given)
    assert site.redeem(token, given.code).json()["error"] == "invalid_grant"
    assert site.client.post(f"/hand-over/exchanges/{token}", json={}).status_code == 404
    assert site.client.get(f"/hand-over/interactions/{site.pre_authorised(other)}", headers=JSON).status_code == 404


@pytest.mark.parametrize("attempts", [2, 8])
def test_of_several_who_come_at_once_one_gets_a_token(site: Site, given: Given, attempts: int) -> None:
    code = site.pre_authorised(given)

    def come(_: int) -> str:
        try:
            return site.desk.redeem(code, given.code).secret
        except NotPossible as error:
            return error.code

    with ThreadPoolExecutor(attempts) as pool:
        told = list(pool.map(come, range(attempts)))
    assert told.count("no-offer") == attempts - 1
    assert site.redeem(code, given.code).json()["error"] == "invalid_grant"


def test_trying_at_once_gives_no_more_tries(site: Site, given: Given) -> None:
    code = site.pre_authorised(given)

    def come(_: int) -> str:
        with pytest.raises(NotPossible) as refused:
            site.desk.redeem(code, given.wrong)
        return refused.value.code

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(come, range(24)))
    assert told.count("transaction-code") == FREE_TRIES
    assert site.of(given).tries == FREE_TRIES


def test_from_one_address_only_so_many_wrong_codes_are_looked_at(site: Site, given: Given) -> None:
    for _ in range(WRONG_CODES):
        assert site.redeem("A" * 43, "00000000").status_code == 400
    refused = site.redeem(site.pre_authorised(given), given.code)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate-limit")
    page = site.type_code(given, given.code, **{"Accept-Language": "fr"})
    assert (page.status_code, "Trop de codes" in page.text) == (429, True)
    site.passed += 60
    assert site.redeem(site.pre_authorised(given), given.code).status_code == 200


def test_coming_at_once_from_one_address_gives_no_more_codes(site: Site) -> None:
    app = create_app(site.desk, rate=0, clock=lambda: 0.0)
    form = {"grant_type": PRE_AUTHORISED, "pre-authorized_code": "A" * 43, "tx_code": "00000000"}

    async def come() -> list[int]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
            answers = await asyncio.gather(
                *(client.post("/hand-over/token", data=form) for _ in range(2 * WRONG_CODES))
            )
        return [each.status_code for each in answers]

    told = asyncio.run(come())
    assert (told.count(400), told.count(429)) == (WRONG_CODES, WRONG_CODES)


def test_what_only_looks_uses_nothing_up(site: Site, given: Given) -> None:
    """Programs that scan mail follow every link, as HEAD and as GET, with any header."""
    code = site.pre_authorised(given)
    before = site.of(given)
    query = f"?code={given.code}&action=file&tx_code={given.code}&pre-authorized_code={code}"
    for path in (f"interactions/{given.secret}", f"offers/{given.secret}", f"exchanges/{given.secret}", "token"):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
            for accept in ("*/*", "text/html", "application/json"):
                site.client.request(method, f"/hand-over/{path}{query}", headers={"Accept": accept})
    assert site.of(given) == before
    assert site.token(given)


# What is not in force, or not known to be


@pytest.mark.parametrize("change", [Act.REVOKE, Act.SUSPEND])
def test_what_the_institution_withdrew_is_not_handed_over(site: Site, given: Given, change: Act) -> None:
    late: Given = next(site.given)  # type: ignore[attr-defined]
    token, name = site.token(late), _only(site, late)
    for each in (given, late):
        set_status(site, each, change)
    refused = site.redeem(site.pre_authorised(given), given.code)
    assert refused.json()["error"] == "invalid_grant"
    assert "withdrawn or suspended" in refused.json()["error_description"]
    page = site.type_code(given, given.code)
    assert (page.status_code, "withdrawn or suspended" in page.text) == (403, True)
    # Also where the token was given before.
    assert site.ask(token, name).json()["error"] == "credential_request_denied"
    assert site.of(given).taken_at is None
    if change is Act.SUSPEND:
        set_status(site, given, Act.REINSTATE)
        assert site.redeem(site.pre_authorised(given), given.code).status_code == 200


def test_what_the_chain_does_not_say_is_not_handed_over_and_uses_nothing_up(
    site: Site, given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    led = site.type_code(given, given.code, "exchange").headers["location"].partition("?")[0]
    code = site.pre_authorised(given)

    def away(*_: object) -> None:
        raise ChainUnavailable("no answer from https://secret-endpoint.example", where="rpc")

    with monkeypatch.context() as patch:
        patch.setattr(handing, "asked_states", away)
        refused = site.redeem(code, given.code)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "secret-endpoint" not in refused.text
        assert site.client.post(led, json={}).status_code == 503
        page = site.type_code(given, given.code, **{"Accept-Language": "pt"})
        assert (page.status_code, "O seu código continua bom" in page.text) == (503, True)
    assert site.of(given).tries == 0
    assert "verifiablePresentation" in site.client.post(led, json={}).json()


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("receipts_for", StoreError("a tree is missing", where="/var/secret", code="tree")),
        ("asked_states", OperationalError("select secret", {}, Exception("host secret"))),
    ],
)
def test_a_person_is_told_in_words_when_trees_or_the_database_do_not_answer(
    site: Site, given: Given, monkeypatch: pytest.MonkeyPatch, what: str, error: Exception
) -> None:
    def away(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(handing, what, away)
        page = site.type_code(given, given.code, **{"Accept-Language": "pt"})
        assert (page.status_code, "O seu código continua bom" in page.text) == (503, True)
        assert "secret" not in page.text
    assert site.of(given).tries == 0
    assert site.type_code(given, given.code).status_code == 200


# What strangers send


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        ("grant_type=authorization_code", FORM, "unsupported_grant_type"),
        ("", FORM, "invalid_request"),
        ("{}", "application/json", "invalid_request"),
        ("é=ü", FORM, "invalid_request"),
        ("&".join(f"a{n}=1" for n in range(60)), FORM, "invalid_request"),
        (f"grant_type={PRE_AUTHORISED}&pre-authorized_code=a", FORM, "invalid_request"),
        (f"grant_type={PRE_AUTHORISED}&tx_code=1&tx_code=2&pre-authorized_code=a", FORM, "invalid_request"),
    ],
)
def test_a_token_request_that_is_none_is_told_so(site: Site, body: str, kind: str, error: str) -> None:
    answer = site.client.post("/hand-over/token", content=body.encode(), headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    # As RFC 6749 lets descriptions be written.
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", answer.json()["error_description"])


@pytest.mark.parametrize("path", ["token", "credential", "notification", "interactions/x", "exchanges/x"])
def test_no_body_is_read_beyond_its_bound(site: Site, path: str) -> None:
    kind = (
        "application/json"
        if path in ("credential", "notification", "exchanges/x")
        else "application/x-www-form-urlencoded"
    )
    headers = {"Content-Type": kind, "Authorization": "Bearer x"}
    answer = site.client.post(f"/hand-over/{path}", content=b" " * (65 << 10), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_credential_request_that_is_none_is_told_so(site: Site, given: Given) -> None:
    token, name = site.token(given), _only(site, given)
    assert site.client.post("/hand-over/credential", json={}).status_code == 401
    assert site.ask("x", name).json()["error"] == "invalid_token"
    assert site.ask(token, "x").json()["error"] == "unknown_credential_configuration"
    assert site.ask(token, name, credential_identifier="x").json()["error"] == "unknown_credential_identifier"
    encrypted = site.ask(token, name, credential_response_encryption={"jwk": {}, "enc": "A128GCM"})
    assert encrypted.json()["error"] == "invalid_encryption_parameters"
    header = {"Authorization": f"Bearer {token}"}
    for body in (b"[]", b'{"credential_configuration_id":1}', b'{"a":1,"a":2}', b"[" * 5_000, b"\xff"):
        answer = site.client.post("/hand-over/credential", content=body, headers=header)
        assert answer.json()["error"] == "invalid_credential_request", body
    # A proof that nobody asked for binds nothing, and keeps nobody from the credential.
    assert site.ask(token, name, proofs={"jwt": ["x"]}).status_code == 200


def test_nothing_that_is_sent_becomes_a_header_an_address_or_markup(begun: Path, tmp_path: Path) -> None:
    with site_in(tmp_path, begun) as site:
        (given,) = site.offer(site.issued([row(5, name=HOSTILE)]))
        evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Accept": "text/html"}
        query = "?language=%22%3E%3Cscript%3E&next=https://evil.example&redirect_uri=//evil.example"
        page = site.client.get(f"/hand-over/interactions/{given.secret}{query}", headers=evil)
        led = site.client.post(
            f"/hand-over/interactions/{given.secret}{query}",
            data={"code": given.code, "action": "exchange", "next": "https://evil.example"},
            headers=evil,
        )
        file = site.type_code(given, given.code)
        assert led.headers["location"].startswith("/hand-over/exchanges/")
        for answer in (page, led, file):
            assert "evil.example" not in answer.text + str(answer.headers)
            assert "set-cookie" not in answer.headers
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        # Nobody's name is on the page of an offer, which the link alone opens.
        assert "Zoë" not in page.text
        assert orjson.loads(file.content)["credentialSubject"]["identifier"][0]["identityHash"] == HOSTILE


def test_who_comes_to_no_address_of_this_server_is_told_no_other_that_is_none(site: Site) -> None:
    answer = site.client.get("/hand-over/interactions")
    assert (answer.status_code, answer.json()["remedy"]) == (404, "Open the whole link that you were given.")


def test_a_page_of_a_wallet_may_send_its_token(site: Site) -> None:
    asked = {"Origin": "https://wallet.other", "Access-Control-Request-Method": "POST"}
    answer = site.client.options("/hand-over/credential", headers=asked)
    assert answer.headers["access-control-allow-headers"] == "*, Authorization"


def test_no_secret_is_in_the_books_or_in_a_log(site: Site, given: Given, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code = site.pre_authorised(given)
    site.type_code(given, given.wrong)
    led = site.type_code(given, given.code, "exchange").headers["location"].partition("?")[0].rpartition("/")[2]
    site.client.get(given.link, headers=JSON)
    token = site.token(given)
    site.ask(token, _only(site, given))
    site.redeem(code, given.code)
    number = given.code.replace(" ", "")
    database = b"".join(
        path.read_bytes() for path in site.workspace.folder.path.glob("*") if path.is_file() and "db" in path.name
    )
    assert database
    # The client of the tests has a log of its own.
    told = "\n".join(each.getMessage() for each in caplog.records if not each.name.startswith("httpx"))
    for secret in (given.secret, code, led, token, number):
        assert secret not in told
        assert secret.encode() not in database
