"""What a file is called that was named for something else."""

from __future__ import annotations

import pytest

from anchor.verifying.kinds import POLICY, kind_of
from registry.verify.policy import parse_policy

POLICIES = (
    b'require = true\n[[bodies]]\nparty = 5\nname = "A"\n',
    b'chain = "eip155:1"\n[[registers]]\nregister = "deqar"\nmirror = 12\nname = "D"\nfile = "d.register"\n',
    b'[[accords]]\nparty = 5\nname = "Seoul Accord"\n',
    b'[[conditions]]\ntext = "A librarian is appointed."\n',
)


@pytest.mark.parametrize("policy", POLICIES, ids=["require", "registers", "accords", "conditions"])
def test_a_policy_is_known_by_any_key_that_a_policy_may_have(policy: bytes) -> None:
    assert parse_policy(policy) is not None
    assert kind_of(policy) == POLICY


def test_a_number_that_no_program_reads_is_of_no_kind() -> None:
    assert kind_of(b"require = " + b"1" * 5_000) is None
