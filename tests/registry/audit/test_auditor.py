"""The audit of whole registries on a chain: of either edition, with and without a contract for accreditations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from registry.audit.auditor import Auditor
from registry.audit.copies import BookFacts, Copies
from registry.audit.findings import Asked, Audit
from registry.audit.kinds import DifferenceKind
from registry.audit.report.as_json import CLEAN, content
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import Edition, first, second
from registry.chain.rpc.client import RpcRefused
from registry.database.engine import open_database
from registry.embedded.chain import EmbeddedChain
from registry.errors import WrongChain
from registry.index.reader import Index
from registry.merkle.positionfile import ListName
from registry.merkle.tree import Tree
from registry.records import Kind, Purpose, Reason
from registry.trees.folder import FolderTrees
from tests.registry.chain.worlds import World

PROGRAMME, CONDITION = b"p" * 32, b"c" * 32
ONE, TWO, THREE, NOWHERE = (bytes([number]) * 32 for number in (1, 2, 3, 9))


class Registry:
    """A registry on a chain of its own, at which accounts of a world call."""

    def __init__(self, world: World, edition: Edition, *, with_accreditations: bool = True):
        self.world, self.edition = world, edition
        if with_accreditations:
            self.address, _ = world.deploy_registry(edition)
        else:
            self.address, _ = world.deploy(edition.registry.initcode, edition.salt)

    def call(self, function: str, *arguments: object, account: int = 0) -> int:
        """Do it; the number of its block."""
        to, data = self.edition.home(function, self.address), self.edition.function(function).encode(*arguments)
        mined = self.world.send(to, data, account=account)
        assert mined.succeeded, function
        return mined.block_number

    def register(self, account: int = 0) -> None:
        self.call("registerParty", f"https://party-{account}.example", bytes(32), account=account)

    def audited(self, *, copies: Copies | None = None, until: int | None = None, asked: Asked | None = None) -> Audit:
        return Auditor(
            CredentialRegistry(self.world.client, self.address),
            copies=None if copies is None else lambda _chain, _contract: copies,
            asked=asked or Asked(),
            until=until,
            head_age_seconds=0,
        ).run()


class NoBooks:
    """Of an auditor who anchors nothing."""

    def facts(self, _issuer: int | None) -> BookFacts:
        return BookFacts((), ())

    def positions(self, _digests: Iterable[bytes]) -> dict[bytes, tuple[ListName, int]]:
        return {}


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    """What an auditor has who was given trees, and made no index."""
    engine = open_database(f"sqlite:///{tmp_path / 'testamur.db'}")
    (tmp_path / "trees").mkdir()
    index, trees = Index(engine, "eip155:1", "0x" + "11" * 20), FolderTrees(tmp_path / "trees")
    return Copies(tmp_path, NoBooks(), index, trees, str(tmp_path / "trees"))


def put(copies: Copies, *digests: bytes) -> bytes:
    """The root of a batch whose tree the auditor has."""
    with Tree.build(digests) as tree:
        tree.write(copies.folder / "made.tree")
        copies.trees.put(tree.id, copies.folder / "made.tree")
        return tree.root


def offer(edition: Edition, *, programme: bytes = bytes(32), condition: bytes = bytes(32)) -> tuple[object, ...]:
    """The arguments by which party 2 accredits party 1 to issue, as the edition takes them."""
    kind, period, scope = int(Kind.ACCREDIT_TO_ISSUE), (1_700_000_000, 4_000_000_000), (0, 0, 1, 8, 0, 0)
    evidence = (bytes(32), "https://decision.example")
    if edition is first():
        return (2, 1, kind, scope, *period, *evidence)
    return ((2, 1, *period, kind, (*scope, programme), condition, *evidence),)


@pytest.mark.parametrize("edition", [first(), second()], ids=["first", "second"])
def test_a_registry_of_either_edition_is_audited(embedded: World, edition: Edition) -> None:
    here = Registry(embedded, edition)
    here.register()
    here.register(1)
    here.call("setOperator", 1, embedded.account(2).address, True)
    here.call("anchor", 1, ONE, 300, account=2)
    here.call("setStatus", 1, ONE, int(Purpose.REVOCATION), 0, 0b101, int(Reason.ISSUED_IN_ERROR), account=2)
    here.call("transferController", 1, embedded.account(3).address)
    here.call("acceptController", 1, account=3)
    here.call("offerAccreditation", *offer(edition), account=1)
    here.call("acceptAccreditation", 1, account=3)
    audit = here.audited()
    assert (content(audit)["outcome"], audit.differences, audit.unchecked) == (CLEAN, (), ())
    assert audit.state.impossible == []
    checked = audit.checked
    assert (checked.parties, checked.batches, checked.status_words, checked.accreditations) == (2, 1, 4, 1)
    assert (audit.edition, audit.contract) == (edition.number, here.address)
    assert (audit.accreditations_contract == here.address) is (edition is first())
    told = content(audit)
    assert [(each["revoked"], each["inNoBatch"]) for each in told["parties"]] == [(2, 0), (0, 0)]
    assert told["digests"] == []
    assert [(each["programme"], each["conditionHash"]) for each in told["accreditations"]] == [(None, None)]


def test_what_was_said_of_digests_is_compared_with_storage_and_told_of_the_batches_that_have_them(
    embedded: World, copies: Copies
) -> None:
    here = Registry(embedded, second())
    here.register()
    first_root, second_root = put(copies, ONE, TWO), put(copies, TWO, THREE)
    here.call("anchor", 1, first_root, 2)
    here.call("revokeDigests", 1, [TWO, NOWHERE], int(Reason.OBTAINED_BY_FRAUD))
    here.call("suspendDigests", 1, [THREE, TWO], int(Reason.UNDER_REVIEW))
    here.call("reinstateDigests", 1, [TWO], int(Reason.RESOLVED))
    here.call("anchor", 1, second_root, 2)
    audit = here.audited(copies=copies)
    assert audit.differences == audit.unchecked == ()
    assert audit.checked.digests == 3
    assert any("no batch whose tree is here: 1 credentials" in note for note in audit.notes)
    told = content(audit)
    assert {each["digest"]: each["batches"] for each in told["digests"]} == {
        TWO.hex(): 2,
        THREE.hex(): 1,
        NOWHERE.hex(): 0,
    }
    by_digest = [(each["revoked"], each["revokedByDigest"], each["suspendedByDigest"]) for each in told["batches"]]
    assert by_digest == [(0, 1, 0), (0, 1, 1)]
    (party,) = told["parties"]
    assert (party["credentials"], party["revoked"], party["suspended"], party["inNoBatch"]) == (4, 1, 1, 1)
    assert told["insights"]["credentials"]["revoked"] == 2


def test_what_two_operators_did_not_know_of_each_other_is_named_until_the_digest_is_revoked(
    embedded: World, copies: Copies
) -> None:
    """One revokes a credential at its place alone, the other anchors it again: each receipt tells another story."""
    here = Registry(embedded, second())
    here.register()
    for operator in (1, 2):
        here.call("setOperator", 1, embedded.account(operator).address, True)
    old, new = put(copies, ONE, TWO), put(copies, TWO, THREE)
    here.call("anchor", 1, old, 2, account=1)
    here.call("setStatus", 1, old, int(Purpose.REVOCATION), 0, 0b10, int(Reason.OBTAINED_BY_FRAUD), account=1)
    assert here.audited(copies=copies).differences == ()
    here.call("anchor", 1, new, 2, account=2)
    (found,) = here.audited(copies=copies).differences
    assert (found.kind, found.issuer) == (DifferenceKind.STATUS_APART, 1)
    assert found.subject == f"issuer 1, root 0x{new.hex()}"
    assert found.what == (
        f"the credential {TWO.hex()} is revoked as leaf 1 of the batch 0x{old.hex()}, and not as leaf 0 of this one"
    )
    assert "by its digest, which counts wherever it is anchored: the command testamur revoke" in found.means
    assert here.audited(copies=copies, asked=Asked(issuer=7)).differences == ()
    here.call("revokeDigests", 1, [TWO], int(Reason.OBTAINED_BY_FRAUD), account=2)
    audit = here.audited(copies=copies)
    assert audit.differences == ()
    (party,) = content(audit)["parties"]
    assert party["revoked"] == 1


def test_an_anchor_that_was_superseded_is_not_named(embedded: World, copies: Copies) -> None:
    here = Registry(embedded, second())
    here.register()
    old, new = put(copies, ONE, TWO), put(copies, TWO, THREE)
    here.call("anchor", 1, old, 2)
    here.call("voidBatch", 1, old, int(Reason.ISSUED_IN_ERROR))
    here.call("anchor", 1, new, 2)
    (found,) = here.audited(copies=copies).differences
    assert "is revoked with its batch as leaf 1" in found.what
    here.call("supersede", 1, old, 1, new, 0)
    assert here.audited(copies=copies).differences == ()


# The contract for accreditations


def test_a_registry_without_a_contract_for_accreditations_has_none(embedded: World) -> None:
    here = Registry(embedded, second(), with_accreditations=False)
    here.register()
    here.call("anchor", 1, ONE, 3)
    audit = here.audited()
    assert audit.differences == audit.unchecked == ()
    assert (audit.checked.accreditations, audit.accreditations()) == (0, [])
    expected = second().accreditations_address(here.address)
    assert audit.accreditations_contract == expected
    assert any(f"no contract for accreditations at {expected} yet" in note for note in audit.notes)


def test_a_contract_for_accreditations_may_come_later(embedded: World) -> None:
    here = Registry(embedded, second(), with_accreditations=False)
    here.register()
    here.register(1)
    before = here.call("anchor", 1, ONE, 3)
    embedded.deploy(second().accreditations_initcode(here.address), second().salt)
    here.call("offerAccreditation", *offer(second(), programme=PROGRAMME, condition=CONDITION), account=1)
    here.call("acceptAccreditation", 1)
    audit = here.audited()
    assert audit.differences == audit.unchecked == ()
    assert audit.checked.accreditations == 1
    assert not any("no contract for accreditations" in note for note in audit.notes)
    (row,) = content(audit)["accreditations"]
    assert (row["programme"], row["conditionHash"]) == (f"0x{PROGRAMME.hex()}", f"0x{CONDITION.hex()}")
    assert audit.deployed_in < before
    # As of a block before it there are none.
    earlier = here.audited(until=before)
    assert earlier.differences == earlier.unchecked == ()
    assert earlier.checked.accreditations == 0
    assert any("no contract for accreditations" in note for note in earlier.notes)


Lie = Callable[[str, Sequence[Any], dict[str, Any]], dict[str, Any]]


@pytest.fixture
def lie(monkeypatch: pytest.MonkeyPatch) -> Callable[[Lie], None]:
    """Let the chain's endpoint change its answers."""
    honest = EmbeddedChain.make_request

    def arrange(change: Lie) -> None:
        def answer(self: EmbeddedChain, method: str, params: Sequence[Any]) -> dict[str, Any]:
            return change(method, params, honest(self, method, params))

        monkeypatch.setattr(EmbeddedChain, "make_request", answer)
        monkeypatch.delattr(EmbeddedChain, "make_batch_request", raising=False)

    return arrange


