"""Snapshots of registers in the operator's folder: read beside the requests, used where their mirrors anchored them.

A snapshot counts by what the chain says of it and by nothing else: the files of the folder may be anybody's. One whose
root the index does not have as anchored by the mirror that its manifest names is listed as that, and never used.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from fastapi import Request

from registry.errors import RegistryError, SettingsError
from registry.http.problems import NotHere, note
from registry.index.reader import Head
from registry.language.catalogue import english
from registry.quality.register import IndexedSnapshot, Publication, Register
from registry.quality.snapshot import SUFFIX, lines_of, read_snapshot
from registry.records import Batch, Key
from registry.service.horizon import AsOf
from registry.service.kept import Kept, version_of
from registry.service.service import Service, service_of
from registry.timestamps import write_timestamp
from registry.verify.policy import KnownRegister
from registry.verify.registers import register_of
from registry.verify.verdict import Code, FactsUnavailable

LOOK_SECONDS: Final = 2.0
"""Between two looks at the folder."""
MOST_FILES: Final = 200
LONGEST_NAME: Final = 200
_STRANGERS: Final = frozenset({Code.REGISTER_OTHER, Code.REGISTER_NOT_ANCHORED})
"""Codes of snapshots that are nothing of the mirror's, whatever their manifest says: anybody can make one."""
_READ: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class _Stamp(NamedTuple):
    """By which it is known that a file is still the one that was read."""

    inode: int
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A file of the folder: the snapshot in it, or why there is none."""

    name: str
    stamp: _Stamp
    snapshot: IndexedSnapshot | None = None
    error: RegistryError | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A snapshot of the folder with what the index says of its root.

    Attributes:
        register: with this snapshot alone, where it counts.
        why: of one that does not count, the code and the sentence.
        is_anchored: whether the mirror that it names anchored its root in this contract, withdrawn since or not.
    """

    file: SnapshotFile
    snapshot: IndexedSnapshot
    register: Register | None
    why: FactsUnavailable | None
    is_anchored: bool

    @property
    def publication(self) -> Publication | None:
        """When it was published, where it counts."""
        return None if self.register is None else self.register.newest.publication


class RegisterFolder:
    """The files of a folder, read again when they change: by a thread of its own, while requests see what was before.

    Args:
        folder: none for a service that keeps no registers.
        clock: seconds that never go back.
    """

    def __init__(self, folder: Path | None = None, *, clock: Callable[[], float] = time.monotonic):
        self._folder = folder
        self._clock = clock
        self._looked_at = float("-inf")
        self._files: tuple[SnapshotFile, ...] = ()
        self._reading = threading.Lock()
        self.version = 0

    @property
    def files(self) -> tuple[SnapshotFile, ...]:
        """By name, as they were read last; whether they have changed is looked at beside the request."""
        if self._folder is not None and self._clock() - self._looked_at > LOOK_SECONDS:
            self._looked_at = self._clock()
            if self._reading.acquire(blocking=False):
                self._reading.release()
                threading.Thread(target=self.read, name="registers", daemon=True).start()
        return self._files

    def read(self) -> None:
        """Read what is new or has changed, and let go of what is no more there."""
        if self._folder is None:
            return
        with self._reading:
            known = {each.name: each for each in self._files}
            found: list[SnapshotFile] = []
            for name, stamp in self._names():
                kept = known.get(name)
                found.append(kept if kept is not None and kept.stamp == stamp else self._read_file(name, stamp))
            if tuple(found) != self._files:
                self._files = tuple(found)
                self.version += 1
        self._looked_at = self._clock()

    def _names(self) -> Iterator[tuple[str, _Stamp]]:
        try:
            with os.scandir(self._folder) as entries:
                files = [
                    (each.name, each.stat(follow_symlinks=False))
                    for each in entries
                    if each.name.endswith(SUFFIX) and len(each.name) <= LONGEST_NAME
                ]
        except OSError as error:
            note(
                SettingsError(
                    f"the folder of registers cannot be read: {error.strerror}",
                    where=str(self._folder),
                    code="register-file",
                )
            )
            return
        whole = sorted((name, found) for name, found in files if stat.S_ISREG(found.st_mode))
        for name, found in whole[:MOST_FILES]:
            yield name, _Stamp(found.st_ino, found.st_size, found.st_mtime_ns)

    def _read_file(self, name: str, stamp: _Stamp) -> SnapshotFile:
        assert self._folder is not None  # noqa: S101 - there is a folder where there are names
        try:
            with open(os.open(self._folder / name, _READ), "rb") as file:  # noqa: PTH123 - no links are followed
                return SnapshotFile(name, stamp, IndexedSnapshot.of(read_snapshot(lines_of(file), name)))
        except RegistryError as error:
            note(error)
            return SnapshotFile(name, stamp, error=error)
        except OSError as error:
            failed = SettingsError(f"it cannot be read: {error.strerror}", where=name, code="register-file")
            note(failed)
            return SnapshotFile(name, stamp, error=failed)


