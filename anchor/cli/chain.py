"""`testamur deploy`, `testamur status` and `testamur devnet`: the chain and this folder on it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from anchor.batching.as_on_chain import as_on_chain
from anchor.books.batches import BatchRow
from anchor.books.tables import BatchState
from anchor.cli.anchor import batch_content, batch_table
from anchor.cli.chains import chain_content, say_chain
from anchor.cli.console import Fields, bold
from anchor.cli.session import Session, command
from anchor.cli.wording import ether
from anchor.settings import EMBEDDED
from anchor.workspace import Workspace
from registry.chain.editions import second
from registry.chain_names import ChainName
from registry.embedded.genesis import CHAIN_ID, DEVELOPMENT_ACCOUNTS, DEVELOPMENT_BALANCE_WEI
from registry.errors import SettingsError, SignerError, WrongChain

_CONTRACT_STATES = {
    "deployed": "deployed",
    "no-contract": "not deployed here yet",
    "wrong-code": "not this program's contract",
}


@command
def deploy(session: Session) -> None:
    """Deploy the registry's two contracts on the chain, or find those that are there."""
    with session.workspace() as workspace:
        deployment, made = workspace.deploy()
        chain = workspace.asked_chain
    edition = second()
    beside = edition.accreditations_address(deployment.address)
    session.result(
        {
            "chain": f"eip155:{deployment.chain_id}",
            "contract": deployment.address,
            "accreditations": beside,
            "edition": edition.number,
            "block": deployment.block_number,
            "codeHash": f"0x{deployment.code_hash.hex()}",
            "deployedNow": made,
            "chainName": chain and chain.words,
        }
    )
    verb = "is deployed now" if made else "was deployed before"
    session.say(f"The registry {verb}: edition {edition.number}, at ", bold(deployment.address), ".")
    session.say(f"Its accreditations have a contract of their own, whose address follows from that: {beside}.")
    say_chain(session, chain)


@command
def status(session: Session) -> None:
    """Show the chain, the issuer, the account that signs, and every batch of this folder."""
    with session.workspace(read_only=True) as workspace:
        if workspace.has_folder:
            content, rows = _folder_content(workspace)
        else:
            content, rows = _content_without_folder(workspace), []
        chain = workspace.asked_chain
    session.result({**content, **chain_content(chain), "batches": [batch_content(row) for row in rows]})
    session.say(Fields(_shown(content, chain)))
    if not workspace.has_folder:
        session.say("There is no data folder yet: the first command that writes makes it.")
    if rows:
        session.say(batch_table(rows))
    if any(row.state is BatchState.SEALED for row in rows):
        session.say("A sealed batch is not on the chain yet: run `testamur anchor --resume`.")
    if any(row.is_put_aside and row.state is BatchState.PARKED for row in rows):
        session.say("A parked batch was put aside by a person: `testamur jobs retry` lets it go on.")


@command
def devnet(
    session: Session,
    host: Annotated[str, typer.Option("--host", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 8545,
) -> None:
    """Serve the embedded chain of this folder as JSON-RPC on loopback, for several processes."""
    if session.settings.chain != EMBEDDED:
        raise SettingsError(
            "the devnet serves the embedded chain, and another one is set",
            remedy="Give --chain embedded, whatever testamur.toml and TESTAMUR_CHAIN say.",
        )
    from registry.embedded.devnet import serve

    def started(url: str) -> None:
        session.result({"url": url, "accounts": list(DEVELOPMENT_ACCOUNTS)})
        session.say("The practice chain of this folder is served at ", bold(url), "; Ctrl+C ends it.")
        session.say(f"In another terminal: TESTAMUR_CHAIN={url} testamur status")

    with session.workspace() as workspace:
        serve(workspace.embedded_chain(), host, port, started=started)


def _contract_content(workspace: Workspace) -> dict[str, Any]:
    """The registry's contracts; of what edition it is, is known once it is there."""
    try:
        contract = workspace.contract
    except WrongChain as error:
        return _no_contract(workspace, error.code)
    return {
        "contract": contract.address,
        "contractState": "deployed",
        "edition": contract.edition.number,
        "accreditations": contract.accreditations_address,
        "accreditationsState": "deployed" if workspace.client.code(contract.accreditations_address) else "no-contract",
    }


def _no_contract(workspace: Workspace, why: str = "no-contract") -> dict[str, Any]:
    unknown = dict.fromkeys(("edition", "accreditations", "accreditationsState"))
    return {"contract": workspace.contract_address, "contractState": why, **unknown}


def _folder_content(workspace: Workspace) -> tuple[dict[str, Any], list[BatchRow]]:
    store = workspace.store
    head = workspace.client.block("latest")
    content: dict[str, Any] = {
        "head": None if head is None else head.number,
        **_contract_content(workspace),
        "parties": store.parties(),
        **_signer_content(workspace),
    }
    rows = store.all()
    if content["contractState"] == "deployed":
        depth = workspace.settings.finality_depth
        rows = [row if row.state is BatchState.FINAL else as_on_chain(workspace.contract, row, depth) for row in rows]
    return content, rows


def _content_without_folder(workspace: Workspace) -> dict[str, Any]:
    """What can be known before there is a data folder: whom to send the fees to, and whether they are there."""
    from anchor.sending.accounts import signer_from

    if workspace.settings.chain == EMBEDDED:
        # The practice chain begins with the folder, and its beginning is the same everywhere.
        head, chain_id = None, CHAIN_ID
        contracts = _no_contract(workspace)
    else:
        found = workspace.client.block("latest")
        head, chain_id = found and found.number, workspace.chain_id
        contracts = _contract_content(workspace)
    content: dict[str, Any] = {"head": head, **contracts, "parties": []}
    try:
        address = signer_from(workspace.settings, chain_id).address
    except SignerError as error:
        return {**content, "signer": None, "noSigner": error.what}
    if workspace.settings.chain == EMBEDDED:
        balance = DEVELOPMENT_BALANCE_WEI if address in DEVELOPMENT_ACCOUNTS else 0
    else:
        balance = workspace.client.balance(address)
    return {**content, "signer": address, "balanceWei": str(balance), "transactionsUnderWay": 0}


def _shown(content: dict[str, Any], chain: ChainName | None) -> dict[str, Any]:
    state = content["contractState"]
    parties = ", ".join(map(str, content["parties"]))
    shown = {
        "chain": chain,
        "newest block": content["head"],
        "contract": content["contract"],
        "contract is": _CONTRACT_STATES.get(state, state),
        "edition": content["edition"],
        **_accreditations_shown(content),
        "parties registered here": parties or "none",
        "signs": content["signer"] or f"nobody: {content['noSigner']}",
    }
    if content["signer"]:
        shown["balance"] = ether(int(content["balanceWei"]))
        shown["transactions under way"] = content["transactionsUnderWay"]
    return shown


def _accreditations_shown(content: dict[str, Any]) -> dict[str, Any]:
    """A registry of the first edition has them in it."""
    beside = content["accreditations"]
    if beside is None or beside == content["contract"]:
        return {}
    lacking = "" if content["accreditationsState"] == "deployed" else " (not deployed yet: `testamur deploy`)"
    return {"accreditations": f"{beside}{lacking}"}


def _signer_content(workspace: Workspace) -> dict[str, Any]:
    try:
        sender = workspace.sender
    except SignerError as error:
        return {"signer": None, "noSigner": error.what}
    # Wei as text: more than JSON readers keep exactly.
    balance = str(workspace.client.balance(sender.address))
    return {"signer": sender.address, "balanceWei": balance, "transactionsUnderWay": sender.open_count()}
