"""Wrong keys are throttled by address, and a right one is taken from the same address all the while."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from anchor.daemon.keycheck import FORGIVEN_SECONDS, WRONG_KEYS, KeyCheck, WrongKeys
from registry.errors import RegistryError


class Keys:
    """Keys of yesterday and today, and how often somebody looked for one."""

    def __init__(self) -> None:
        self.now = 0.0
        self.known = {"right": 7}
        self.looked: Counter[str] = Counter()
        self.check = KeyCheck(self.issuer_of, clock=lambda: self.now)

    async def issuer_of(self, key: str) -> int | None:
        await asyncio.sleep(0)
        self.looked[key] += 1
        return self.known.get(key)

    def code(self, key: str | None, address: str = "192.0.2.1") -> str | int:
        try:
            return asyncio.run(self.check.issuer(key, address))
        except RegistryError as error:
            return error.code


def test_after_so_many_tries_a_key_is_not_even_looked_up() -> None:
    keys = Keys()
    assert keys.code("right") == 7
    codes = [keys.code(f"wrong {number}") for number in range(WRONG_KEYS + 5)]
    assert codes == ["no-key"] * WRONG_KEYS + ["wrong-keys"] * 5
    assert keys.looked.total() == 1 + WRONG_KEYS
    assert keys.code("wrong", "192.0.2.2") == "no-key", "another address has its own tries"
    assert keys.code(None) == "no-key", "no key is no try"
    # Another program behind the same address goes on.
    assert [keys.code("right") for _ in range(3)] == [7] * 3
    with pytest.raises(WrongKeys) as throttled:
        asyncio.run(keys.check.issuer("wrong", "192.0.2.1"))
    assert throttled.value.seconds == FORGIVEN_SECONDS
    keys.now += FORGIVEN_SECONDS
    assert [keys.code("wrong"), keys.code("wrong")] == ["no-key", "wrong-keys"]
    # A key that is new there waits no longer than that, and costs no try.
    keys.known["new"] = 8
    keys.now += FORGIVEN_SECONDS
    assert [keys.code("new"), keys.code("new"), keys.code("wrong"), keys.code("wrong")] == [
        8,
        8,
        "no-key",
        "wrong-keys",
    ]


def test_a_key_that_was_right_and_is_revoked_is_a_wrong_one() -> None:
    keys = Keys()
    assert keys.code("right") == 7
    keys.known.clear()
    codes = [keys.code("right") for _ in range(WRONG_KEYS + 1)]
    assert codes == ["no-key"] * WRONG_KEYS + ["wrong-keys"]


def test_tries_at_the_same_moment_are_counted_before_they_are_answered() -> None:
    keys = Keys()

    async def together() -> list[BaseException | int]:
        tries = [keys.check.issuer(f"wrong {number}", "192.0.2.1") for number in range(200)]
        return list(await asyncio.gather(*tries, return_exceptions=True))

    asyncio.run(together())
    assert keys.looked.total() == WRONG_KEYS