class Registers:
    """The registers of a service, as far as their mirrors anchored them.

    Args:
        service: whose index says what is anchored.
    """

    def __init__(self, folder: RegisterFolder, service: Service):
        self._folder = folder
        self._service = service
        self._placed: Kept[None, tuple[Placed, ...]] = Kept(1)

    def placed(self) -> tuple[tuple[Placed, ...], AsOf]:
        """Every snapshot that was read, with what the index says of it; the newest of a register last.

        Raises:
            NotHere: the index cannot say what was withdrawn or anchored since (codes of `registry.service.reach`).
            StoreError: the index cannot be read.
        """
        as_of = self._service.horizon.current()
        # The version first: files that are newer than it are placed once more, and older ones never kept under it.
        version = (*version_of(as_of.head), self._folder.version)
        files = self._folder.files
        return self._placed.of(version, None, lambda: tuple(self._place(files, as_of.head))), as_of

    def anchored_batches(self) -> frozenset[Key]:
        """The batches that are snapshots of the folder, used or withdrawn: they hold no credentials.

        Raises:
            NotHere, StoreError: as `placed`.
        """
        placed, _ = self.placed()
        return frozenset((each.snapshot.manifest.party, each.snapshot.root) for each in placed if each.is_anchored)

    @property
    def unreadable(self) -> tuple[SnapshotFile, ...]:
        """The files that hold no snapshot."""
        return tuple(each for each in self._folder.files if each.error is not None)

    def _place(self, files: Sequence[SnapshotFile], head: Head) -> Iterator[Placed]:
        found: list[Placed] = []
        for file in files:
            snapshot = file.snapshot
            if snapshot is None:
                continue
            manifest = snapshot.manifest
            batch = self._service.index.batch(manifest.party, snapshot.root)
            batches: Mapping[bytes, Batch] = {} if batch is None else {snapshot.root: batch}
            placed = register_of(
                known_of(snapshot),
                [snapshot],
                batches,
                chain=self._service.index.chain,
                contract=self._service.index.contract,
                as_of=head.cursor,
                final=head.final,
            )
            here = (self._service.index.chain, self._service.index.contract.lower())
            is_anchored = batch is not None and (manifest.chain, manifest.contract) == here
            if isinstance(placed, Register):
                found.append(Placed(file, snapshot, placed, None, is_anchored))
            else:
                found.append(Placed(file, snapshot, None, placed, is_anchored))
        yield from sorted(found, key=_order)

    def of(self, known: KnownRegister) -> tuple[IndexedSnapshot, ...]:
        """The snapshots of a policy's register that its mirror anchored, believed or not; raises as `placed`."""
        return tuple(each.snapshot for each in self._anchored(known))

    def _anchored(self, known: KnownRegister) -> list[Placed]:
        placed, _ = self.placed()
        wanted = known.short_name, known.mirror
        return [
            each
            for each in placed
            if (each.snapshot.manifest.register, each.snapshot.manifest.party) == wanted
            and (each.why is None or each.why.code not in _STRANGERS)
        ]

    def all_known(self) -> tuple[KnownRegister, ...]:
        """A policy's entry for each register that can be asked; raises as `placed`."""
        placed, _ = self.placed()
        usable = {
            (each.register.name, each.register.mirror): each.snapshot for each in placed if each.register is not None
        }
        return tuple(known_of(snapshot) for _, snapshot in sorted(usable.items(), key=lambda item: item[0]))

    def register(self, known: KnownRegister) -> Register:
        """The register as one mirror published it, of all its snapshots that count.

        Raises:
            NotHere: there is none (`unknown-register`); one that the mirror anchored cannot be believed, and may be the
                one that counts (`register-voided`, codes of signatures); or as `placed`.
        """
        anchored = self._anchored(known)
        mine = [each.register for each in anchored if each.register is not None]
        if not mine:
            raise unknown_register(known.short_name, self._service.horizon.current(), mirror=known.mirror)
        for each in anchored:
            if each.why is not None:
                raise _not_believed(each, each.why, self._service.horizon.current())
        published = tuple(snapshot for each in mine for snapshot in each.published)
        return replace(mine[0], published=published, parties=known.parties_by_identifier)

    def named(self, register: str, mirror: int | None) -> KnownRegister:
        """The one register of that name.

        Raises:
            NotHere: there is none (`unknown-register`), or as `placed`.
            SettingsError: several parties mirror it (`several-mirrors`).
        """
        found = [each for each in self.all_known() if each.short_name == register and mirror in (None, each.mirror)]
        if not found:
            raise unknown_register(register, self._service.horizon.now(), mirror=mirror)
        if len(found) > 1:
            mirrors = ", ".join(str(each.mirror) for each in found)
            raise SettingsError(
                f"parties {mirrors} mirror the register {register}",
                where="mirror",
                remedy="Say whose word is asked for.",
                code="several-mirrors",
            )
        return found[0]


