"""web3 over our endpoints: the same values as our own decoders, errors of ours, and nothing sent twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import closing
from hashlib import sha256
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_abi.tools import get_abi_strategy
from hexbytes import HexBytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError, MethodUnavailable, TransactionNotFound, Web3RPCError
from web3.logs import DISCARD

from registry.chain import calls
from registry.chain.abi import ACCREDITATIONS, Item, interface
from registry.chain.calls import Calls, call_data
from registry.chain.contract import CredentialRegistry
from registry.chain.editions import second
from registry.chain.rpc.client import ChainClient, RpcRefused
from registry.chain.rpc.connect import connect
from registry.chain.rpc.transport import MAXIMUM_ANSWER_BYTES
from registry.chain.web3 import ChainProvider, accreditations_contract, encode_call, registry_contract, web3_of
from registry.embedded.genesis import DEVELOPMENT_ACCOUNTS
from registry.errors import ChainError, ChainUnavailable, ContractReverted, SettingsError
from registry.merkle.tree import Tree
from registry.records import Purpose, Reason
from tests.registry.chain.scripted import Reply, Scripted, each
from tests.registry.chain.worlds import Behaviour, BrokenEndpoint, Exchange, World

DIGESTS = [sha256(bytes([number])).digest() for number in range(5)]
KEY = "s3cr3t-key-of-an-integrator"
SHORT_SECONDS = 0.5
Start = Callable[[Behaviour], BrokenEndpoint]


class Integrator:
    """Somebody who knows web3: the contract, a party and a batch of five, all made through it."""

    def __init__(self, world: World, w3: Web3):
        self.world, self.w3 = world, w3
        if not world.client.code(second().address):
            world.deploy_registry()
        self.contract: Any = registry_contract(w3)
        functions = self.contract.functions
        registered = self.sends(functions.registerParty("did:web:university.example", bytes(32)))
        (event,) = self.contract.events.PartyRegistered().process_receipt(registered, errors=DISCARD)
        self.party = int(event["args"]["party"])
        self.tree = Tree.build([*DIGESTS, self.party.to_bytes(32, "big")])
        self.anchored = self.sends(functions.anchor(self.party, self.tree.root, 6))

    def sends(self, function: Any) -> Any:
        """Build, sign and send as the documentation of web3 does; the mined transaction."""
        account = self.world.account()
        transaction = function.build_transaction(
            {"from": account.address, "nonce": self.w3.eth.get_transaction_count(account.address)}
        )
        sent = self.w3.eth.send_raw_transaction(account.sign_transaction(transaction).raw_transaction)
        mined = self.w3.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.05)
        assert mined["status"] == 1
        return mined


@pytest.fixture
def integrator(world: World) -> Integrator:
    return Integrator(world, web3_of(world.client))


def ours(value: Any) -> Any:
    """A value of web3 as our decoders give it."""
    if isinstance(value, Mapping):
        return {name: ours(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [ours(each) for each in value]
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, str):
        return value.lower() if value.startswith("0x") else value.replace("\0", "\ufffd")
    return value


def as_lists(value: Any) -> Any:
    """A value of ours as web3 gives it where it has no names: structs are their values in order."""
    if isinstance(value, Mapping):
        return [as_lists(each) for each in value.values()]
    if isinstance(value, list | tuple):
        return [as_lists(each) for each in value]
    return value


# A chain


def test_web3_reads_the_same_chain(integrator: Integrator) -> None:
    w3, client = integrator.w3, integrator.world.client
    assert w3.is_connected()
    assert w3.eth.chain_id == client.chain_id()
    newest = client.block("latest")
    assert newest is not None
    block = w3.eth.get_block(newest.number)
    assert (bytes(block["hash"]), block["timestamp"]) == (newest.hash, int(newest.timestamp.timestamp()))
    assert bytes(w3.eth.get_code(integrator.contract.address)) == client.code(integrator.contract.address)
    assert w3.eth.get_balance(DEVELOPMENT_ACCOUNTS[1]) == client.balance(DEVELOPMENT_ACCOUNTS[1])
    with pytest.raises(TransactionNotFound):
        w3.eth.get_transaction_receipt(HexBytes(bytes(31) + b"\1"))


def test_web3_reads_of_the_contract_what_we_read(integrator: Integrator) -> None:
    functions, binding = integrator.contract.functions, CredentialRegistry(integrator.world.client, "0x" + "00" * 20)
    binding.address = integrator.contract.address
    party, root = integrator.party, integrator.tree.root
    found, own = functions.batchOf(party, root).call(), binding.batch(party, root)
    assert own is not None
    assert found == (int(own.anchored_at.timestamp()), own.block_number, 6, own.sequence, 0, 0)
    of_party = binding.party(party)
    assert of_party is not None
    assert functions.partyOf(party).call()[0] == of_party.controller
    proof = integrator.tree.inclusion(3)
    assert functions.verifyInclusion(party, root, 3, integrator.tree.leaf(3), list(proof.path)).call()
    assert not functions.verifyInclusion(party, root, 3, bytes(32), list(proof.path)).call()
    integrator.sends(functions.setStatus(party, root, int(Purpose.REVOCATION), 0, 0b100, int(Reason.ISSUED_IN_ERROR)))
    digest, other = integrator.tree.leaf(2), integrator.tree.leaf(3)
    assert functions.statusOf(party, root, 2, digest).call() == [True, False]
    assert binding.status(party, root, 2, digest).revoked
    integrator.sends(functions.suspendDigests(party, [other], int(Reason.UNDER_REVIEW)))
    assert functions.statusOf(party, root, 3, other).call() == [False, True]
    nothing, said = functions.digestStatusesOf(party, [digest, other]).call()
    own_said = binding.digest_statuses(party, [digest, other])[1]
    assert own_said.suspended_at is not None
    assert nothing == (0, 0, 0, 0)
    assert said == (0, 0, int(own_said.suspended_at.timestamp()), int(Reason.UNDER_REVIEW))
    beside: Any = accreditations_contract(integrator.w3)
    assert beside.functions.registry().call() == integrator.contract.address
    assert beside.functions.accreditationCount().call() == binding.accreditation_count()


def test_web3_decodes_the_events_that_we_decode(integrator: Integrator) -> None:
    client, contract = integrator.world.client, integrator.contract
    binding = CredentialRegistry(client, contract.address)
    own = binding.decode_events(client.logs(contract.address, from_block=integrator.anchored["blockNumber"]))
    (log,) = contract.events.Anchored().get_logs(
        from_block=integrator.anchored["blockNumber"], argument_filters={"issuer": integrator.party}
    )
    (event,) = [one for one in own if one.name == "Anchored" and one.arguments["issuer"] == integrator.party]
    assert ours(dict(log["args"])) == ours(event.arguments)
    assert (bytes(log["transactionHash"]), log["logIndex"]) == (event.transaction, event.log_index)


def test_several_are_asked_at_once(integrator: Integrator) -> None:
    with integrator.w3.batch_requests() as batch:
        batch.add(integrator.contract.functions.partyOf(integrator.party))
        batch.add(integrator.w3.eth.get_block(0))
        batch.add(integrator.contract.functions.partyCount())
        party, block, count = batch.execute()
    assert party[0] == DEVELOPMENT_ACCOUNTS[0]
    assert bytes(block["hash"]) == integrator.world.client.genesis_hash()
    assert count >= integrator.party


def test_a_refusal_is_an_error_of_ours_and_one_of_web3(integrator: Integrator) -> None:
    functions, root = integrator.contract.functions, integrator.tree.root
    for ask in (
        lambda: functions.anchor(integrator.party, root, 6).estimate_gas({"from": DEVELOPMENT_ACCOUNTS[0]}),
        lambda: functions.anchor(integrator.party, root, 6).call({"from": DEVELOPMENT_ACCOUNTS[0]}),
        lambda: functions.anchor(integrator.party, root, 6).build_transaction({"from": DEVELOPMENT_ACCOUNTS[0]}),
    ):
        with pytest.raises(ContractReverted, match="anchored the root") as caught:
            ask()
        assert caught.value.error == "AlreadyAnchored"
        assert caught.value.arguments["root"] == root
        assert isinstance(caught.value, ContractCustomError)
        selector = next(
            each for each, item in second().registry.errors_by_selector.items() if item.name == "AlreadyAnchored"
        )
        assert HexBytes(str(caught.value.data))[:4] == selector
    with pytest.raises(RpcRefused) as refused:
        integrator.w3.provider.make_request("eth_nonsense", [])  # type: ignore[arg-type]
    assert isinstance(refused.value, MethodUnavailable)
    raw = integrator.world.signed(DEVELOPMENT_ACCOUNTS[1], nonce=0)
    with pytest.raises(Web3RPCError) as twice:
        integrator.w3.eth.send_raw_transaction(raw)
    assert isinstance(twice.value, RpcRefused)
    assert "nonce too low" in twice.value.rpc_message.lower()


@pytest.mark.parametrize("world", ["devnet", "anvil"], indirect=True)
def test_the_contract_is_one_with_a_provider_of_web3s_own(world: World) -> None:
    integrator = Integrator(world, Web3(HTTPProvider(world.url)))
    (anchored,) = CredentialRegistry(world.client, integrator.contract.address).anchored_events(issuer=integrator.party)
    assert anchored.arguments["root"] == integrator.tree.root


def test_the_address_is_that_of_the_code_or_as_given() -> None:
    w3 = Web3(HTTPProvider("http://127.0.0.1:1"))
    assert registry_contract(w3).address == second().address
    assert registry_contract(w3, DEVELOPMENT_ACCOUNTS[3].lower()).address == DEVELOPMENT_ACCOUNTS[3]
    assert accreditations_contract(w3).address == second().accreditations_address(second().address)
    beside = second().accreditations_address(DEVELOPMENT_ACCOUNTS[3])
    assert accreditations_contract(w3, DEVELOPMENT_ACCOUNTS[3].lower()).address == beside
    with pytest.raises(ValueError, match="mistyped"):
        registry_contract(w3, "0xF" + DEVELOPMENT_ACCOUNTS[0][3:])


# The same values, whatever they are


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [part for part in (*interface(), *interface(ACCREDITATIONS)) if part["type"] == kind]


def canonical(part: Mapping[str, Any]) -> str:
    kind = str(part["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(canonical(inner) for inner in part['components'])}){kind.removeprefix('tuple')}"


def values_of(parts: list[dict[str, Any]]) -> st.SearchStrategy[list[Any]]:
    return st.tuples(*(get_abi_strategy(canonical(part)) for part in parts)).map(list)


FUNCTIONS = {part["name"]: part for part in of_kind("function")}
EVENTS = {part["name"]: part for part in of_kind("event")}
FEW = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


def item_of(event: str) -> Item:
    parts = (second().registry, second().accreditations)
    return next(item for part in parts for item in part.events_by_topic.values() if item.name == event)


@pytest.mark.parametrize("name", EVENTS)
@FEW
@given(drawn=st.data())
def test_every_event_means_the_same_to_both(name: str, drawn: st.DataObject) -> None:
    parts = EVENTS[name]["inputs"]
    values = drawn.draw(values_of(parts))
    pairs = list(zip(parts, values, strict=True))
    topics = [item_of(name).digest]
    for part, value in pairs:
        if part["indexed"]:
            hashed = canonical(part) in ("string", "bytes")
            topics.append(sha256(str(value).encode()).digest() if hashed else encode([canonical(part)], [value]))
    rest = [(canonical(part), value) for part, value in pairs if not part["indexed"]]
    told = encode([kind for kind, _ in rest], [value for _, value in rest])
    log = {
        "address": second().address,
        "topics": [HexBytes(topic) for topic in topics],
        "data": HexBytes(told),
        "blockNumber": 1,
        "logIndex": 0,
        "transactionIndex": 0,
        "blockHash": HexBytes(bytes(32)),
        "transactionHash": HexBytes(bytes(32)),
    }
    w3 = Web3(HTTPProvider("http://127.0.0.1:1"))
    is_registrys = any(part.get("name") == name for part in interface())
    contract: Any = registry_contract(w3) if is_registrys else accreditations_contract(w3)
    theirs = contract.events[name]().process_log(log)["args"]
    assert ours(dict(theirs)) == ours(item_of(name).decode_event(topics, told))


@pytest.mark.parametrize("name", [name for name, part in FUNCTIONS.items() if part["outputs"]])
@FEW
@given(drawn=st.data())
def test_every_answer_means_the_same_to_both(name: str, drawn: st.DataObject) -> None:
    parts = FUNCTIONS[name]["outputs"]
    told = encode([canonical(part) for part in parts], drawn.draw(values_of(parts)))
    w3 = Web3(HTTPProvider("http://127.0.0.1:1"))
    theirs = w3.codec.decode([canonical(part) for part in parts], told, strict=True)
    assert ours(list(theirs)) == as_lists(ours(second().function(name).decode_output(told)))


@pytest.mark.parametrize("name", FUNCTIONS)
@FEW
@given(drawn=st.data())
def test_every_call_is_encoded_alike(name: str, drawn: st.DataObject) -> None:
    arguments = drawn.draw(values_of(FUNCTIONS[name]["inputs"]))
    assert encode_call(name, *arguments) == second().function(name).encode(*arguments)


def test_each_transaction_of_a_party_is_encoded() -> None:
    root, address = b"\x0b" * 32, DEVELOPMENT_ACCOUNTS[3].lower()
    terms = (1, 2, 3, 4, 0, (613, 4, 5, 8, 0, 40, root), bytes(32), root, "https://decisions.example")
    given_: dict[str, tuple[Any, ...]] = {
        "register_party": ("did:web:a.example", root),
        "set_profile": (1, "did:web:a.example", root),
        "set_operator": (1, address, True),
        "transfer_controller": (1, address),
        "accept_controller": (1,),
        "retire": (1,),
        "anchor": (1, root, 5),
        "anchor_many": (1, [root], [5]),
        "anchor_by_signature": (1, root, 5, address, 9, b"\1" * 65),
        "void_batch": (1, root, Reason.ISSUED_IN_ERROR),
        "supersede": (1, root, 2, root, 3),
        "set_status": (1, root, Purpose.REVOCATION, 0, 1, Reason.ISSUED_IN_ERROR),
        "revoke_digests": (1, [root, root], Reason.ISSUED_IN_ERROR),
        "suspend_digests": (1, [root], Reason.UNDER_REVIEW),
        "reinstate_digests": (1, [root], Reason.RESOLVED),
        "clear_suspension": (1, root, 0, 1, Reason.RESOLVED),
        "offer_accreditation": (terms,),
        "offer_accreditation_by_signature": (terms, 1, 2, b"\1" * 65),
        "accept_accreditation": (1,),
        "accept_accreditation_by_signature": (1, 2, b"\1" * 65),
        "refuse_accreditation": (1,),
        "recognise": (terms,),
        "suspend_accreditation": (1, 2, Reason.UNDER_REVIEW),
        "reinstate_accreditation": (1, 2, Reason.RESOLVED),
        "withdraw_accreditation": (1, 2, Reason.REQUIREMENTS_NOT_MET),
        "void_accreditation": (1, Reason.ISSUED_IN_ERROR),
    }
    named = {name.removesuffix("_data") for name in vars(Calls) if name.endswith("_data")}
    assert named == given_.keys()
    for name, arguments in given_.items():
        words = name.split("_")
        function = words[0] + "".join(word.title() for word in words[1:])
        made = getattr(Calls, f"{name}_data")(*arguments)
        assert made[:4] == second().function(function).selector


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        ("nonsense", (), "no function nonsense"),
        ("anchor", (1,), "takes 3 arguments, not 1"),
        ("anchor", (1, b"\1" * 31, 5), "anchor"),
        ("anchor", (1, b"\1" * 33, 5), "anchor"),
        ("anchor", (-1, b"\1" * 32, 5), "anchor"),
        ("anchor", (2**64, b"\1" * 32, 5), "anchor"),
        ("anchor", (True, b"\1" * 32, 5), "anchor"),
        ("anchor", ("1", b"\1" * 32, 5), "anchor"),
        ("setOperator", (1, "university.eth", True), "hexadecimal"),
        ("setOperator", (1, "0xuniversity.eth", True), "hexadecimal"),
        ("setOperator", (1, None, True), "setOperator"),
        ("registerParty", (b"did:web:\xff", bytes(32)), "registerParty"),
        ("multicall", ([None],), "multicall"),
    ],
)
def test_what_does_not_fit_is_refused(function: str, arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call_data(function, *arguments)


# Endpoints that fail


def failing() -> dict[str, Behaviour]:
    told = f"no such path: /v3/{KEY}".encode()
    return {
        "silent": lambda exchange: exchange.hang(),
        "dripping": lambda exchange: exchange.drip(),
        "dripping in the header": lambda exchange: exchange.drip(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        "hangs up": lambda exchange: exchange.hang_up(),
        "cut short": lambda exchange: exchange.body(b'{"jsonrpc":"2.0","id":1,"res', claimed=1000),
        "too large": lambda exchange: (
            exchange.body(b" ", claimed=MAXIMUM_ANSWER_BYTES + 2)
            if exchange.method != "eth_sendRawTransaction"
            else exchange.drip(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 1024)
        ),
        "not JSON": lambda exchange: exchange.body(told),
        "not JSON-RPC": lambda exchange: exchange.body(b"[]"),
        "refuses access": lambda exchange: exchange.body(told, 403),
        "has an accident": lambda exchange: exchange.body(told, 500),
        "is away": lambda exchange: exchange.body(told, 503),
        "leads elsewhere": lambda exchange: exchange.body(b"", 307, Location=f"/{KEY}"),
        "limits requests": lambda exchange: exchange.body(told, 429),
        "says why, with its URL": lambda exchange: exchange.error({"code": -32000, "message": told.decode()}),
    }


def everything_about(error: BaseException | None) -> str:
    """All that a log or a report of errors would have of it."""
    found = ""
    while error is not None:
        found += repr(error) + str(error) + repr(error.args) + repr(vars(error))
        found += "".join(traceback.format_exception(error))
        error = error.__cause__ or error.__context__
    return found


def key_in(url: str) -> str:
    return url.replace("http://", f"http://user:{KEY}@") + f"/v3/{KEY}?apikey={KEY}"


@pytest.mark.parametrize("name", failing())
def test_a_failing_endpoint_is_an_error_of_ours_in_time_and_without_its_key(broken: Start, name: str) -> None:
    endpoint = broken(failing()[name])
    with closing(connect(key_in(endpoint.url), timeout=SHORT_SECONDS)) as client:
        w3 = web3_of(client)
        contract: Any = registry_contract(w3)
        for ask in (
            lambda: w3.eth.chain_id,
            lambda: w3.eth.get_block("latest"),
            lambda: contract.functions.batchOf(1, bytes(32)).call(),
            lambda: contract.events.Anchored().get_logs(from_block=0),
            lambda: w3.eth.wait_for_transaction_receipt(HexBytes(bytes(32)), timeout=1),
        ):
            began = time.monotonic()
            with pytest.raises(ChainError) as caught:
                ask()
            # A question may be asked once more where the connection was lost, each within its time.
            assert time.monotonic() - began < 2 * SHORT_SECONDS + 5
            assert isinstance(caught.value, ChainUnavailable)
            assert KEY not in everything_about(caught.value)
        assert not w3.is_connected()
        with pytest.raises(ChainUnavailable):
            w3.is_connected(show_traceback=True)
        assert KEY not in f"{w3.provider} {w3.provider!r}"


@pytest.mark.parametrize("name", failing())
def test_what_is_sent_is_sent_once(broken: Start, name: str) -> None:
    endpoint = broken(failing()[name])
    with closing(connect(key_in(endpoint.url), timeout=SHORT_SECONDS)) as client:
        w3 = web3_of(client)
        with pytest.raises(ChainUnavailable) as caught:
            w3.eth.send_raw_transaction(HexBytes(b"\x02" + bytes(40)))
        assert KEY not in everything_about(caught.value)
        assert endpoint.methods == ["eth_sendRawTransaction"]


def answered(exchange: Exchange, result: object) -> None:
    """An answer that says that no other comes on its connection: one that is closed unsaid looks like a loss."""
    content = json.dumps({"jsonrpc": "2.0", "id": exchange.request["id"], "result": result}).encode()
    exchange.body(content, Connection="close")


def breaking(exchange: Exchange) -> None:
    """Says which chain it serves, and breaks with everything else."""
    match exchange.method:
        case "eth_chainId":
            answered(exchange, "0x1")
        case "eth_getBlockByNumber":
            answered(exchange, {"hash": "0x" + "ab" * 32, "number": "0x0"})
        case _:
            exchange.hang_up()


@pytest.mark.parametrize("method", ["eth_sendTransaction", "eth_sign", "evm_mine", "eth_getFilterChanges"])
def test_what_does_more_than_ask_goes_to_one_endpoint_once(broken: Start, method: str) -> None:
    one, two = broken(breaking), broken(breaking)
    with closing(connect(f"{one.url} {two.url}", timeout=SHORT_SECONDS)) as client:
        provider = ChainProvider(client)
        for ask in (
            lambda: provider.make_request(method, [{}]),  # type: ignore[arg-type]
            lambda: provider.make_batch_request([(method, [{}]), ("eth_gasPrice", [])]),  # type: ignore[list-item]
        ):
            one.methods.clear()
            two.methods.clear()
            with pytest.raises(ChainUnavailable):
                ask()
            assert [*one.methods, *two.methods].count(method) == 1


def test_a_transaction_goes_to_each_endpoint_once(broken: Start) -> None:
    one, two = broken(breaking), broken(breaking)
    with closing(connect(f"{one.url} {two.url}", timeout=SHORT_SECONDS)) as client:
        with pytest.raises(ChainUnavailable):
            web3_of(client).eth.send_raw_transaction(HexBytes(b"\x02" + bytes(40)))
        assert [each.methods.count("eth_sendRawTransaction") for each in (one, two)] == [1, 1]


def test_a_question_goes_to_the_next_endpoint(broken: Start, embedded: World) -> None:
    def answers(exchange: Exchange) -> None:
        answered(exchange, embedded.client.request(exchange.method, exchange.request["params"]))

    def breaks(exchange: Exchange) -> None:
        if exchange.method in ("eth_chainId", "eth_getBlockByNumber"):
            answers(exchange)
        else:
            exchange.body(b"", 500)

    one, two = broken(breaks), broken(answers)
    with closing(connect(f"{one.url} {two.url}", timeout=5)) as client:
        w3 = web3_of(client)
        assert w3.eth.get_balance(DEVELOPMENT_ACCOUNTS[0]) == embedded.client.balance(DEVELOPMENT_ACCOUNTS[0])
        assert "eth_getBalance" in one.methods
        assert "eth_getBalance" in two.methods


def test_several_questions_are_one_request() -> None:
    node = Scripted(each(lambda method, _params: "0x1" if method == "eth_chainId" else "0x2"))
    w3 = web3_of(node.client)
    with w3.batch_requests() as batch:
        batch.add(w3.eth._gas_price())  # type: ignore[attr-defined]
        batch.add(w3.eth._chain_id())  # type: ignore[attr-defined]
        assert batch.execute() == [2, 1]
    assert node.lengths == [2]


def test_an_offchain_lookup_is_a_refusal_and_asks_nobody() -> None:
    asked = encode(
        ["address", "string[]", "bytes", "bytes4", "bytes"],
        [DEVELOPMENT_ACCOUNTS[0], ["http://127.0.0.1:1/{data}"], b"", b"\1\2\3\4", b""],
    )
    thrown = "0x556f1830" + asked.hex()
    refusal = {"error": {"code": 3, "message": "execution reverted", "data": thrown}}
    reverts = each(lambda method, _params: refusal if method == "eth_call" else "0x1")
    w3 = web3_of(Scripted(reverts).client)
    with pytest.raises(ContractReverted):
        w3.eth.call({"to": second().address, "data": b"\1\2\3\4"}, ccip_read_enabled=True)


def test_an_answer_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.chain.rpc.transport.MAXIMUM_ANSWER_BYTES", 1000)
    node = Scripted(lambda _request: Reply(b" " * 2000))
    with pytest.raises(ChainUnavailable) as caught:
        web3_of(node.client).eth.get_logs({})
    assert caught.value.code == "chain-answer-too-large"


# Who loads it


def test_whoever_reads_does_not_load_web3() -> None:
    readers = (
        "registry.chain.contract",
        "registry.chain.storage",
        "registry.embedded.chain",
        "registry.index.indexer",
        "registry.service.app",
        "registry.verifier.verifier",
        "anchor.cli.app",
    )
    for reader in readers:
        program = f"import sys, {reader}; print('web3' in sys.modules)"
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert ran.stdout.strip() == "False", reader


def test_without_it_whoever_writes_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "registry.chain.web3")
    monkeypatch.setitem(sys.modules, "web3", None)
    with pytest.raises(SettingsError, match="web3") as caught:
        calls.call_data("anchor", 1, bytes(32), 1)
    assert "'.[web3]'" in str(caught.value.remedy)
    client: ChainClient = Scripted(each(lambda *_: "0x1")).client
    assert client.chain_id() == 1
