"""`testamur checkpoint`: lists of blocks that witnesses sign, for verifiers who have no endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from anchor.cli.chains import say_chain
from anchor.cli.console import Column, Listing, Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from anchor.settings import EMBEDDED
from anchor.verifying.checkpoints import (
    Added,
    compare,
    days_since,
    named_blocks,
    named_key,
    read_key,
    read_list,
    read_witnesses,
    refuse_other_chain,
)
from anchor.verifying.named import write_whole
from anchor.workspace import Workspace
from registry.chain.heads import utc_now
from registry.errors import EvidenceError, SettingsError
from registry.privatefiles import write_secret
from registry.proofs.checkpoints import Checkpoints, Entry, checkpoints_of
from registry.proofs.notes import KeyKind, SignerKey, key_name
from registry.proofs.witnesses import WitnessPolicy
from registry.timestamps import write_timestamp
from registry.verify.freshness import duration
from registry.verify.verdict import Code

app = typer.Typer(no_args_is_help=True, help="Lists of blocks that witnesses sign, for verifiers without an endpoint.")

File = Annotated[Path, typer.Argument(help="The list.", show_default=False)]
UNSIGNED = "not signed"


@app.command()
@command
def key(
    session: Session,
    name: Annotated[
        str, typer.Argument(help="What the list or the witness is called, such as blocks.example.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The new file with the key.", show_default=False)],
    witness: Annotated[bool, typer.Option("--witness", help="The key of a witness, not of a list.")] = False,
) -> None:
    """Make the key of a list, or of a witness, in a file that you alone can read, and print its public half."""
    kind = KeyKind.COSIGNATURE if witness else KeyKind.NOTE
    try:
        made = SignerKey.new(key_name(name), kind)
    except EvidenceError as error:
        raise SettingsError(error.what, where=name, remedy="Choose another name.", code=error.code) from None
    write_secret(output, f"{made.to_secret()}\n")
    session.result({"name": name, "key": str(made.verifier), "file": str(output), "witness": witness})
    session.say(bold(made.verifier))
    session.say(f"{output} holds the private half. Keep a copy of it: nobody can bring it back.")


@app.command()
@command
def create(
    session: Session,
    file: File,
    key: Annotated[Path, typer.Option("--key", help="The key of the list.", show_default=False)],
    block: Annotated[
        list[int] | None, typer.Option("--block", min=0, help="Add this block instead of those of days; repeatable.")
    ] = None,
) -> None:
    """Add the blocks of the days since the last entry to a list, or begin one, and sign it."""
    signer = read_key(key, KeyKind.NOTE)
    before = _own_list(file, signer) if file.exists() else None
    entries = () if before is None else before.entries
    with session.workspace(read_only=True) as workspace, session.progress("asking") as progress:
        _refuse_no_endpoint(workspace)
        chain = workspace.chain
        refuse_other_chain(entries, chain)
        last = entries[-1] if entries else None
        listed = {each.number for each in entries}.intersection(block or ())
        if block:
            wanted = [number for number in block if number not in listed]
            added = named_blocks(workspace, wanted, progress) if wanted else Added(())
        else:
            added = days_since(workspace, last, progress)
        asked = workspace.asked_chain
    new = added.entries
    dropped = 0
    if new:
        made = checkpoints_of(signer.name, (*entries, *new))
        write_whole(file, bytes(made.with_signature(signer.sign(made.note.text, utc_now()))))
        dropped = 0 if before is None else sum(not each.is_of(signer.verifier) for each in before.signatures)
    session.result(
        {
            "file": str(file),
            "origin": signer.name,
            "chain": chain,
            "size": len(entries) + len(new),
            "added": [_entry_content(each) for each in new],
            "listed": sorted(listed),
            "droppedSignatures": dropped,
            "moreDays": added.more_days,
        }
    )
    for number in sorted(listed):
        session.say(f"block {number} is in the list already")
    for each in new:
        session.say(f"added: {each.line}")
    session.say(f"{file}: {amount(len(entries) + len(new), 'block')}, {len(new):,} of them new.")
    if dropped:
        session.say(f"{amount(dropped, 'signature')} of others under the shorter list left out: have it signed again.")
    if added.more_days:
        session.say("There are more days: run it again.")
    say_chain(session, asked)


@app.command()
@command
def sign(
    session: Session,
    file: File,
    key: Annotated[Path, typer.Option("--key", help="The key of the witness.", show_default=False)],
    log: Annotated[
        str | None, typer.Option("--log", help="The public key that the list has to be signed by, or a file with it.")
    ] = None,
    before: Annotated[
        Path | None, typer.Option("--before", help="The list as this witness signed it last, to be added to only.")
    ] = None,
) -> None:
    """Sign a list as a witness, if your own endpoints name the same block for every entry."""
    signer = read_key(key, KeyKind.COSIGNATURE)
    given = read_list(file)
    if log is not None:
        _refuse_unsigned(given, log, file)
    known = 0 if before is None else _known(given, before, signer)
    with session.workspace(read_only=True) as workspace, session.progress("comparing") as progress:
        _refuse_no_endpoint(workspace)
        refuse_other_chain(given.entries, workspace.chain)
        compare(workspace, given.entries[known:], progress)
        asked = workspace.asked_chain
    at = utc_now().replace(microsecond=0)
    write_whole(file, bytes(given.with_signature(signer.sign(given.note.text, at))))
    compared = len(given.entries) - known
    session.result(
        {
            "file": str(file),
            "origin": given.origin,
            "size": len(given.entries),
            "compared": compared,
            "witness": signer.name,
            "key": str(signer.verifier),
            "signedAt": write_timestamp(at),
            "logCompared": log is not None,
        }
    )
    session.say(f"{amount(compared, 'block')} of {len(given.entries):,} compared; {signer.name} has signed {file}.")
    if log is None:
        session.say(f"Whose list {given.origin} is was not compared: --log names the key that it has to be signed by.")
    say_chain(session, asked)


@app.command()
@command
def merge(
    session: Session,
    file: File,
    copies: Annotated[list[Path], typer.Argument(help="Copies of it that witnesses signed.", show_default=False)],
    witnesses: Annotated[
        Path, typer.Option("--witnesses", help="Witnesses file: whose signatures are taken.", show_default=False)
    ],
) -> None:
    """Take into a list the signatures that witnesses made below copies of it."""
    policy = read_witnesses(witnesses)
    given = merged = read_list(file)
    _, before = _signers_of(given, policy, file)
    added: dict[str, Path] = {}
    for path in copies:
        copy = read_list(path)
        if (copy.origin, copy.entries) != (given.origin, given.entries):
            raise EvidenceError(
                f"it is no copy of {file}: it has other blocks, or another name",
                where=str(path),
                remedy="Nothing was taken. Have this list signed as it is now.",
                code="checkpoint-copy",
            )
        for name in _signers_of(copy, policy, path)[1]:
            if name not in before and name not in added:
                key = policy.witnesses[name].key
                merged = merged.with_signature(next(each for each in copy.signatures if each.is_of(key)))
                added[name] = path
    if added:
        write_whole(file, bytes(merged))
    session.result({"file": str(file), "origin": given.origin, "added": list(added)})
    for name, path in added.items():
        session.say(f"added: {name}, from {path}")
    session.say(f"{file}: {amount(len(added), 'signature')} added.")


@app.command()
@command
def verify(
    session: Session,
    file: File,
    witnesses: Annotated[
        Path, typer.Option("--witnesses", help="Witnesses file: whose signatures are enough.", show_default=False)
    ],
) -> int:
    """Say who has signed a list, and whether that is enough."""
    policy = read_witnesses(witnesses)
    given = read_list(file)
    by_log, signed = _signers_of(given, policy, file)
    why: EvidenceError | None = None
    try:
        given.trusted(policy)
    except EvidenceError as error:
        # Nothing that is there is wrong; something is missing, and may still come.
        why = error
    session.result(
        {
            "file": str(file),
            "origin": given.origin,
            "size": len(given.entries),
            "signedByLog": by_log,
            "witnesses": [_witness_content(policy, name, signed) for name in policy.witnesses],
            "needed": policy.needed,
            "enough": why is None,
            "code": None if why is None else why.code,
            "chains": [_range_content(name, entries) for name, entries in _by_chain(given).items()],
        }
    )
    _say_list(session, given, policy, by_log, signed)
    _say_age(session, given)
    if why is None:
        session.say(Styled("enough", "green"), f": {_signers(policy, signed)}")
        return Exit.DONE
    session.say(Styled("not enough", "magenta"), f": {why.what} ({why.code})")
    if why.remedy:
        session.say(why.remedy)
    return Exit.COULD_NOT_BE_CHECKED


def _refuse_no_endpoint(workspace: Workspace) -> None:
    """Whoever keeps or signs a list has no data folder, and so no practice chain either."""
    if workspace.settings.chain == EMBEDDED and not workspace.has_folder:
        raise SettingsError(
            "no endpoint was named",
            remedy="Name one with --chain, or chain in testamur.toml.",
            code=Code.CHAIN_NOT_ASKED,
        )


def _signers_of(given: Checkpoints, policy: WitnessPolicy, file: Path) -> tuple[bool, dict[str, datetime]]:
    try:
        return given.signers(policy)
    except EvidenceError as error:
        error.where = error.where or str(file)
        raise


def _own_list(file: Path, signer: SignerKey) -> Checkpoints:
    """The list that this key signed, as it is."""
    found = read_list(file)
    if found.origin != signer.name or not found.signed_by([signer.verifier]):
        raise EvidenceError(
            f"this list is {found.origin}{found.told_ids(signer.name)}, and not signed by the key {signer.name}+"
            f"{signer.verifier.id.hex()}",
            where=str(file),
            remedy="Use the key that it was made with, or another file.",
            code="checkpoint-log",
        )
    return found


def _refuse_unsigned(given: Checkpoints, log: str, file: Path) -> None:
    wanted = named_key(log, "--log")
    if given.origin != wanted.name or not given.signed_by([wanted]):
        raise EvidenceError(
            f"the list {given.origin}{given.told_ids(wanted.name)} is not signed by the key {wanted.name}+"
            f"{wanted.id.hex()}",
            where=str(file),
            remedy="Nothing was signed. Get the list from where it is kept.",
            code="checkpoint-log",
        )


def _known(given: Checkpoints, before: Path, signer: SignerKey) -> int:
    """How many entries this witness has compared already, by its own signature below the list as it was."""
    earlier = read_list(before)
    if not earlier.signed_by([signer.verifier]):
        raise EvidenceError(
            f"{signer.name} has not signed it",
            where=str(before),
            remedy="Name the list as this key signed it last, or leave --before out.",
            code="checkpoint-before",
        )
    if not given.begins_with(earlier):
        raise EvidenceError(
            f"the list is not the one that {signer.name} signed before with entries added at its end",
            where=str(before),
            remedy="Nothing was signed. Ask who keeps the list what became of its entries, and tell its verifiers.",
            code="checkpoint-before",
        )
    return len(earlier.entries)


def _say_list(
    session: Session, given: Checkpoints, policy: WitnessPolicy, by_log: bool, signed: Mapping[str, datetime]
) -> None:
    by_whom = "signed by its log" if by_log else "not signed by a log of the witnesses file"
    session.say(bold(given.origin), f", {amount(len(given.entries), 'block')}, {by_whom}")
    blocks = (Column("chain"), Column("blocks", right=True), Column("first"), Column("last"))
    rows = [
        (chain, f"{len(entries):,}", _block_words(entries[0]), _block_words(entries[-1]))
        for chain, entries in _by_chain(given).items()
    ]
    session.say(Listing(blocks, rows))
    if policy.witnesses:
        columns = (Column("witness"), Column("key"), Column("signed at"), Column("counts"))
        session.say(
            Listing(
                columns,
                [
                    (
                        name,
                        each.key.name,
                        write_timestamp(signed[name]) if name in signed else Styled(UNSIGNED, "yellow"),
                        "yes" if name in policy.counting else "no",
                    )
                    for name, each in policy.witnesses.items()
                ],
            )
        )


def _signers(policy: WitnessPolicy, signed: Mapping[str, datetime]) -> str:
    counting = [name for name in policy.counting if name in signed]
    if policy.quorum is None:
        return "the witnesses file asks for no witness"
    return f"{', '.join(counting)} signed; needed at the least: {policy.needed}"


def _block_words(entry: Entry) -> str:
    return f"{entry.number} {write_timestamp(entry.timestamp)}"


def _say_age(session: Session, given: Checkpoints) -> None:
    """How old the newest block of each chain is: of what was said since, the list lets nobody know."""
    for chain, entries in _by_chain(given).items():
        age = max(0.0, (utc_now() - entries[-1].timestamp).total_seconds())
        session.say(f"The last block of {chain} is {duration(age)} old.")


def _by_chain(given: Checkpoints) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for each in given.entries:
        found.setdefault(each.chain, []).append(each)
    return found


def _entry_content(entry: Entry) -> dict[str, Any]:
    return {
        "chain": entry.chain,
        "block": entry.number,
        "hash": f"0x{entry.hash.hex()}",
        "time": write_timestamp(entry.timestamp),
    }


def _range_content(chain: str, entries: list[Entry]) -> dict[str, Any]:
    return {
        "chain": chain,
        "blocks": len(entries),
        "first": _entry_content(entries[0]),
        "last": _entry_content(entries[-1]),
    }


def _witness_content(policy: WitnessPolicy, name: str, signed: Mapping[str, datetime]) -> dict[str, Any]:
    return {
        "name": name,
        "key": str(policy.witnesses[name].key),
        "signedAt": write_timestamp(signed[name]) if name in signed else None,
        "counts": name in policy.counting,
    }
