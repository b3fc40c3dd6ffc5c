"""`testamur deploy`, `testamur status` and `testamur devnet`: the chain and this folder on it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from anchor.batches import Batches
from anchor.cli.jobs import batch_content, batch_table
from anchor.cli.session import Session, command
from registry.chain.genesis import DEVELOPMENT_ACCOUNTS
from registry.errors import SettingsError, SignerError, WrongChain
from registry.settings import EMBEDDED

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
            "parties": store.parties(),
        }
        try:
            signer = workspace.sender
            content |= {"signer": signer.address, "balanceWei": workspace.client.balance(signer.address)}
            content["transactionsUnderWay"] = signer.open_count()
        except SignerError as error:
            content["signer"] = error.what
        rows = store.all()
        if any(row.state != "final" for row in rows):
            batches = Batches(
                workspace.folder,
                store,
                workspace.registry,
                workspace.sender,
                finality_depth=session.settings.finality_depth,
            )
            rows = [row if row.state == "final" else batches.seen(row) for row in rows]
        try:
            _ = workspace.registry
        except WrongChain as error:
            content["contract"] = f"{workspace.contract_address} ({error.code})"
    session.result({**content, "batches": [batch_content(row) for row in rows]})
    for name, value in content.items():
        session.say(f"{name:>20}  {f'{value / WEI:.6f} ether' if name == 'balanceWei' else value}")
    if rows:
        session.say(batch_table(rows))
    if any(row.state == "sealed" for row in rows):
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
