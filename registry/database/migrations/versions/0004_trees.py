"""Root and leaf count together say which tree it is: strangers may anchor a root as their only digest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
# SQLite numbers rows by itself only in a column of its own INTEGER type.
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Change the key of the trees; those that were loaded stay loaded, each under the count that it has."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("indexed_tree_root_key", "indexed_tree")
        op.create_unique_constraint("indexed_tree_root_leaf_count_key", "indexed_tree", ["root", "leaf_count"])
        return
    # SQLite drops no constraint, and no table that others refer to: both are made anew beside the old ones.
    for name in ("new_leaf", "new_tree"):
        op.execute(f"DROP TABLE IF EXISTS {name}")
    op.create_table(
        "new_tree",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_count", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("loaded_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("root", "leaf_count"),
    )
    op.create_table(
        "new_leaf",
        sa.Column("prefix", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("tree", sa.BigInteger(), sa.ForeignKey("new_tree.id"), primary_key=True, autoincrement=False),
        sa.Column("leaf_index", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO new_tree SELECT id, root, leaf_count, state, loaded_at FROM indexed_tree")
    op.execute("INSERT INTO new_leaf SELECT prefix, tree, leaf_index FROM indexed_leaf ORDER BY prefix, tree")
    op.drop_table("indexed_leaf")
    op.drop_table("indexed_tree")
    # What refers to the one is led to its new name.
    op.rename_table("new_tree", "indexed_tree")
    op.rename_table("new_leaf", "indexed_leaf")
