"""Whose key a request has; who sends wrong ones has to wait, and keeps nobody from using a right one."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Final

from registry.errors import RegistryError
from registry.http.buckets import Buckets
from registry.http.fairness import Allowance

WRONG_KEYS: Final = 20
"""That one address may send at once."""
FORGIVEN_SECONDS: Final = 6.0
"""After which it may send one more."""
KEYS_KEPT: Final = 10_000


class WrongKeys(RegistryError):
    """Too many wrong keys came from an address; `seconds` until it may send another one."""

    default_code = "wrong-keys"

    def __init__(self, seconds: float):
        self.seconds = math.ceil(seconds)
        super().__init__(
            "too many wrong API keys came from this address",
            remedy="Check the key, and try again after `Retry-After` seconds. Keys that were right go on being taken.",
        )


class KeyCheck:
    """Finds the issuer of a key.

    A key that was right in this process is looked up however many wrong ones come from its address: many programs may
    share one address, and one of them may have a key of yesterday.

    Args:
        issuer_of: looks a key up; None when it is no key, or revoked.
        tries: with those that each address has left; default: of this process alone.
    """

    def __init__(
        self,
        issuer_of: Callable[[str], Awaitable[int | None]],
        *,
        clock: Callable[[], float] = time.monotonic,
        tries: Buckets | None = None,
    ):
        self._issuer_of = issuer_of
        self._tries = Allowance(WRONG_KEYS, 1 / FORGIVEN_SECONDS, clock, tries)
        # Hashes, the key that was used longest ago first.
        self._right: OrderedDict[bytes, None] = OrderedDict()

    async def issuer(self, key: str | None, address: str) -> int:
        """The issuer that the key belongs to.

        Raises:
            RegistryError: code `no-key`: there is none, or a wrong one.
            WrongKeys: it is not even looked up.
        """
        if key is None:
            raise _no_key()
        mark = sha256(key.encode()).digest()
        if mark not in self._right:
            if self._tries.left(address) < 1:
                raise WrongKeys(self._tries.seconds_until(address, 1))
            # Spent before it is looked up: many may be tried at the same moment.
            self._tries.spend(address, 1)
        issuer = await self._issuer_of(key)
        was_right = self._right.pop(mark, self) is None
        if issuer is None:
            if was_right:
                self._tries.spend(address, 1)
            raise _no_key()
        if not was_right:
            self._tries.spend(address, -1)
        self._right[mark] = None
        if len(self._right) > KEYS_KEPT:
            self._right.popitem(last=False)
        return issuer


def _no_key() -> RegistryError:
    return RegistryError(
        "there is no valid API key in this request",
        remedy="Send `Authorization: Bearer <key>`; the operator makes keys with `testamur key add`.",
        code="no-key",
    )
