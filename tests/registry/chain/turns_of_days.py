"""The embedded chain on later days."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from registry.chain.rpc.client import Block
from tests.registry.chain.test_evidence import Registry


def next_day(registry: Registry, monkeypatch: pytest.MonkeyPatch, days: int = 1) -> Block:
    """A block of a later day, and one more a minute later; the first of them."""
    head = registry.world.client.finalized()
    day = datetime.combine(head.timestamp.date() + timedelta(days=days), datetime.min.time(), UTC)
    for seconds in (17.0, 77.0):
        monkeypatch.setattr(time, "time", partial(float, day.timestamp() + seconds))
        registry.call("registerParty", "", bytes(32))
    found = registry.world.client.block(head.number + 1)
    assert found is not None
    assert found.timestamp == day + timedelta(seconds=17)
    return found