def _order(placed: Placed) -> tuple[str, int, int, str]:
    manifest, publication = placed.snapshot.manifest, placed.publication
    return manifest.register, manifest.party, -1 if publication is None else publication.block, placed.file.name


def known_of(snapshot: IndexedSnapshot) -> KnownRegister:
    """A snapshot's register as a policy would name it; its mirror is said by the manifest and by the chain."""
    manifest = snapshot.manifest
    name = f"{manifest.name[:120]}, mirrored by party {manifest.party}"
    return KnownRegister.model_validate({"register": manifest.register, "mirror": manifest.party, "name": name})


def unknown_register(register: str, as_of: AsOf, *, mirror: int | None = None) -> NotHere:
    """That no snapshot of a register is here that counts."""
    of = "" if mirror is None else f" as party {mirror} mirrors it"
    return NotHere(
        f"there is no anchored snapshot of the register {register[:64]!r}{of} here",
        remedy="GET /v1/registers lists what is here.",
        code="unknown-register",
        details=as_of.member,
    )


def _not_believed(placed: Placed, why: FactsUnavailable, as_of: AsOf) -> NotHere:
    return NotHere(
        told_why(why),
        where=placed.file.name,
        remedy="Ask its mirror which snapshots count; the operator takes the other ones out of the folder.",
        code=why.code,
        details=as_of.member,
    )


def placed_members(placed: Placed) -> dict[str, Any]:
    """A snapshot for JSON: what its manifest says, and whether and when its mirror anchored it."""
    manifest, publication, why = placed.snapshot.manifest, placed.publication, placed.why
    return {
        "file": placed.file.name,
        "register": manifest.register,
        "name": manifest.name,
        "uri": manifest.uri or None,
        "mirror": {"chain": manifest.chain, "contract": manifest.contract, "party": manifest.party},
        "issuer": manifest.issuer,
        "root": f"0x{placed.snapshot.root.hex()}",
        "leafCount": placed.snapshot.leaf_count,
        "decisions": manifest.decisions,
        "madeAt": write_timestamp(manifest.made_at),
        "source": {
            "name": manifest.source.name,
            "sha256": manifest.source.sha256.hex(),
            "bytes": manifest.source.size,
            "retrieved": write_timestamp(manifest.source.retrieved),
        },
        "previous": None if manifest.previous is None else f"0x{manifest.previous.hex()}",
        "rules": list(manifest.rules),
        "leftOut": dict(manifest.left_out),
        "isUsed": publication is not None,
        "notUsed": None if why is None else {"code": why.code, "detail": told_why(why)},
        "block": None if publication is None else publication.block,
        "publishedAt": None if publication is None else write_timestamp(publication.at),
        "final": None if publication is None else publication.final,
    }


def told_why(why: FactsUnavailable) -> str:
    """Why a snapshot does not count, in English."""
    return english().text(why.sentences)


def registers_of(request: Request) -> Registers:
    """The registers of the service that a request is for; none where it was given no folder."""
    state = request.app.state
    if getattr(state, "registers", None) is None:
        state.registers = Registers(RegisterFolder(), service_of(request))
    found: Registers = state.registers
    return found
