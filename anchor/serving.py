"""`testamur serve` and `testamur index`: the lookup service and its loops, put together from the settings."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI

from anchor.books.trees import trees_of
from anchor.issuing.outward import organisations_in
from anchor.notices.logs import Log
from anchor.secrets import secrets_of
from anchor.settings import EMBEDDED, Settings
from anchor.verifying.level_maps import level_maps
from anchor.verifying.page import read_page_settings
from anchor.verifying.policies import read_policy
from anchor.workspace import Workspace
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import Deployment, deployment_block
from registry.errors import ChainError, RegistryError, SettingsError, StoreError
from registry.formats.trqp import Registry
from registry.http.buckets import Buckets, OwnBuckets
from registry.http.connections import ConnectionMetrics, raise_descriptors
from registry.http.server import Server, ends_by_signal, front_of, listening, url_of
from registry.http.workers.messages import Seat
from registry.index.documents import DocumentLoader
from registry.index.indexer import Indexer, Step
from registry.index.loader import TreeLoader
from registry.index.loops import Check, Loops
from registry.index.progress import IndexProgress
from registry.index.reader import Edition, Head, Index, chains_of
from registry.index.writer import IndexWriter
from registry.levels.bundled import bundled_maps
from registry.levels.maps import LevelMaps
from registry.privatefiles import refuse_readable
from registry.proofs.signatures.keys import SigningKey, read_key
from registry.records import BlockRef
from registry.service.app import create_app
from registry.service.audits import Audits
from registry.service.batch_evidence import BatchEvidence
from registry.service.evidence import Evidences
from registry.service.known_anchors import IndexedAnchors
from registry.service.metrics import ReadingMetrics
from registry.service.outward import Federation, Outward
from registry.service.readers import Readers
from registry.service.registers import RegisterFolder, Registers
from registry.service.routes.operations import Answer
from registry.service.service import Limits, Service, spare_collections
from registry.service.status_lists import ListSigner, StatusLists
from registry.service.submissions import SubmissionLimits
from registry.service.verifying import Verifying
from registry.trees.store import TreeStore
from registry.untrusted.text import log_text
from registry.verify.freshness import AgeLimits

GRACE_SECONDS = 20
# Longer than a busy client leaves a connection unused.
LINGER_SECONDS = 2.0


def serve(
    workspace: Workspace, host: str, port: int, *, indexing: bool, started: Callable[[str], None] = lambda _url: None
) -> None:
    """Serve until the process is asked to end.

    Args:
        indexing: fill the index in this process, too.
        started: told the URL when the server listens.

    Raises:
        RegistryError: the database, or with `indexing` the chain, cannot be used from the start.
        RuntimeError: the server, or what fills the index, has ended by a fault of the program.
    """
    raise_descriptors()
    index, trees = index_of(workspace), trees_of(workspace.settings)
    faults: list[BaseException] = []

    def ended(error: BaseException) -> None:
        """What has changed in the chain is said in each answer; a fault ends the process, so that it begins anew."""
        if not isinstance(error, RegistryError):
            faults.append(error)
            server.should_exit = True

    loops = loops_of(workspace, index, trees, ended=ended) if indexing else None
    log_to(workspace)
    app = application(workspace, index, trees, loops=list if loops is None else loops.checks)
    front = front_of(app, grace_seconds=GRACE_SECONDS)
    app.state.metrics.registry.register(ConnectionMetrics(front.connections))
    if loops is not None:
        app.state.metrics.registry.register(ReadingMetrics(loops.reading))
    server = Server(front.config, linger=LINGER_SECONDS)
    with listening(host, port) as listener:
        if loops is not None:
            loops.start()
        spare_collections()
        try:
            with ends_by_signal(server) as asked:
                started(url_of(listener))
                server.run(sockets=[listener])
        finally:
            if loops is not None:
                loops.stop()
    if not asked.is_set():
        raise RuntimeError("the lookup service has ended by a fault") from next(iter(faults), None)


def application(
    workspace: Workspace,
    index: Index,
    trees: TreeStore,
    *,
    loops: Callable[[], Sequence[Check]] = list,
    operations: Answer | None = None,
    seat: Seat | None = None,
) -> FastAPI:
    """The lookup service as the settings say.

    Args:
        loops, operations: as of `create_app`.
        seat: of a process that is one of several; default: it is the only one.

    Raises:
        RegistryError: something that the settings name cannot be used.
    """
    settings = workspace.settings
    service = service_of(workspace, index, trees)
    registers = registers_of(settings, service)
    maps = level_maps_of(workspace)
    part = 1.0 if seat is None else 1 / seat.count
    return create_app(
        service,
        verifying=verifying_of(workspace, service, registers, maps, seat),
        evidences=Evidences(lambda: workspace.contract, index.chain, finality_depth=settings.finality_depth, part=part),
        status_lists=StatusLists(index, trees, settings.public_url, list_signers(settings)),
        batch_evidence=BatchEvidence(lambda: workspace.contract, index.chain, part=part),
        page=None if (path := settings.page_settings) is None else read_page_settings(path),
        kept_audits=Audits(settings.audit_folder),
        level_maps=maps,
        registers_kept=registers,
        outwards=(told := outward_of(workspace, index)),
        federation=federation_of(settings, told),
        loops=loops,
        operations=operations,
        buckets=_own_buckets if seat is None else seat.buckets,
    )


def _own_buckets(_name: str) -> Buckets:
    return OwnBuckets()


def level_maps_of(workspace: Workspace) -> LevelMaps:
    """The level maps that are served; what is wrong with one of the operator's own is told, and it is left out.

    Raises:
        SettingsError: the folder of the setting cannot be read.
    """
    maps, faults = level_maps(workspace.settings.level_maps)
    for each in faults:
        logging.getLogger(__name__).warning("A level map was left out: %s", log_text(str(each)))
    return maps


def fill_index(
    workspace: Workspace,
    *,
    anew: bool = False,
    once: bool = False,
    stop: threading.Event,
    told: Callable[[str], None] | None = None,
) -> None:
    """Fill the index until told to stop.

    Args:
        told: how far it is, in a line, again and again.
        anew: index the contract from its first block on beside what there is, and put the one in the other's place.
        once: end when there is nothing new and every tree that is there is loaded.

    Raises:
        RegistryError: the chain or the database cannot be used from the start, or a final block changed.
    """
    index, trees = index_of(workspace), trees_of(workspace.settings)
    if anew and not _made_anew(workspace, index, once=once, stop=stop, told=told):
        return
    indexer = _told_of(workspace, index, None, told)
    if once:
        indexer.catch_up()
        TreeLoader(index, trees).step(stop)
        DocumentLoader(index.engine, workspace.settings.documents).step()
        return
    errors: list[BaseException] = []

    def ended(error: BaseException) -> None:
        errors.append(error)
        stop.set()

    loops = loops_of(workspace, index, trees, ended=ended, indexer=indexer)
    log_to(workspace)
    loops.start()
    try:
        stop.wait()
    finally:
        loops.stop()
    if errors:
        raise errors[0]


def accept_chain(workspace: Workspace) -> BlockRef | None:
    """Have the index go on after a final block was said to be another one; see `Indexer.accept`."""
    return indexer_of(workspace, index_of(workspace)).accept()


def index_of(workspace: Workspace) -> Index:
    """The index of the settings' contract on the settings' chain; the chain's name from the index when it is away.

    Raises:
        ChainError: the chain does not answer, and the database has no index of one chain alone.
    """
    engine, contract = workspace.folder.engine, workspace.contract_address
    try:
        return Index(engine, workspace.chain, contract)
    except ChainError:
        chains = chains_of(engine, contract)
        if len(chains) != 1:
            raise
        return Index(engine, chains[0], contract)


def service_of(workspace: Workspace, index: Index, trees: TreeStore) -> Service:
    """What the routes work with."""
    settings = workspace.settings
    age = AgeLimits.of(settings.head_age_seconds, index.chain)
    return Service(index, trees, Limits(rate=settings.rate_limit, ready_lag=settings.index_lag, age=age))


def registers_of(settings: Settings, service: Service) -> Registers:
    """The snapshots of registers in the folder of the settings, read once before anybody asks."""
    folder = RegisterFolder(settings.registers)
    folder.read()
    return Registers(folder, service)


def verifying_of(
    workspace: Workspace,
    service: Service,
    registers: Registers | None = None,
    maps: LevelMaps | None = None,
    seat: Seat | None = None,
) -> Verifying:
    """What `POST /v1/verify` works with: the chain is asked for each verdict.

    Args:
        maps: of levels; default: those that are bundled.
        seat: of a process that is one of several; default: it is the only one.
    """
    settings = workspace.settings
    limits = SubmissionLimits(upload_work=settings.verify_seconds, client_uploads=settings.verify_uploads)
    if seat is not None:
        limits = replace(limits, client_uploads=seat.part(limits.client_uploads), uploads=seat.part(limits.uploads))
    return Verifying(
        lambda: workspace.contract,
        service.index.chain,
        IndexedAnchors(service.index, service.trees),
        trusted=workspace.trusted_by_settings(),
        policy=None if settings.policy is None else read_policy(settings.policy),
        ledger=service.ledger,
        finality_depth=settings.finality_depth,
        limits=limits,
        readers=Readers(settings.verify_workers if seat is None else seat.part(settings.verify_workers)),
        head_age_seconds=settings.head_age_seconds,
        snapshots=registers,
        levels=bundled_maps if maps is None else lambda: maps,
        work=OwnBuckets() if seat is None else seat.buckets("work"),
    )


def outward_of(workspace: Workspace, index: Index) -> Outward:
    """What the operator's file says of parties; raises IntakeError or SettingsError where it cannot be used."""
    registry = Registry(index.chain, index.contract)
    return Outward(registry, organisations_in(workspace.settings.organisations, registry))


