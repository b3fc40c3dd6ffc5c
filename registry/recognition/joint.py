"""Joint programmes: which links on chain are one decision about several holders.

A link has one holder. A body that accredits a programme of several universities offers each of them a link of its own,
and what makes these one decision is what they have in common: body, kind, programme, period and evidence.
"""

from __future__ import annotations

from registry.recognition.ledger import Accreditation, Ledger, State


def joint_links(ledger: Ledger, link: Accreditation) -> tuple[Accreditation, ...]:
    """The links that are one joint decision with this one, itself among them, by number; none for one holder alone.

    A holder that never accepted is none, whatever a body says of it, and neither is one whose link is void; only the
    link that is asked about is there in any case. Of a holder with several the first counts.
    """
    found = {link.holder: link} if link.decision is not None else {}
    for each in ledger.of_decision(link):
        if _was_held(each):
            found.setdefault(each.holder, each)
    return tuple(sorted(found.values(), key=lambda each: each.id)) if len(found) > 1 else ()


def joint_holders(ledger: Ledger, link: Accreditation) -> tuple[int, ...]:
    """The parties that hold a joint decision, its own holder among them, by the numbers of their links."""
    return tuple(each.holder for each in joint_links(ledger, link))


def _was_held(link: Accreditation) -> bool:
    return link.state is not State.VOID and any(change.state is State.ACTIVE for change in link.changes)
