"""The policy of a verifier, from its file: for the command and for the service, which asks nobody outside."""

from __future__ import annotations

from pathlib import Path

from anchor.verifying.kinds import POLICY, is_url, kind_of
from registry.errors import SettingsError
from registry.verify.policy import Policy, parse_policy


def read_policy(path: Path) -> Policy:
    """The policy in a file; raises SettingsError."""
    if is_url(path):
        raise SettingsError("a policy is read from a file", where=str(path), remedy="Download it first.", code="policy")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"the policy cannot be read: {error.strerror}", where=str(path), code="policy") from None
    try:
        return parse_policy(data, where=str(path))
    except SettingsError as error:
        kind = kind_of(data)
        if kind is not None and kind != POLICY:
            error.what = f"it is {kind}, and no policy"
        raise
