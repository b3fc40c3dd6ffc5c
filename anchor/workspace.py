"""What a command works with: the settings in force, the data folder, the chain, the contract on it and the signer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from anchor.books.anchoring import AnchorStore
from anchor.books.attempts import AttemptStore
from anchor.books.batches import BatchRow, BatchStore
from anchor.books.folder import DataFolder
from anchor.books.leases import command_lease
from anchor.settings import EMBEDDED, Settings
from registry.chain.contract import CredentialRegistry
from registry.chain.deployment import DETERMINISTIC_DEPLOYER, Deployment, deploy_data, refuse_unable
from registry.chain.editions import SECOND, second
from registry.chain.rpc.client import ChainClient, MinedTransaction
from registry.chain.rpc.connect import connect
from registry.chain.rpc.hexadecimal import read_address
from registry.chain.rpc.patience import Patience
from registry.chain_names import PRACTICE_CHAIN, ChainName, reached_chain_name
from registry.embedded.genesis import CHAIN_ID
from registry.errors import SettingsError, WrongChain

if TYPE_CHECKING:
    from anchor.sending.behind import Knowledge
    from anchor.sending.engine import Engine
    from anchor.sending.signer import Signer
    from registry.embedded.chain import EmbeddedChain

DEPLOYMENT_PURPOSE = "deploy"
UNKNOWN_TRANSACTION = bytes(32)
TIMEOUTS_TO_WAIT = 6
"""For which one question waits while the endpoint limits requests."""


class Workspace:
    """Opens each of these when it is first needed, and closes them all at the end.

    Args:
        settings: those in force.
        read_only: do not make a data folder that is not there.
        note: told what a person should know of the folder.
        patient: wait where the endpoint limits requests; a service has pauses of its own.
        clock: of the embedded chain; another one for a history of earlier days.
        ask_password: of a keystore, where the settings name no file with it; None where nobody can be asked.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        read_only: bool = False,
        patient: bool = False,
        clock: Callable[[], float] | None = None,
        note: Callable[[str], None] = lambda _: None,
        ask_password: Callable[[Path], str | None] = lambda _: None,
    ):
        self.settings = settings
        self._read_only = read_only
        self._patient = patient
        self._clock = clock
        self._note = note
        self.ask_password = ask_password
        self._embedded: EmbeddedChain | None = None

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        opened = self.__dict__
        if "client" in opened:
            self.client.close()
        if self._embedded is not None:
            self._embedded.close()
        if "folder" in opened:
            self.folder.close()

    @cached_property
    def folder(self) -> DataFolder:
        """The data folder."""
        folder = DataFolder(self.settings.data_folder, create=not self._read_only, database=self.settings.database)
        if folder.tightened:
            self._note(
                f"Other users could read the data folder {folder.path}; "
                f"from now on you alone can ({folder.tightened:,} files and folders were changed)."
            )
        return folder

    @property
    def has_folder(self) -> bool:
        """Whether there is a data folder, or this command makes one."""
        return not self._read_only or self.settings.data_folder.is_dir()

    @cached_property
    def client(self) -> ChainClient:
        """The chain."""
        if self.settings.chain != EMBEDDED:
            timeout = self.settings.rpc_timeout
            patience = Patience(TIMEOUTS_TO_WAIT * timeout if self._patient else 0.0)
            return connect(self.settings.chain, timeout=timeout, patience=patience)
        return self.embedded_chain().client()

    def embedded_chain(self) -> EmbeddedChain:
        """The embedded chain of the data folder; this process holds it until the workspace is closed."""
        from registry.embedded.chain import EmbeddedChain

        if self._embedded is None:
            self._embedded = EmbeddedChain(self.folder.chain, clock=self._clock)
        return self._embedded

    @cached_property
    def chain_id(self) -> int:
        """EIP-155."""
        return self.client.chain_id()

    @property
    def chain(self) -> str:
        """The CAIP-2 name."""
        return f"eip155:{self.chain_id}"

    @property
    def chain_name(self) -> ChainName:
        """The chain in words."""
        return reached_chain_name(self.chain, embedded=self.settings.chain == EMBEDDED)

    @property
    def asked_chain(self) -> ChainName | None:
        """The chain in words where this command knows it without asking once more; None where it was not asked."""
        if self.settings.chain == EMBEDDED:
            return reached_chain_name(PRACTICE_CHAIN, embedded=True)
        return self.chain_name if "chain_id" in self.__dict__ else None

    @cached_property
    def contract_address(self) -> str:
        """Of the registry: the one in the settings, else the one that follows from its code on every chain."""
        if self.settings.contract is None:
            return second().address
        try:
            return read_address(self.settings.contract)
        except ValueError as error:
            raise SettingsError(
                f"the contract {error}",
                remedy="Copy the address again from where it came, or leave the setting out.",
                code="address",
            ) from None

    @cached_property
    def contract(self) -> CredentialRegistry:
        """The contract, once it is clear that it is the one expected.

        Raises:
            WrongChain: it is not, or there is none.
        """
        contract = CredentialRegistry(self.client, self.contract_address)
        known = self._known_deployment()
        if known is not None:
            known.check(self.client)
            return contract
        try:
            contract.verify_code()
        except WrongChain as error:
            if error.code == "no-contract":
                error.remedy = "Run `testamur deploy`, or check the setting chain and the setting contract."
            raise
        return contract

    @cached_property
    def store(self) -> BatchStore:
        """The batches of this contract."""
        return BatchStore(self.folder.engine, self.chain, self.contract_address)

    @cached_property
    def signer(self) -> Signer:
        """The account that signs."""
        from anchor.sending.accounts import signer_from

        return signer_from(self.settings, self.chain_id, self.ask_password)

    @cached_property
    def sender(self) -> Engine:
        """Sends the signer's transactions."""
        return self.sender_for(self.signer)

    def sender_for(
        self,
        signer: Signer,
        *,
        publish: Callable[[BatchRow], None] = lambda _: None,
        reached: Callable[[str], None] = lambda _: None,
    ) -> Engine:
        """Sends the transactions of another account.

        Args:
            publish: brings a batch's tree to where it is served from, before the batch is signed.
            reached: told at each of `driver.POINTS`.
        """
        from anchor.sending.driver import policy_of
        from anchor.sending.engine import Engine

        # Without a check of the contract: `deploy` sends before there is one.
        contract = CredentialRegistry(self.client, self.contract_address)
        lease = command_lease(self.folder.engine, self.chain, signer.address)
        return Engine(
            contract,
            signer,
            self.chain_id,
            AnchorStore(self.folder.engine, self.chain, contract.address, lease),
            lease,
            self.folder.path / "sending.lock",
            timeout=self.settings.transaction_timeout,
            policy=policy_of(self.settings),
            finality_depth=self.settings.finality_depth,
            knowledge=self.knowledge_of(signer.address),
            publish=publish,
            reached=reached,
        )

    def knowledge_of(self, account: str) -> Knowledge:
        """What the database knows of an account, beside the chain."""
        from anchor.sending.behind import Knowledge

        # Without a check of the contract: `deploy` sends before there is one.
        contract = CredentialRegistry(self.client, self.contract_address)
        return Knowledge(contract, self.store, AttemptStore(self.folder.engine, self.chain, account), account)

    def ready_to_read(self) -> CredentialRegistry:
        """The contract; on the embedded chain, which begins empty, it is deployed when it is not there yet."""
        if self.chain_id == CHAIN_ID and not all(map(self.client.code, self._addresses)):
            self.deploy()
        return self.contract

    def ready_to_write(self) -> CredentialRegistry:
        """The contract as `ready_to_read`; raises `WrongChain` where it is of the first edition."""
        contract = self.ready_to_read()
        if contract.edition.number != SECOND:
            raise WrongChain(
                f"the registry at {contract.address} is of the first edition: it is read, and written to no more",
                where=self.client.where,
                remedy=(
                    "Leave out the setting contract and run `testamur deploy`: issuers register in the second edition. "
                    "What was anchored in the first stays valid there."
                ),
                code="first-edition",
            )
        return contract

    @property
    def _addresses(self) -> tuple[str, ...]:
        return CredentialRegistry(self.client, self.contract_address).addresses

    def ready_to_decide(self) -> CredentialRegistry:
        """The contract as `ready_to_write`, and on chain what earlier commands left under way.

        For whoever sends only what the chain does not have yet.

        Raises:
            ChainError: something of it does not come into a block.
        """
        contract = self.ready_to_write()
        self.sender.follow()
        return contract

    def deploy(self) -> tuple[Deployment, bool]:
        """Deploy the registry where it is not there yet; the deployment, and whether anything of it was made now.

        Raises:
            WrongChain: other code is at the address, the chain lacks the deterministic deployer or cannot run the
                contract, or this folder is of another chain with the same id.
        """
        known = Deployment.load(self.folder.deployments, self.chain_id)
        if known is not None:
            self._refuse_other_genesis(known)
        edition = second()
        registry, accreditations = edition.address, edition.accreditations_address(edition.address)
        parts = (
            (registry, edition.registry, edition.registry.initcode),
            (accreditations, edition.accreditations, edition.accreditations_initcode(registry)),
        )
        lacking = [part for part in parts if not self.client.code(part[0])]
        contract = CredentialRegistry(self.client, registry)
        contract.refuse_other_code()
        if not lacking and known is not None and known.address == registry:
            known.check(self.client)
            return known, False
        if lacking and not self.client.code(DETERMINISTIC_DEPLOYER):
            raise WrongChain(
                f"this chain has no deterministic deployer at {DETERMINISTIC_DEPLOYER}",
                where=self.client.where,
                remedy="Send its published transaction first (docs/how-to/deploy.md).",
                code="no-deployer",
            )
        for part in parts:
            # Anybody may have paid for code there that the chain cannot run.
            made = part not in lacking
            refuse_unable(
                self.client,
                initcode=None if made else part[2],
                code=part[1].deployed_code,
                sender=DETERMINISTIC_DEPLOYER if made else self.signer.address,
            )
        made_now = {address: self._deploy(address, initcode) for address, _, initcode in lacking}
        contract.verify_code()
        # What somebody else deployed, was deployed nobody knows when: its events are looked for from the start.
        mined, beside = made_now.get(registry), made_now.get(accreditations)
        deployment = Deployment.found(
            self.client,
            registry,
            0 if mined is None else mined.block_number,
            UNKNOWN_TRANSACTION if mined is None else mined.hash,
            (accreditations, UNKNOWN_TRANSACTION if beside is None else beside.hash),
        )
        deployment.save(self.folder.deployments)
        return deployment, bool(lacking)

    def _deploy(self, address: str, initcode: bytes) -> MinedTransaction:
        purpose = f"{DEPLOYMENT_PURPOSE} {address}"
        return self.sender.settle(purpose, DETERMINISTIC_DEPLOYER, deploy_data(initcode))

    def _refuse_other_genesis(self, known: Deployment) -> None:
        """What the folder knows of nonces, batches and receipts is of the chain it was made for."""
        try:
            known.check_genesis(self.client)
        except WrongChain as error:
            error.remedy = (
                f"The data folder {self.folder.path} has the records of the other chain. Use a new one with "
                "--data-folder; a test chain that was reset is another chain."
            )
            raise

    def issuer(self) -> int:
        """The party this folder anchors for: the setting, else the only one registered from here.

        Raises:
            SettingsError: it is not clear which.
        """
        if self.settings.issuer is not None:
            return self.settings.issuer
        parties = self.store.parties()
        if len(parties) == 1:
            return parties[0]
        raise SettingsError(
            "it is not clear which issuer is meant"
            + (f": parties {', '.join(map(str, parties))} were registered here" if parties else ""),
            remedy=(
                "Name one with --issuer, or set issuer in testamur.toml."
                if parties
                else "Register one with `testamur issuer register`, or set issuer in testamur.toml."
            ),
            code="no-issuer",
        )

    def trusted_by_settings(self) -> frozenset[int]:
        """The parties that the settings name: what a service may believe without asking."""
        own = {self.settings.issuer} if self.settings.issuer is not None else set()
        return self.settings.trusted_issuers | own

    def trusted(self) -> frozenset[int]:
        """The parties whose number needs no further proof: the settings' and those registered from this folder."""
        here = self.store.parties() if self.has_folder else []
        return self.trusted_by_settings() | frozenset(here)

    def _known_deployment(self) -> Deployment | None:
        if not self.has_folder:
            return None
        known = Deployment.load(self.folder.deployments, self.chain_id)
        return known if known is not None and known.address == self.contract_address else None
