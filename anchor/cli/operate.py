"""`testamur deploy`, `testamur status` and `testamur devnet`: the chain and this folder on it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from anchor.batches import Batches
from anchor.cli.jobs import batch_content, batch_table
from anchor.cli.session import Session, command
from anchor.workspace import Workspace
from registry.chain.genesis import DEVELOPMENT_ACCOUNTS
from registry.errors import SettingsError, SignerError, WrongChain
from registry.settings import EMBEDDED
from registry.store.tables import BatchState

WEI = 10**18


@command
def deploy(session: Session) -> None:
    """Deploy the contract on the chain, or find the one that is there."""
    with session.workspace() as workspace:
        deployment, made = workspace.deploy()
    session.result(
        {
            "chain": f"eip155:{deployment.chain_id}",
            "contract": deployment.address,
            "block": deployment.block_number,
            "codeHash": f"0x{deployment.code_hash.hex()}",
            "deployedNow": made,
        }
    )
    verb = "is deployed now" if made else "was deployed before"
    session.say(f"The contract {verb} on chain eip155:{deployment.chain_id} at [bold]{deployment.address}[/].")


@command
def status(session: Session) -> None:
    """Show the chain, the issuer, the account that signs, and every batch of this folder."""
    with session.workspace(read_only=True) as workspace:
        store = workspace.store
        head = workspace.client.block("latest")
        content: dict[str, Any] = {
            "chain": workspace.chain,
            "head": None if head is None else head.number,
            "contract": workspace.contract_address,
            "contractState": _contract_state(workspace),
            "parties": store.parties(),
            **_signer_content(workspace),
        }
        rows = store.all()
        if content["contractState"] == "deployed" and any(row.state is not BatchState.FINAL for row in rows):
            batches = Batches.of(workspace)
            rows = [row if row.state is BatchState.FINAL else batches.seen(row) for row in rows]
    session.result({**content, "batches": [batch_content(row) for row in rows]})
    for name, value in content.items():
        shown = f"{int(value) / WEI:.6f} ether" if name == "balanceWei" else value
        session.say(f"{name:>20}  {shown}")
    if rows:
        session.say(batch_table(rows))
    if any(row.state is BatchState.SEALED for row in rows):
        session.say("A sealed batch is not on the chain yet: run `testamur anchor --resume`.")


@command
def devnet(
    session: Session,
    host: Annotated[str, typer.Option("--host", help="A loopback address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0 takes a free one.")] = 8545,
) -> None:
    """Serve the embedded chain of this folder as JSON-RPC on loopback, for several processes."""
    if session.settings.chain != EMBEDDED:
        raise SettingsError("the devnet serves the embedded chain", remedy="Leave out --chain, or set it to embedded.")
    from registry.chain.devnet import serve

    def started(url: str) -> None:
        session.result({"url": url, "accounts": list(DEVELOPMENT_ACCOUNTS)})
        session.say(f"The embedded chain is served at [bold]{url}[/]; Ctrl+C ends it.")
        session.say(f"In another terminal: TESTAMUR_CHAIN={url} testamur status")

    with session.workspace() as workspace:
        serve(workspace.embedded_chain(), host, port, started=started)


def _contract_state(workspace: Workspace) -> str:
    try:
        _ = workspace.registry
    except WrongChain as error:
        return error.code
    return "deployed"


def _signer_content(workspace: Workspace) -> dict[str, Any]:
    try:
        sender = workspace.sender
    except SignerError as error:
        return {"signer": None, "noSigner": error.what}
    # Wei as text: more than JSON readers keep exactly.
    balance = str(workspace.client.balance(sender.address))
    return {"signer": sender.address, "balanceWei": balance, "transactionsUnderWay": sender.open_count()}
