"""The tables of the database, the same on SQLite and PostgreSQL; `migrations` makes them.

Times are Unix seconds (UTC); hashes and digests are raw bytes; a chain is its CAIP-2 name, such as `eip155:1`. Fees are
wei per gas, as text where they may be more than a database's integers hold.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from registry.database.metadata import BigId, metadata


class BatchState(StrEnum):
    """How far a batch has come, or a deed: what carries a transaction.

    SEALED: its tree is on the disk. RESERVED: it has a nonce. SIGNED: an attempt is stored. BROADCAST: sent.
    REPLACING: sent again with a higher fee. MINED: the event is in a block. SAFE, FINAL: by the chain's word.
    REORGED: its block is gone; the same bytes are sent again. NONCE_LOST: another transaction has its nonce for
    good. PARKED: waits for a person, for funds or for lower fees, and says why. CANCELLED: by a person, before it
    was anchored; a deed, too, when it is not wanted any more or had no effect.
    """

    SEALED = "sealed"
    RESERVED = "reserved"
    SIGNED = "signed"
    BROADCAST = "broadcast"
    REPLACING = "replacing"
    REORGED = "reorged"
    NONCE_LOST = "nonce-lost"
    PARKED = "parked"
    MINED = "mined"
    SAFE = "safe"
    FINAL = "final"
    CANCELLED = "cancelled"


ANCHORED_STATES = (BatchState.MINED, BatchState.SAFE, BatchState.FINAL)


SETTLED_STATES = (BatchState.FINAL, BatchState.CANCELLED)


BY_PERSON = "by-person"


"""The `parked_code` of what a person put aside: only a person takes it up again."""


class StatusJobState(StrEnum):
    """How far a status job has come.

    PENDING: it is stored. SEALED: its transactions are fixed. MINED: what it asks for is so in the newest block. FINAL:
    in a final one, by its transactions. UNCHANGED: it needed none. PARKED: waits for a person, or for what its
    transactions wait for. CANCELLED: by a person, before anything was signed.
    """

    PENDING = "pending"
    SEALED = "sealed"
    MINED = "mined"
    FINAL = "final"
    UNCHANGED = "unchanged"
    PARKED = "parked"
    CANCELLED = "cancelled"


ENDED_STATES = (StatusJobState.FINAL, StatusJobState.UNCHANGED, StatusJobState.CANCELLED)


class JobState(StrEnum):
    """How far a job has come by itself; once it is sealed, its batch says more.

    RECEIVING: its credentials are coming in; nothing is promised yet. QUEUED: all of it is stored. SEALED: it is in a
    batch. UNCHANGED: everything in it was anchored before, or revoked. CANCELLED: by a person. BROKEN: it did not come
    in whole.
    """

    RECEIVING = "receiving"
    QUEUED = "queued"
    SEALED = "sealed"
    UNCHANGED = "unchanged"
    CANCELLED = "cancelled"
    BROKEN = "broken"


party = Table(
    "party",
    metadata,
    Column("chain", String, primary_key=True),
    Column("contract", String, primary_key=True),
    Column("party", BigInteger, primary_key=True),
    Column("registered_at", BigInteger, nullable=False),
    comment="Parties that were registered from this folder.",
)


def _carrying(sender: str) -> tuple[Column[Any], ...]:
    """Where the transaction that a row carries stands; `sender` says what the account is to it."""
    return (
        Column("transaction_hash", LargeBinary),
        Column("block_number", BigInteger),
        Column("block_hash", LargeBinary),
        Column("block_time", BigInteger),
        Column("sender", String, comment=sender),
        Column("nonce", BigInteger),
        Column("parked_code", String),
        Column("parked_why", String),
        Column("mined_at", BigInteger),
        Column("final_at", BigInteger),
        Column("cancel_requested", SmallInteger, nullable=False, server_default="0"),
    )


batch = Table(
    "batch",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("leaf_count", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("sealed_at", BigInteger, nullable=False),
    Column("sequence", BigInteger),
    *_carrying("The account that has a nonce for it."),
    Column(
        "without_leaves",
        SmallInteger,
        nullable=False,
        server_default="0",
        comment="A person gave its leaves up: its tree was lost when it was taken over.",
    ),
    Column("bare", SmallInteger, nullable=False, server_default="0", comment="Anchored by its root and nothing else."),
    Column("counted_at", BigInteger, comment="When a final block had the count of a bare root."),
    UniqueConstraint("chain", "contract", "issuer", "root"),
    Index("batch_state", "chain", "contract", "state"),
)


batch_event = Table(
    "batch_event",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("batch", BigInteger, ForeignKey("batch.id"), nullable=False),
    Column("at", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("detail", String, nullable=False),
    Index("batch_event_batch", "batch"),
    comment="Everything that happened to a batch.",
)


attempt = Table(
    "attempt",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("chain", String, nullable=False),
    Column("sender", String, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("purpose", String, nullable=False, comment="What the transaction is for, the same for a repeated request."),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("raw", LargeBinary, nullable=False),
    Column("signed_at", BigInteger, nullable=False),
    Column("settled_at", BigInteger),
    Column("succeeded", SmallInteger),
    Column("gas", BigInteger),
    Column("max_fee", String, comment="Wei per gas."),
    Column("tip", String, comment="Wei per gas."),
    Column("cost", String, comment="Wei that it cost, once it is settled."),
    Column("sends", Integer, nullable=False, server_default="0"),
    Column("sent_block", BigInteger, comment="Head of the chain when it was last sent."),
    Column("first_sent_block", BigInteger, comment="Head of the chain when it was first sent."),
    Index("attempt_open", "chain", "sender", "settled_at"),
    Index("attempt_nonce", "chain", "sender", "nonce"),
    comment="Signed transactions; the bytes are here before they are sent.",
)


signer = Table(
    "signer",
    metadata,
    Column("chain", String, primary_key=True),
    Column("address", String, primary_key=True),
    Column("next_nonce", BigInteger),
    Column("owner", String, comment="The process that may sign and send; none when the lease is free."),
    Column("epoch", BigInteger, nullable=False, comment="Goes up whenever the lease changes hands."),
    Column("beat", BigInteger, nullable=False, server_default="0", comment="Goes up at each renewal."),
    Column(
        "seconds",
        Float,
        nullable=False,
        server_default="60",
        comment="How long it may stay as it is before another takes the lease.",
    ),
    comment="One row a signing account: who may use it, until when.",
)


checkpoint = Table(
    "checkpoint",
    metadata,
    Column("chain", String, primary_key=True),
    Column("contract", String, primary_key=True),
    Column("genesis_hash", LargeBinary, nullable=False),
    Column("code_hash", LargeBinary, nullable=False),
    Column("final_number", BigInteger, nullable=False),
    Column("final_hash", LargeBinary, nullable=False),
    comment="The newest block that the chain called final: it must never change.",
)


api_key = Table(
    "api_key",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True, comment="SHA-256 of the key."),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)


job = Table(
    "job",
    metadata,
    Column("id", String, primary_key=True),
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("is_open", SmallInteger, nullable=False, comment="It may share a batch with others of its issuer."),
    Column("reissue", SmallInteger, nullable=False),
    Column("source", String, nullable=False, comment="Where it came from: http, folder or command."),
    Column("idempotency_key", String),
    Column("body_hash", LargeBinary, comment="SHA-256 of what came in."),
    Column("created_at", Float, nullable=False),
    Column("queued_at", Float),
    Column("credentials", BigInteger, nullable=False, server_default="0"),
    Column("rejected", BigInteger, nullable=False, server_default="0"),
    Column("duplicates", BigInteger, nullable=False, server_default="0"),
    Column("anchored_before", BigInteger, nullable=False, server_default="0"),
    Column("revoked", BigInteger, nullable=False, server_default="0", comment="Left out: their issuer revoked them."),
    Column("batch", BigInteger, ForeignKey("batch.id")),
    Column("waits_code", String, comment="What it waits for, while it is queued."),
    Column("waits_why", String, comment="The same in words."),
    Column("receiver", String, comment="The process that it comes in at."),
    Column("heard_at", Float, comment="When that process last said that it still comes in."),
    Column(
        "without_history",
        SmallInteger,
        nullable=False,
        server_default="0",
        comment="Leave out only what this database knows to be anchored.",
    ),
    Column("bare", SmallInteger, nullable=False, server_default="0", comment="Its batch is anchored as a bare root."),
    UniqueConstraint("chain", "contract", "issuer", "idempotency_key"),
    Index("job_state", "chain", "contract", "state"),
    Index("job_batch", "batch"),
)


queued = Table(
    "queued",
    metadata,
    Column("job", String, ForeignKey("job.id"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False),
    Column("method", SmallInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("line", Integer, nullable=False),
    comment="Credentials of jobs that are not sealed yet; nothing but their digests.",
)


rejected = Table(
    "rejected",
    metadata,
    Column("job", String, ForeignKey("job.id"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("source", String, nullable=False),
    Column("line", Integer, nullable=False),
    Column("code", String, nullable=False),
    Column("reason", String, nullable=False),
    comment="What of a job has no digest, and why.",
)


leaf = Table(
    "leaf",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("batch", BigInteger, ForeignKey("batch.id"), primary_key=True),
    Column("leaf_index", BigInteger, nullable=False),
    Column("method", SmallInteger, nullable=False),
    Column("source", String, nullable=False),
    Column("line", Integer, nullable=False, comment="Line in the source, from 1; 0 for a whole file."),
    # Leaves come sorted by digest: without a rowid they go into the table itself in one pass.
    sqlite_with_rowid=False,
)


status_job = Table(
    "status_job",
    metadata,
    Column("number", BigId, primary_key=True, comment="The order in which they came: of two words the later one wins."),
    Column("id", String, nullable=False, unique=True),
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("act", String, nullable=False, comment="revoke, suspend, reinstate or void."),
    Column("reason", String, nullable=False, comment="The word that goes on chain."),
    Column("note", String, nullable=False, comment="Why, in words that stay here."),
    Column("root", LargeBinary, comment="The batch that is to be voided."),
    Column(
        "place_only",
        SmallInteger,
        nullable=False,
        server_default="1",
        comment="It says it of places in batches alone, and not of the digests.",
    ),
    Column("urgent", SmallInteger, nullable=False),
    Column("not_before", Float, comment="It is not sent earlier."),
    Column("source", String, nullable=False, comment="Where it came from: http or command."),
    Column("idempotency_key", String),
    Column("body_hash", LargeBinary, comment="SHA-256 of what came in."),
    Column("created_at", Float, nullable=False),
    Column("credentials", BigInteger, nullable=False),
    Column("overtaken", BigInteger, nullable=False, server_default="0", comment="Of which a later one asks otherwise."),
    Column("state", String, nullable=False),
    Column("due", SmallInteger, nullable=False, comment="It has to be compared with the chain."),
    Column("waits_code", String, comment="What it waits for."),
    Column("waits_why", String, comment="The same in words."),
    Column("ended_at", Float),
    UniqueConstraint("chain", "contract", "issuer", "idempotency_key"),
    Index("status_job_state", "chain", "contract", "state"),
)


status_target = Table(
    "status_target",
    metadata,
    Column("job", BigInteger, ForeignKey("status_job.number"), primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, primary_key=True),
    Index("status_target_digest", "digest"),
    comment="The credentials that a status job names.",
)


status_event = Table(
    "status_event",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("job", BigInteger, ForeignKey("status_job.number"), nullable=False),
    Column("at", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("detail", String, nullable=False),
    Index("status_event_job", "job"),
    comment="Everything that happened to a status job.",
)


deed = Table(
    "deed",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("act", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("word", BigInteger, nullable=False),
    Column("mask", LargeBinary, nullable=False, comment="32 bytes: the bits of the word that it changes."),
    Column("digests", LargeBinary, comment="What it changes by digest, 32 bytes each; it has no root then."),
    Column("urgent", SmallInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    *_carrying("The account that sends it."),
    Index("deed_state", "chain", "contract", "state"),
    comment="Transactions that status jobs need, each of one word of statuses, one batch, or digests.",
)


deed_event = Table(
    "deed_event",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("deed", BigInteger, ForeignKey("deed.id"), nullable=False),
    Column("at", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("detail", String, nullable=False),
    Index("deed_event_deed", "deed"),
    comment="Everything that happened to a deed.",
)


deed_of_job = Table(
    "deed_of_job",
    metadata,
    Column("job", BigInteger, ForeignKey("status_job.number"), primary_key=True, autoincrement=False),
    Column("deed", BigInteger, ForeignKey("deed.id"), primary_key=True, autoincrement=False),
    Index("deed_of_job_deed", "deed"),
    comment="Which deeds a status job rests on; a deed may serve several.",
)


act = Table(
    "act",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("chain", String, nullable=False),
    Column("purpose", String, nullable=False, comment="What it is for, the same for a repeated command."),
    Column("recipient", String, nullable=False, comment="The address that is called."),
    Column("data", LargeBinary, nullable=False, comment="What it is called with."),
    Column("state", String, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("answered", SmallInteger, nullable=False, server_default="0", comment="A command has told its outcome."),
    *_carrying("The account that sends it."),
    Index("act_state", "chain", "sender", "state"),
    Index("act_purpose", "chain", "sender", "purpose"),
    comment="Transactions of commands that are neither anchors nor deeds, such as a registration.",
)


evidence = Table(
    "evidence",
    metadata,
    Column("chain", String, primary_key=True),
    Column("contract", String, primary_key=True),
    Column("issuer", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, primary_key=True),
    Column("block_number", BigInteger, nullable=False),
    Column("block_hash", LargeBinary, nullable=False),
    Column("block_time", BigInteger, nullable=False),
    Column("of_day", SmallInteger, nullable=False, comment="The block is the first one of a day, UTC."),
    Column("content", LargeBinary, nullable=False, comment="Its JSON form, as zlib compresses it."),
    comment="What the contract stored of a batch in a final block, with the proofs of it.",
)


class RunState(StrEnum):
    """How far a run of issuing has come by itself; once it is confirmed, its batch says more.

    MAKING: credentials of it are being made. MADE: all of them are stored, and its root is fixed. CONFIRMED: a person
    confirmed that root. DISCARDED: a person threw it away before that, and its credentials are gone.
    """

    MAKING = "making"
    MADE = "made"
    CONFIRMED = "confirmed"
    DISCARDED = "discarded"


issue_run = Table(
    "issue_run",
    metadata,
    Column("number", BigId, primary_key=True),
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("template", String, nullable=False, comment="The id that the template has for good."),
    Column("template_path", String, nullable=False, comment="Where the template lay; its pictures lie beside it."),
    Column("template_text", LargeBinary, nullable=False, comment="The template as it was when the run was made."),
    Column("source", String, nullable=False, comment="The name of the roster's file."),
    Column("made_by", String, nullable=False, comment="The account that ran the command, on which machine."),
    Column("made_as", String, nullable=False, comment="The name that this person gave, or the account's."),
    Column("made_at", BigInteger, nullable=False, comment="The moment that its signatures state."),
    Column("state", String, nullable=False),
    Column("root", LargeBinary, comment="Of the tree of its credentials, once all of them are made."),
    Column("credentials", BigInteger, nullable=False, server_default="0"),
    Column("confirmed_by", String, comment="The account that confirmed the root, on which machine."),
    Column("confirmed_as", String, comment="The name that this person gave."),
    Column("confirmed_at", BigInteger),
    Index("issue_run_root", "chain", "contract", "root"),
    comment="Rosters that credentials were made of.",
)


issued = Table(
    "issued",
    metadata,
    Column("number", BigId, primary_key=True),
    Column("run", BigInteger, ForeignKey("issue_run.number"), nullable=False),
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("row_key", LargeBinary, nullable=False, comment="SHA-256 over the template and the person: one award."),
    Column("part", String, nullable=False, comment="award, course:KEY or competence:KEY."),
    Column("edition", Integer, nullable=False, comment="1, and one more for each correction."),
    Column("row_number", Integer, nullable=False, comment="In the roster, from 1 as the spreadsheet counts."),
    Column("content", LargeBinary, nullable=False, comment="SHA-256 over the values of the row."),
    Column("person_id", String, nullable=False),
    Column("email", String, nullable=False, comment="Empty where the roster has none."),
    Column("language", String, nullable=False, comment="In which the holder is written to."),
    Column("credential_id", String, nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("method", SmallInteger, nullable=False),
    Column("document", LargeBinary, nullable=False, comment="Signed JSON, before the receipt is put into it."),
    Column("delivered_at", BigInteger),
    Column("replaced_by", String, comment="The id of the credential that was issued in its place."),
    # Whatever runs at the same time or again: an award has one credential of each edition.
    UniqueConstraint("chain", "contract", "issuer", "row_key", "part", "edition"),
    Index("issued_run", "run"),
    Index("issued_person", "person_id"),
    comment="Credentials that were made of rosters.",
)


wallet_offer = Table(
    "wallet_offer",
    metadata,
    Column("number", BigId, primary_key=True),
    Column("run", BigInteger, ForeignKey("issue_run.number"), nullable=False),
    Column("row_key", LargeBinary, nullable=False, comment="The award that is offered, with all its parts."),
    Column("edition", Integer, nullable=False, comment="1, and one more for each offer after it."),
    Column("code", LargeBinary, nullable=False, unique=True, comment="SHA-256 of the pre-authorised code."),
    Column(
        "transaction_code",
        LargeBinary,
        nullable=False,
        comment="Its HMAC-SHA256 under the pre-authorised code, which is stored nowhere.",
    ),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0", comment="Since the last right one."),
    Column(
        "wait_until",
        BigInteger,
        nullable=False,
        server_default="0",
        comment="No code is looked at before, after some wrong ones.",
    ),
    Column("withdrawn_at", BigInteger),
    Column("access", LargeBinary, unique=True, comment="SHA-256 of the token or link that was given last."),
    Column("access_until", BigInteger),
    Column("taken_at", BigInteger, comment="When a wallet exchanged it, which can be done once."),
    Column("taken_by", String, comment="The protocol by which a wallet did."),
    Column("handed_at", BigInteger, comment="When a wallet was last given credentials."),
    Column("downloaded_at", BigInteger, comment="When the files were last taken from its page."),
    Column("event", String, comment="What the wallet said became of it."),
    # Two commands that offer the same at once cannot both.
    UniqueConstraint("run", "row_key", "edition"),
    comment="Offers of credentials to wallets.",
)


named_list = Table(
    "named_list",
    metadata,
    Column("name", LargeBinary, primary_key=True, comment="The 16 bytes of a random UUID."),
    Column("chain", String, nullable=False),
    Column("contract", String, nullable=False),
    Column("issuer", BigInteger, nullable=False),
    Column("drawn", BigInteger, nullable=False, comment="How many of its positions are given out."),
    Index("named_list_issuer", "chain", "contract", "issuer"),
    comment="Status lists whose positions are drawn before anything is anchored; each is of one issuer.",
)


list_position = Table(
    "list_position",
    metadata,
    Column("list", LargeBinary, ForeignKey("named_list.name"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, comment="Of the credential that names it; none until it is made."),
    Index("list_position_digest", "digest"),
    comment="Positions of named lists that are given out; none is given out twice.",
)