def federation_of(settings: Settings, outward: Outward) -> Federation | None:
    """The body that the service speaks for, where a key of its own is set.

    Raises:
        SettingsError: the key cannot be read; or the party, the public URL or the key is missing (code `federation`).
        SignerError: others can read the key, or it is none.
    """
    key, party, entity = settings.federation_key, settings.federation_party, settings.public_url
    if key is None and party is None:
        return None
    if key is None or party is None or entity is None:
        raise SettingsError(
            "to speak for a body in OpenID Federation takes its number, its key and the service's own address",
            remedy="Set federation_party, federation_key and public_url, or none of the first two.",
            code="federation",
        )
    return Federation(_key_in(key, "the key for OpenID Federation"), party, entity, outward)


def list_signers(settings: Settings) -> dict[int, ListSigner]:
    """The keys that sign status lists, by issuer.

    Raises:
        SettingsError: one cannot be read, or its method names no key.
        SignerError: it is no Ed25519 key.
    """
    signers = {}
    for issuer, key in settings.status_keys.items():
        signers[issuer] = ListSigner.of(_key_in(key.file, "the key of status lists"), key.method)
    return signers


def _key_in(path: Path, what: str) -> SigningKey:
    try:
        refuse_readable(path)
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"{what} cannot be read: {reason}", where=str(path)) from None
    return read_key(text, where=str(path))


