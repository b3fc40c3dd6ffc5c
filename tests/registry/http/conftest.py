"""The lookup service, for what its limits are tested on."""

from __future__ import annotations

from tests.registry.service.conftest import empty, history, service, stand

__all__ = ["empty", "history", "service", "stand"]
