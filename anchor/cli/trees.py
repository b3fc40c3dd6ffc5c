"""`testamur trees`: the trees of this data folder and the store that serves them."""

from __future__ import annotations

import typer

from anchor.cli.console import Styled
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from registry.errors import SettingsError, StoreError, TreeError
from registry.store.trees import DAMAGED, UNAVAILABLE, FolderTrees, TreeStore, open_trees
from registry.treefile import TreeId

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
    local, store = FolderTrees(settings.data_folder / "trees"), open_trees(settings)
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


def _named(tree: TreeId) -> dict[str, str | int]:
    return {"root": f"0x{tree.root.hex()}", "leafCount": tree.leaf_count}


def _pushed(local: FolderTrees, store: TreeStore, tree: TreeId) -> bool:
    """Copy a tree, once it is clear that it is sound; whether that was needed."""
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
                remedy="Restore it from a backup, or anchor the same input again: the tree is the same.",
                code=DAMAGED,
            ) from None
    store.put(tree, local.path(tree))
    return True