def _made_anew(
    workspace: Workspace,
    index: Index,
    *,
    once: bool,
    stop: threading.Event,
    told: Callable[[str], None] | None = None,
) -> bool:
    """Index from the first block on while the old index goes on being read; False when it was told to stop."""
    anew = IndexWriter(index.engine, index.chain, index.contract, Edition.NEXT)
    anew.forget()
    indexer = _told_of(workspace, index, anew, told)
    if once:
        indexer.catch_up()
    else:
        indexer.run(stop, workspace.settings.index_seconds, once=True)
    if stop.is_set():
        return False
    anew.take_place()
    return True


def _told_of(
    workspace: Workspace, index: Index, writer: IndexWriter | None, told: Callable[[str], None] | None
) -> Indexer:
    """The indexer, which tells how far it is where somebody wants to know."""
    if told is None:
        return indexer_of(workspace, index, writer)
    progress = IndexProgress(told)
    progress.indexer = indexer_of(workspace, index, writer, listener=progress.step)
    return progress.indexer


def indexer_of(
    workspace: Workspace,
    index: Index,
    writer: IndexWriter | None = None,
    *,
    listener: Callable[[Step, Head], None] = lambda _step, _head: None,
) -> Indexer:
    """The indexer of the settings' contract.

    Args:
        listener: told of each step and where the cursor is then.
    """
    contract: CredentialRegistry = workspace.ready_to_read() if _is_own_chain(workspace) else workspace.contract
    return Indexer(
        contract,
        writer or IndexWriter(index.engine, index.chain, index.contract),
        first_block=_first_block(workspace),
        finality_depth=workspace.settings.finality_depth,
        listener=listener,
        ranges=workspace.settings.index_ranges,
    )


def loops_of(
    workspace: Workspace,
    index: Index,
    trees: TreeStore,
    *,
    ended: Callable[[BaseException], None] = lambda _error: None,
    indexer: Indexer | None = None,
) -> Loops:
    """Indexer and loaders.

    Args:
        indexer: default: the one of the settings, which tells nobody how far it is.
    """
    return Loops(
        indexer or indexer_of(workspace, index),
        TreeLoader(index, trees),
        workspace.settings.index_seconds,
        ended=ended,
        documents=DocumentLoader(index.engine, workspace.settings.documents),
    )


def _first_block(workspace: Workspace) -> int:
    """The block that the contract was deployed in; looked for where no deployment file says it."""
    with suppress(StoreError):
        known = Deployment.load(workspace.folder.deployments, workspace.chain_id)
        if known is not None and known.address == workspace.contract_address and known.block_number:
            return known.block_number
    newest = workspace.client.block("latest")
    if newest is None:
        raise SettingsError("the chain has no block", where=workspace.client.where)
    return deployment_block(workspace.client, workspace.contract_address, newest.number)


def _is_own_chain(workspace: Workspace) -> bool:
    return workspace.settings.chain == EMBEDDED


def log_to(workspace: Workspace) -> None:
    """Have what this process logs written as the settings say."""
    settings = workspace.settings
    handler = Log(settings.log_format, secrets=secrets_of(settings)).handler()
    root = logging.getLogger()
    if handler not in root.handlers:
        root.addHandler(handler)
