"""`testamur register export`: the decisions of a register's snapshot in the formats that others read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.accredit_export import As, At, Names, Output, say_export, signer_for
from anchor.cli.issuing_options import SignKey
from anchor.cli.session import Session, command
from anchor.issuing.outward import organisations_in, write_export
from anchor.registers.looking import Signature, open_snapshot, signature_of
from registry.errors import SettingsError
from registry.formats.outward.exporting import OPEN, Form, exported
from registry.formats.outward.of_register import select
from registry.formats.trqp import Registry
from registry.timestamps import past_moment, write_timestamp


@command
def export(
    session: Session,
    file: Annotated[Path, typer.Argument(help="The snapshot: NAME.register.")],
    form: As,
    output: Output,
    at: At = None,
    organisations: Names = None,
    sign_key: SignKey = None,
) -> None:
    """Write a snapshot's decisions in force in a format of others, as a statement by a mirror."""
    now = datetime.now(UTC).replace(microsecond=0)
    moment = past_moment(at, "--at", now) or now
    if form is Form.TRUST_MARK:
        raise SettingsError(
            "a mirror signs no trust marks of others",
            where="--as",
            remedy="The agency itself makes its own: testamur accredit export.",
            code="other-body",
        )
    snapshot = open_snapshot(file)
    if signature_of(snapshot) is Signature.BROKEN:
        raise SettingsError(
            "the snapshot is not signed by the publisher that it names",
            where=str(file),
            remedy="Take it from whoever publishes it again.",
            code="snapshot-signature",
        )
    manifest = snapshot.manifest
    registry = Registry(manifest.chain, manifest.contract)
    names = organisations_in(organisations or session.settings.organisations, registry)
    selected = select(
        list(zip(snapshot.digests, snapshot.decisions, strict=True)),
        moment,
        registry.write_party(manifest.party),
        f"the snapshot of {write_timestamp(manifest.made_at)}, 0x{snapshot.root.hex()}",
        names.known,
    )
    made = exported(selected, form)
    write_export(made, output, None if form in OPEN else signer_for(session, sign_key), now)
    say_export(session, made, output, moment)