@pytest.mark.parametrize("which", ["registry", "accreditations"])
def test_other_code_at_either_address_is_refused(embedded: World, lie: Callable[[Lie], None], which: str) -> None:
    here = Registry(embedded, second())
    address = here.address if which == "registry" else second().accreditations_address(here.address)

    def other(method: str, params: Sequence[Any], answer: dict[str, Any]) -> dict[str, Any]:
        if method == "eth_getCode" and params[0].lower() == address.lower():
            return {"result": "0x6000"}
        return answer

    lie(other)
    with pytest.raises(WrongChain) as refused:
        here.audited()
    assert refused.value.code == "wrong-code"
    assert address in refused.value.what


@pytest.mark.parametrize(
    ("left_out", "kinds"),
    [
        # Nothing else tells of this operator: the contract's own list does.
        (("OperatorSet", -1), {DifferenceKind.OPERATOR_DIFFERS}),
        # The contract counts what a party says of digests, too.
        (
            ("DigestRevoked", 0),
            {DifferenceKind.RECEIPT_DIFFERS, DifferenceKind.STATUS_DIFFERS, DifferenceKind.PARTY_DIFFERS},
        ),
        (("AccreditationAccepted", 0), {DifferenceKind.ACCREDITATION_DIFFERS}),
    ],
)
def test_an_event_of_either_contract_that_an_endpoint_leaves_out_is_noticed(
    embedded: World, lie: Callable[[Lie], None], left_out: tuple[str, int], kinds: set[DifferenceKind]
) -> None:
    here = Registry(embedded, second())
    here.register()
    here.register(1)
    here.call("revokeDigests", 1, [ONE, TWO], int(Reason.ISSUED_IN_ERROR))
    here.call("suspendDigests", 1, [ONE, TWO], int(Reason.UNDER_REVIEW))
    here.call("offerAccreditation", *offer(second()), account=1)
    here.call("acceptAccreditation", 1)
    here.call("setOperator", 1, embedded.account(5).address, True)
    assert here.audited().differences == ()
    name, which = left_out
    built = (second().registry, second().accreditations)
    topic = next(f"0x{at.hex()}" for each in built for at, item in each.events_by_topic.items() if item.name == name)

    def leave_out(method: str, params: Sequence[Any], answer: dict[str, Any]) -> dict[str, Any]:
        if method == "eth_getLogs" and (of_it := [log for log in answer["result"] if log["topics"][0] == topic]):
            return {"result": [log for log in answer["result"] if log is not of_it[which]]}
        return answer

    lie(leave_out)
    assert {each.kind for each in here.audited().differences} == kinds


