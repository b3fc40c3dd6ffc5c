"""Credentials made of rosters: the runs that made them, who confirmed these, and each credential."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from registry.database.metadata import BigId

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the tables; nothing was issued from rosters before."""
    op.create_table(
        "issue_run",
        sa.Column("number", BigId, primary_key=True),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("issuer", sa.BigInteger(), nullable=False),
        sa.Column("template", sa.String(), nullable=False, comment="The id that the template has for good."),
        sa.Column(
            "template_path",
            sa.String(),
            nullable=False,
            comment="Where the template lay; its pictures lie beside it.",
        ),
        sa.Column(
            "template_text",
            sa.LargeBinary(),
            nullable=False,
            comment="The template as it was when the run was made.",
        ),
        sa.Column("source", sa.String(), nullable=False, comment="The name of the roster's file."),
        sa.Column(
            "made_by", sa.String(), nullable=False, comment="The account that ran the command, on which machine."
        ),
        sa.Column("made_as", sa.String(), nullable=False, comment="The name that this person gave, or the account's."),
        sa.Column("made_at", sa.BigInteger(), nullable=False, comment="The moment that its signatures state."),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("root", sa.LargeBinary(), comment="Of the tree of its credentials, once all of them are made."),
        sa.Column("credentials", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("confirmed_by", sa.String(), comment="The account that confirmed the root, on which machine."),
        sa.Column("confirmed_as", sa.String(), comment="The name that this person gave."),
        sa.Column("confirmed_at", sa.BigInteger()),
        sa.Index("issue_run_root", "chain", "contract", "root"),
        comment="Rosters that credentials were made of.",
    )
    op.create_table(
        "issued",
        sa.Column("number", BigId, primary_key=True),
        sa.Column("run", sa.BigInteger(), sa.ForeignKey("issue_run.number"), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("issuer", sa.BigInteger(), nullable=False),
        sa.Column(
            "row_key", sa.LargeBinary(), nullable=False, comment="SHA-256 over the template and the person: one award."
        ),
        sa.Column("part", sa.String(), nullable=False, comment="award, course:KEY or competence:KEY."),
        sa.Column("edition", sa.Integer(), nullable=False, comment="1, and one more for each correction."),
        sa.Column(
            "row_number", sa.Integer(), nullable=False, comment="In the roster, from 1 as the spreadsheet counts."
        ),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="SHA-256 over the values of the row."),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False, comment="Empty where the roster has none."),
        sa.Column("language", sa.String(), nullable=False, comment="In which the holder is written to."),
        sa.Column("credential_id", sa.String(), nullable=False, unique=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("method", sa.SmallInteger(), nullable=False),
        sa.Column(
            "document", sa.LargeBinary(), nullable=False, comment="Signed JSON, before the receipt is put into it."
        ),
        sa.Column("delivered_at", sa.BigInteger()),
        sa.Column("replaced_by", sa.String(), comment="The id of the credential that was issued in its place."),
        sa.UniqueConstraint("chain", "contract", "issuer", "row_key", "part", "edition"),
        sa.Index("issued_run", "run"),
        sa.Index("issued_person", "person_id"),
        comment="Credentials that were made of rosters.",
    )
