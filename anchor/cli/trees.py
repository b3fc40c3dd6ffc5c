"""`testamur trees`: the trees of this data folder and the store that serves them."""

from __future__ import annotations

import typer

from anchor.cli.console import Styled
from anchor.cli.session import Exit, Session, command
from anchor.cli.wording import amount
from registry.errors import SettingsError, StoreError, TreeError
from registry.store.trees import DAMAGED, UNAVAILABLE, FolderTrees, TreeStore, open_trees

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
    copied: list[str] = []
    broken: list[dict[str, str]] = []
    roots = local.roots()
    with session.progress("copying") as progress:
        for done, root in enumerate(roots):
            progress(done, len(roots))
            try:
                if _pushed(local, store, root):
                    copied.append(f"0x{root.hex()}")
            except StoreError as error:
                if error.code == UNAVAILABLE:
                    raise
                broken.append({"root": f"0x{root.hex()}", "code": error.code, "what": str(error)})
    there = len(roots) - len(copied) - len(broken)
    session.result({"store": settings.trees, "copied": copied, "thereBefore": there, "broken": broken})
    session.say(f"{amount(len(copied), 'tree')} copied to {settings.trees}, {there:,} were there before.")
    for each in broken:
        session.say(Styled("not copied", "red"), f": {each['what']} ({each['code']})")
    return Exit.FAILED if broken else Exit.DONE


def _pushed(local: FolderTrees, store: TreeStore, root: bytes) -> bool:
    """Copy a tree, once it is clear that it is sound; whether that was needed."""
    try:
        if store.has(root):
            return False
    except StoreError as error:
        if error.code != DAMAGED:
            raise
    with local.open_whole(root) as tree:
        try:
            tree.check()
        except TreeError as error:
            raise StoreError(
                f"the tree {root.hex()} is damaged: {error.what}",
                where=str(local.path(root)),
                remedy="Restore it from a backup, or anchor the same input again: the root is the same.",
                code=DAMAGED,
            ) from None
    store.put(root, local.path(root))
    return True
