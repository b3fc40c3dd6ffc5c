"""`testamur trees`: the trees of this data folder and the store that serves them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from anchor.batching.publishing import put_unless_known
from anchor.books.batches import BatchRow
from anchor.books.on_chain import History
from anchor.books.trees import trees_of
from anchor.cli.anchor import pulled_content
from anchor.cli.console import Styled, bold
from anchor.cli.session import Exit, Session, command
from anchor.cli.targets import root_given
from anchor.cli.wording import amount
from anchor.restoring.pulling import Left, Pulled, Puller
from anchor.restoring.trees import Repairs
from registry.credential.digest import Limits
from registry.errors import SettingsError, StoreError, TreeError
from registry.merkle.treefile import TreeId
from registry.trees.folder import FolderTrees
from registry.trees.store import DAMAGED, UNAVAILABLE, TreeStore, repair_of

trees_app = typer.Typer(no_args_is_help=True, help="The trees that proofs are made from.")


@trees_app.command("push")
@command
def push(session: Session) -> int:
    """Copy every tree of the data folder that the tree store does not have."""
    settings = session.settings
    if settings.trees is None:
        raise SettingsError(
            "no tree store is set, so the trees are served from the data folder",
            remedy="Set trees to s3://bucket/prefix in testamur.toml or in TESTAMUR_TREES.",
            code="no-tree-store",
        )
    local, store = (
        FolderTrees(settings.data_folder / "trees"),
        trees_of(settings),
    )
    copied: list[dict[str, str | int]] = []
    broken: list[dict[str, str | int]] = []
    trees = local.ids()
    with session.progress("copying") as progress:
        for done, tree in enumerate(trees):
            progress(done, len(trees))
            try:
                if _pushed(local, store, tree):
                    copied.append(_named(tree))
            except StoreError as error:
                if error.code == UNAVAILABLE:
                    raise
                broken.append({**_named(tree), "code": error.code, "what": str(error)})
    there = len(trees) - len(copied) - len(broken)
    session.result({"store": settings.trees, "copied": copied, "thereBefore": there, "broken": broken})
    session.say(f"{amount(len(copied), 'tree')} copied to {settings.trees}, {there:,} were there before.")
    for each in broken:
        session.say(Styled("not copied", "red"), f": {each['what']} ({each['code']})")
    return Exit.FAILED if broken else Exit.DONE


@trees_app.command("pull")
@command
def pull(
    session: Session,
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="Where to look besides the data folder and the tree store: a folder or s3:// with trees, a tree file, "
            "receipts, or an export.",
        ),
    ] = None,
) -> int:
    """Take over the batches that others anchored for the issuer, with their trees; nothing is sent."""
    refilled: list[tuple[BatchRow, str]] = []
    done: list[Pulled] = []
    with session.workspace() as workspace, session.live("looking for trees"):
        puller = Puller(workspace, sources or [])
        history = History(workspace.contract, workspace.store)
        known = puller.issuers() if session.settings.issuer is None else []
        issuers = known or [workspace.issuer()]
        for issuer in issuers:
            done.append(puller.pull(issuer, history.lacking(issuer)))
            refilled += puller.refill(issuer)
    pulled = [row for each in done for row in each.rows]
    left = [each for one in done for each in one.left]
    session.result(
        {
            "issuers": issuers,
            "pulled": [pulled_content(row, source) for row, source in pulled],
            "refilled": [pulled_content(row, source) for row, source in refilled],
            "missing": [_left_content(each) for each in left],
        }
    )
    for row, source in pulled:
        session.say(f"Batch {row.sequence} of issuer {row.issuer}, ", bold(f"0x{row.root.hex()}"), f", from: {source}")
    for row, source in refilled:
        session.say(
            f"The leaves of batch {row.sequence} of issuer {row.issuer}, ",
            bold(f"0x{row.root.hex()}"),
            f", which were given up, from: {source}",
        )
    for each in left:
        session.say(Styled("not taken over", "red"), f": {each.batch} of issuer {each.issuer}")
        for why in each.why:
            session.say(f"    {why}")
    if left:
        session.say(
            f"Nothing is anchored beside {amount(len(left), 'unknown batch', 'unknown batches')}: name what has"
        )
        session.say("their trees, or take them over without their leaves: `testamur recover --without-trees`.")
    elif not (pulled or refilled):
        session.say(f"Every batch of {amount(len(issuers), 'issuer')} is known here.")
    return Exit.FAILED if left else Exit.DONE


def _left_content(each: Left) -> dict[str, Any]:
    return {"issuer": each.issuer, **each.batch.content(), "tried": list(each.why)}


@trees_app.command("repair")
@command
def repair(
    session: Session,
    roots: Annotated[
        list[str] | None, typer.Argument(help="Roots of batches, 0x and 64 hexadecimal digits; default: all trees.")
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option("--from", help="More to make trees from: a folder or s3:// with trees, receipts, or an export."),
    ] = None,
) -> int:
    """Make trees again that are missing or damaged; what is made has to lead to the root that was anchored."""
    settings = session.settings
    limits = Limits(max_bytes=settings.max_document_bytes, max_depth=settings.max_document_depth)
    outcomes = []
    with session.workspace(read_only=True) as workspace, session.progress("looking") as progress:
        repairs = Repairs(workspace.folder, settings, sources or [], limits)
        wanted = repairs.wanted([root_given(text) for text in roots or []])
        for done, tree in enumerate(wanted):
            progress(done, len(wanted))
            outcomes.append(repairs.repair(tree))
    made = [each for each in outcomes if each.source is not None]
    lost = [each for each in outcomes if each.is_lost]
    found = [each for each in outcomes if each.positions is not None]
    unknown = [each for each in outcomes if not each.knows_positions and not each.is_lost]
    session.result(
        {
            "sound": sum(each.sound for each in outcomes),
            "repaired": [{**_named(each.tree), "from": each.source} for each in made],
            "positions": [{**_named(each.tree), "from": each.positions} for each in found],
            "withoutPositions": [_named(each.tree) for each in unknown],
            "lost": [{**_named(each.tree), "tried": list(each.tried)} for each in lost],
        }
    )
    sound = len(outcomes) - len(made) - len(lost)
    session.say(f"{amount(sound, 'tree')} of {len(outcomes):,} sound, {len(made):,} made again, {len(lost):,} lost.")
    for each in made:
        session.say(
            "  ", bold(f"0x{each.tree.root.hex()}"), f" of {each.tree.leaf_count:,} leaves, from: {each.source}"
        )
    if found:
        session.say(f"The positions in status lists of {amount(len(found), 'tree')} were written beside them.")
    if unknown:
        session.say(
            f"Whether the credentials of {amount(len(unknown), 'tree')} have positions in named status lists is"
        )
        session.say("not known here: others anchored them. Name with --from the trees of whoever did.")
    for each in lost:
        session.say("  ", Styled("lost", "red"), f" 0x{each.tree.root.hex()} of {each.tree.leaf_count:,} leaves")
        for why in each.tried:
            session.say(f"    {why}")
    if lost:
        session.say(
            "Name with --from what has their leaves: a backup of the trees, all receipts, or what was anchored."
        )
    return Exit.FAILED if lost else Exit.DONE


def _named(tree: TreeId) -> dict[str, str | int]:
    return {"root": f"0x{tree.root.hex()}", "leafCount": tree.leaf_count}


def _pushed(local: FolderTrees, store: TreeStore, tree: TreeId) -> bool:
    """Copy a tree, once it is clear that it is sound; whether that was needed."""
    _push_positions(local, store, tree)
    try:
        if store.has(tree):
            return False
    except StoreError as error:
        if error.code != DAMAGED:
            raise
    with local.open_whole(tree) as whole:
        try:
            whole.check()
        except TreeError as error:
            raise StoreError(
                f"the tree {tree} is damaged: {error.what}",
                where=str(local.path(tree)),
                remedy=repair_of(tree),
                code=DAMAGED,
            ) from None
    store.put(tree, local.path(tree))
    return True


def _push_positions(local: FolderTrees, store: TreeStore, tree: TreeId) -> None:
    """Copy what stands beside the tree; where nothing does here, `trees repair` may know it."""
    try:
        positions = local.positions(tree)
    except StoreError as error:
        if error.code == UNAVAILABLE:
            raise
        return
    put_unless_known(store, positions)
