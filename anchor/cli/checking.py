"""By what credentials are checked in commands that do more with them than tell the verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from anchor.cli.session import Session
from anchor.settings import EMBEDDED
from anchor.verifying.files import FileVerifier
from anchor.verifying.outside import outside
from anchor.workspace import Workspace
from registry.chain_names import ChainName
from registry.credential.digest import Limits
from registry.errors import SettingsError
from registry.timestamps import asked_moment


@dataclass(frozen=True, slots=True)
class Checking:
    """The options by which a command is told whom to believe, and as of when."""

    trust: Annotated[
        list[int] | None, typer.Option("--trust", help="A party whose number you have confirmed; repeatable.")
    ] = None
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Policy file: the bodies and issuers you believe.")
    ] = None
    prove: Annotated[
        bool | None,
        typer.Option("--prove/--no-prove", help="Check proofs of what the contract stores; believe no endpoint."),
    ] = None
    offline: Annotated[bool, typer.Option("--offline", help="Go by the evidence in receipts, and ask no endpoint.")] = (
        False
    )
    checkpoints: Annotated[
        Path | None, typer.Option("--checkpoints", help="Checkpoint list whose blocks are believed, with --offline.")
    ] = None
    witnesses: Annotated[
        Path | None, typer.Option("--witnesses", help="Witnesses file: whose signatures of the list count.")
    ] = None
    online: Annotated[
        bool, typer.Option("--online", help="Fetch what credentials name: DID documents of signers, status lists.")
    ] = False
    did_document: Annotated[
        list[Path] | None,
        typer.Option("--did-document", help="A signer's did.json, which you believe; repeatable."),
    ] = None
    at: Annotated[str | None, typer.Option("--at", help="Judge dates as of this day or moment.")] = None

    @contextmanager
    def opened(self, session: Session, here: str = "") -> Iterator[Checker]:
        """What checks credentials in one run.

        Args:
            here: the country in which they are shown, two letters; "": the jurisdiction of the policy.

        Raises:
            SettingsError: options that do not go together, or `--at` is no time.
        """
        if (self.checkpoints or self.witnesses) and not self.offline:
            raise SettingsError(
                "--checkpoints and --witnesses go with --offline", remedy="Add --offline.", code="offline"
            )
        if self.offline and (self.prove or self.online):
            raise SettingsError("--offline asks nobody", remedy="Leave --prove and --online out.", code="offline")
        now = datetime.now(UTC).replace(microsecond=0) if self.at is None else asked_moment(self.at, "--at")
        given = {"policy": self.policy, "checkpoints": self.checkpoints, "witnesses": self.witnesses}
        said = {name: path for name, path in given.items() if path is not None}
        prove = False if self.offline else self.prove
        more = said if prove is None else said | {"prove": prove}
        session.settings = session.settings.model_copy(update=more)
        settings = session.settings
        with session.workspace(read_only=True) as workspace:
            looked_up = outside(self.did_document or (), online=self.online)
            verifier = FileVerifier(
                workspace, trust=self.trust or (), now=now, offline=self.offline, outside=looked_up, here=here
            )
            limits = Limits(settings.max_document_bytes, settings.max_document_depth)
            yield Checker(verifier, now, limits, workspace, is_asked=not self.offline)


@dataclass(frozen=True, slots=True)
class Checker:
    """What checks the credentials of one run.

    Attributes:
        now: the moment by which dates are judged.
        is_asked: whether a chain is asked at all.
    """

    verifier: FileVerifier
    now: datetime
    limits: Limits
    workspace: Workspace
    is_asked: bool = True

    @property
    def chain(self) -> ChainName | None:
        """The chain that was asked; None where none was."""
        has_chain = self.workspace.has_folder or self.workspace.settings.chain != EMBEDDED
        return self.workspace.asked_chain if self.is_asked and has_chain else None
