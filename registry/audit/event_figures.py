"""Figures of events that stand in Parquet files, counted by DuckDB: all the SQL there is for it.

The files are those that a lookup service writes (`registry.service.exports`). They are taken for what they say: whether
they are whole and true is what an audit finds out, from the chain. What they show of it by themselves is told: gaps in
the numbers of an issuer's batches, and events that were not final when they were written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, Final

from registry.errors import IntakeError
from registry.extras import needs
from registry.records import EVENTS_ABOUT, Purpose, Reason
from registry.untrusted.text import LONGEST, terminal_text

_CHAIN: Final = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}")
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_BLOCK: Final = re.compile(r"[0-9]{1,18}")
MEMORY: Final = "1GB"
"""For DuckDB; what does not fit is put on disk, in a folder that is gone afterwards."""

# What the lookup service wrote into the files about them (`registry.service.exports.about`).
_ABOUT: Final = """
SELECT CAST(file_name AS VARCHAR), decode(key), decode(value) FROM parquet_kv_metadata($files)
WHERE starts_with(decode(key), $prefix)
"""
# Each event once, whatever files it is in; and what stands in its arguments, with places that can be compared.
_EVENTS: Final = """
CREATE TEMP TABLE event AS
SELECT
    CAST(block_number AS BIGINT) AS block,
    CAST(block_hash AS VARCHAR) AS block_hash,
    CAST(log_index AS BIGINT) AS log,
    strftime(make_timestamp(epoch_us(block_time)), '%Y-%m') AS month,
    CAST(name AS VARCHAR) AS name,
    CAST(party AS BIGINT) AS issuer,
    CAST(root AS VARCHAR) AS root,
    CAST(arguments ->> '$.leafCount' AS BIGINT) AS leaves,
    CAST(arguments ->> '$.sequence' AS BIGINT) AS sequence,
    CAST(arguments ->> '$.purpose' AS INTEGER) AS purpose,
    CAST(arguments ->> '$.reason' AS INTEGER) AS reason,
    bit_count(CAST(unhex(lpad(substr(arguments ->> '$.changed', 3), 64, '0')) AS BIT)) AS bits,
    coalesce(bool_or(final), false) AS final
FROM read_parquet($files)
GROUP BY ALL
"""
_NAMELESS: Final = """
SELECT count(*) FROM event WHERE block IS NULL OR block_hash IS NULL OR log IS NULL OR month IS NULL OR name IS NULL
"""
_SPAN: Final = """
SELECT count(*), min(block), max(block), count(*) FILTER (NOT final),
    count(*) - count(DISTINCT (block, log)), count(DISTINCT (block, block_hash)) - count(DISTINCT block)