def test_an_endpoint_that_tells_another_status_of_a_digest(embedded: World, lie: Callable[[Lie], None]) -> None:
    here = Registry(embedded, second())
    here.register()
    here.call("revokeDigests", 1, [ONE], int(Reason.ISSUED_IN_ERROR))
    selector = second().function("digestStatusesOf").selector.hex()

    def other(method: str, params: Sequence[Any], answer: dict[str, Any]) -> dict[str, Any]:
        if method == "eth_call" and params[0]["data"].startswith(f"0x{selector}"):
            # Where the list begins, how long it is, and then when the first digest was revoked.
            words = bytearray.fromhex(answer["result"][2:])
            words[64:96] = bytes(32)
            return {"result": f"0x{words.hex()}"}
        return answer

    lie(other)
    found = here.audited().differences
    assert [each.kind for each in found] == [DifferenceKind.STATUS_DIFFERS] * 2
    assert found[0].subject == f"issuer 1, digest {ONE.hex()}"
    assert "none by the contract" in found[0].what


def test_a_node_that_keeps_no_old_blocks_is_audited_for_what_it_has_or_refuses(
    embedded: World, lie: Callable[[Lie], None]
) -> None:
    """Events of a few blocks at a time, and the state of the newest one alone; what it lacks ends the audit."""
    here = Registry(embedded, second())
    here.register()
    for root in (ONE, TWO, THREE):
        here.call("anchor", 1, root, 300)
    newest = embedded.client.block("latest")
    assert newest is not None
    kept, asked = 0, list[int]()

    def refused(words: str) -> dict[str, Any]:
        return {"error": {"code": -32000, "message": words}}

    def answer(method: str, params: Sequence[Any], answer: dict[str, Any]) -> dict[str, Any]:
        if method == "eth_call" and params[1] not in ("latest", hex(newest.number)):
            return refused("missing trie node 5f (path ) state 0x5f is not available, not found")
        if method == "eth_getLogs":
            first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
            asked.append(last - first + 1)
            if last - first >= 3:
                return refused("eth_getLogs is limited to a 3 range")
            if first < kept:
                return refused("pruned history unavailable")
        return answer

    lie(answer)
    assert content(here.audited())["outcome"] == CLEAN
    assert max(asked) > 3
    kept, asked = newest.number, []
    with pytest.raises(RpcRefused, match="pruned history unavailable"):
        here.audited()
    # What is too long for it is asked for less; what it has not is not.
    assert asked[-1] == 3
