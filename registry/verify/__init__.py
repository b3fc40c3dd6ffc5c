"""The checks of a credential, and the verdict. Pure: what the chain says is handed in."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.verify.checks import (
        AbsenceVerdict, believed_numbers, other_chain, verify, verify_absence,
    )  # fmt: skip
    from registry.verify.policy import KnownParty, Policy, parse_policy
    from registry.verify.verdict import (
        ChainFacts, Check, Code, DigestedDocument, FactsUnavailable, Outcome, Overall, Trust, Verdict, verdict_schema,
    )  # fmt: skip
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "checks": "AbsenceVerdict, believed_numbers, other_chain, verify, verify_absence",
            "policy": "KnownParty, Policy, parse_policy",
            "verdict": "ChainFacts, Check, Code, DigestedDocument, FactsUnavailable, Outcome, Overall, Trust, "
            "Verdict, verdict_schema",
        },
    )

__all__ = [
    "AbsenceVerdict", "ChainFacts", "Check", "Code", "DigestedDocument", "FactsUnavailable",
    "KnownParty", "Outcome", "Overall", "Policy", "Trust", "Verdict", "believed_numbers", "other_chain",
    "parse_policy", "verdict_schema", "verify", "verify_absence",
]  # fmt: skip