FROM event
"""
_ANCHORED: Final = """
SELECT issuer, month, count(*) FILTER (name = 'Anchored'), CAST(sum(leaves) AS BIGINT)
FROM event WHERE name IN ('Anchored', 'LeafCountStated') GROUP BY ALL ORDER BY ALL
"""
# Of a voided batch those count that were not revoked by their places before.
_CHANGED: Final = """
WITH standing AS (
    SELECT name, issuer, month, reason, sum(CASE
            WHEN name IN ('Anchored', 'LeafCountStated') THEN leaves
            WHEN name = 'StatusSet' AND purpose = $revocation THEN -bits
        END) OVER (PARTITION BY issuer, root ORDER BY block, log ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        AS credentials
    FROM event WHERE name IN ('Anchored', 'LeafCountStated', 'StatusSet', 'BatchVoided')
        AND (issuer, root) IN (SELECT (issuer, root) FROM event WHERE name = 'BatchVoided')
), change AS (
    SELECT issuer, month, purpose, reason, bits AS credentials FROM event
        WHERE name = 'StatusSet' AND purpose IN ($revocation, $suspension)
    UNION ALL SELECT issuer, month, $revocation, reason, coalesce(credentials, 0)
        FROM standing WHERE name = 'BatchVoided'
    UNION ALL SELECT issuer, month, $revocation, reason, 1 FROM event WHERE name = 'DigestRevoked'
    UNION ALL SELECT issuer, month, $suspension, reason, 1 FROM event WHERE name = 'DigestSuspended'
)
SELECT issuer, month, purpose, reason, count(*), CAST(sum(credentials) AS BIGINT)
FROM change GROUP BY ALL ORDER BY ALL
"""
_GAPS: Final = """
SELECT issuer, CAST(max(sequence) - count(*) AS BIGINT) FROM event WHERE name = 'Anchored'
GROUP BY issuer HAVING max(sequence) <> count(*) ORDER BY issuer
"""


@dataclass(frozen=True, slots=True)
class Anchored:
    """What an issuer anchored in a month: batches, and the credentials that they say they have.

    Attributes:
        month: of the block, UTC, as `2026-01`.
    """

    issuer: int
    month: str
    batches: int
    credentials: int


@dataclass(frozen=True, slots=True)
class Changed:
    """How many credentials an issuer revoked or suspended in a month for a reason, and by how many acts.

    A credential counts as often as that was said of it, by its place, its digest or its batch.
    """

    issuer: int
    month: str
    purpose: Purpose
    reason: Reason
    acts: int
    credentials: int


@dataclass(frozen=True, slots=True)
class FileOfEvents:
    """What a file says that it is of.

    Attributes:
        file: its name.
        chain, contract: CAIP-2 name and address.
        first_block: of the contract.
        as_of: the newest block that the service knew of.
        from_block, to_block: that it was asked for.
        left_out: by what the events were chosen, as JSON; None where all of these blocks are in it.
    """

    file: str
    chain: str
    contract: str
    first_block: int
    as_of: int
    from_block: int
    to_block: int
    left_out: str | None


@dataclass(frozen=True, slots=True)
class EventFigures:
    """What the events in some files come to.

    Attributes:
        sources: the files that say what they are of, all of one contract.
        silent: names of those that do not.
        events: different ones.
        first_block, last_block: of the first and the last of them; None where there is none.
        not_final: events that no file calls final.
        missing: by issuer, how many batches its numbers say were anchored that are in no file.
    """

    events: int
    first_block: int | None
    last_block: int | None
    not_final: int
    anchored: tuple[Anchored, ...]
    changed: tuple[Changed, ...]
    missing: dict[int, int]
    sources: tuple[FileOfEvents, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def as_of(self) -> int | None:
        """The newest block that a service knew of when it wrote a file; None where no file says."""
        return max((each.as_of for each in self.sources), default=None)

    @property
    def unread_blocks(self) -> list[tuple[int, int]]:
        """Ranges of blocks of which no file claims to have every event, from the contract's first to the newest known.

        Empty where no file says what it is of: then nothing is known of that.
        """
        if (as_of := self.as_of) is None:
            return []
        found, next_one = [], min(each.first_block for each in self.sources)
        for each in sorted(self.sources, key=lambda each: each.from_block):
            if each.left_out is None and each.to_block >= max(next_one, each.from_block):
                if each.from_block > next_one:
                    found.append((next_one, each.from_block - 1))
                next_one = each.to_block + 1
        return [*found, (next_one, as_of)] if next_one <= as_of else found


def figures_of(files: Sequence[Path]) -> EventFigures:
    """Count what stands in files of events.

    Raises:
        IntakeError: a file cannot be read, or is no such file (code `unreadable` or `events-parquet`), or they tell of
            different histories (code `events-apart`).
        SettingsError: DuckDB is not installed (code `extra-missing`).
    """
    with _counting(files) as (connection, links):
        sources = _sources(connection, links)
        contracts = sorted({(each.chain, each.contract) for each in sources})
        if len(contracts) > 1:
            raise IntakeError(
                f"the files are of different contracts: {', '.join(map(':'.join, contracts[:3]))}",
                remedy="Count those of one contract at a time.",
                code="events-apart",
            )
        connection.execute(_EVENTS, {"files": list(links)})
        if nameless := connection.execute(_NAMELESS).fetchone()[0]:
            raise ValueError(f"{nameless} rows have no block, place or name")
        events, first, last, not_final, twice, blocks = connection.execute(_SPAN).fetchone()
        if twice or blocks:
            raise IntakeError(
                "the files tell of different histories: one place of the chain has two events, or one block two hashes",
                remedy="Name files of one contract, written after its chain was final there.",
                code="events-apart",
            )
        kinds = {"revocation": int(Purpose.REVOCATION), "suspension": int(Purpose.SUSPENSION)}
        anchored = connection.execute(_ANCHORED).fetchall()
        changed = connection.execute(_CHANGED, kinds).fetchall()
        missing = connection.execute(_GAPS).fetchall()
        return EventFigures(
            events=events,
            first_block=first,
            last_block=last,
            not_final=not_final,
            anchored=tuple(Anchored(*row) for row in anchored),
            changed=tuple(
                Changed(issuer, month, Purpose(purpose), Reason(reason), acts, credentials)
                for issuer, month, purpose, reason, acts, credentials in changed
            ),
            missing=dict(missing),
            sources=tuple(sources),
            silent=tuple(name for name in links.values() if name not in {each.file for each in sources}),
        )


def _sources(connection: Any, links: dict[str, str]) -> list[FileOfEvents]:
    """What the files say that they are of, in their order."""
    told: dict[str, dict[str, str]] = {}
    for link, name, value in connection.execute(_ABOUT, {"files": list(links), "prefix": EVENTS_ABOUT}).fetchall():
        told.setdefault(link, {})[name.removeprefix(EVENTS_ABOUT)] = value
    return [_source(links[link], told[link]) for link in links if link in told]


def _source(file: str, told: dict[str, str]) -> FileOfEvents:
    chain, contract, asked = (told.get(name, "") for name in ("chain", "contract", "filter"))
    blocks = [told.get(name, "") for name in ("firstBlock", "asOfBlock", "fromBlock", "toBlock")]
    if not (_CHAIN.fullmatch(chain) and _ADDRESS.fullmatch(contract) and all(map(_BLOCK.fullmatch, blocks)) and asked):
        raise ValueError(f"{file} does not say rightly what it is of")
    first, as_of, start, end = map(int, blocks)
    left_out = None if asked == "{}" else terminal_text(asked, LONGEST)
    return FileOfEvents(file, chain, contract, first, as_of, start, end, left_out)


@contextmanager
def _counting(files: Sequence[Path]) -> Iterator[tuple[Any, dict[str, str]]]:
    """A database in memory that can read the files, by names of ours, and nothing else; and these names with theirs."""
    with needs("engines"):
        import duckdb
    with TemporaryDirectory(prefix="testamur-") as folder:
        spill = Path(folder) / "spill"
        spill.mkdir()
        links = {_linked(Path(folder), number, file): file.name for number, file in enumerate(files)}
        try:
            with duckdb.connect(":memory:") as connection:
                # DuckDB takes what stands in a name for patterns and for addresses; it is shown none that is not ours.
                for setting, value in (
                    ("autoinstall_known_extensions", False),
                    ("autoload_known_extensions", False),
                    ("preserve_insertion_order", False),
                    ("memory_limit", MEMORY),
                    ("temp_directory", str(spill)),
                    ("allowed_paths", list(links)),
                    ("enable_external_access", False),
                    ("lock_configuration", True),
                ):
                    connection.execute(f"SET {setting} = $value", {"value": value})
                yield connection, links
        except duckdb.OutOfMemoryException:
            raise IntakeError(
                f"counting takes more than {MEMORY} of memory and the free space of {gettempdir()}",
                remedy="Set TMPDIR to a folder with more space, or count fewer files at a time.",
                code="events-space",
            ) from None
        except (duckdb.Error, ValueError) as error:
            what = terminal_text(str(error).partition("\n")[0], LONGEST)
            for link, name in links.items():
                what = what.replace(link, terminal_text(name, LONGEST))
            raise IntakeError(
                f"these are no Parquet files of events: {what}",
                where=str(files[0]) if len(files) == 1 else None,
                remedy="Ask a lookup service for them: GET /v1/events?format=parquet.",
                code="events-parquet",
            ) from None


def _linked(folder: Path, number: int, file: Path) -> str:
    """A name of ours for a file."""
    try:
        with file.open("rb"):
            pass
        link = folder / f"{number}.parquet"
        link.symlink_to(file.resolve())
    except OSError as error:
        raise IntakeError(f"it cannot be read: {error.strerror}", where=str(file), code="unreadable") from None
    return str(link)
