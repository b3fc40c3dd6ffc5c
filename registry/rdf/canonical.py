"""RDF Dataset Canonicalization, RDFC-1.0, with a bound on its work: names of blank nodes that depend on the data alone.

Written from the W3C Recommendation, RDF Dataset Canonicalization, sections 4.4 to 4.8; the names of the functions are
those of its algorithms. Data sets whose blank nodes cannot be told apart make the algorithm run for ever: what it may
cost is counted, and a data set that costs more is refused. Nothing that people sign comes near it.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from registry.errors import CredentialError

Quad: TypeAlias = tuple[str, str, str, str]
"""Subject, predicate, object and graph as N-Quads writes them; "" for the default graph.

A term that begins with `_:` is a blank node, whatever its label is.
"""
Hash: TypeAlias = Callable[[bytes], Any]

MOST_QUADS: Final = 50_000
"""Statements of a data set: beyond, its lines alone take tens of megabytes."""
MOST_STEPS: Final = 50_000
"""How often one blank node is looked at from another; the largest credential that was found takes 5,000."""
_DEEPEST: Final = 100
_BLANK: Final = "_:"


def canonicalize_quads(quads: Iterable[Quad], hashed: Hash = hashlib.sha256) -> bytes:
    """The canonical N-Quads of a data set: each statement once, sorted by code points, blank nodes as `_:c14n0` on.

    Args:
        hashed: SHA-256, or SHA-384 for signatures with P-384.

    Raises:
        CredentialError: it has more than `MOST_QUADS` statements, or naming its blank nodes takes more than
            `MOST_STEPS` (code `rdf-too-hard`).
    """
    each_once = list(itertools.islice(dict.fromkeys(quads), MOST_QUADS + 1))
    if len(each_once) > MOST_QUADS:
        raise _too_hard(f"it makes more than {MOST_QUADS:,} statements")
    names = _Canonicalization(each_once, hashed).names()
    return "".join(sorted(_line(quad, names) for quad in each_once)).encode()


class _Issuer:
    """Names given in the order in which they are asked for (section 4.5)."""

    __slots__ = ("_prefix", "issued")

    def __init__(self, prefix: str, issued: dict[str, str] | None = None):
        self._prefix = prefix
        self.issued: dict[str, str] = {} if issued is None else issued

    def issue(self, node: str) -> str:
        if (name := self.issued.get(node)) is None:
            name = self.issued[node] = f"{self._prefix}{len(self.issued)}"
        return name

    def copy(self) -> _Issuer:
        return _Issuer(self._prefix, dict(self.issued))


class _Canonicalization:
    def __init__(self, quads: list[Quad], hashed: Hash):
        self._hashed = hashed
        self._steps = 0
        self._quads_of: dict[str, list[Quad]] = defaultdict(list)
        for quad in quads:
            for node in {term for term in quad if term.startswith(_BLANK)}:
                self._quads_of[node].append(quad)
        self._first = {node: self._hash_first_degree(node) for node in self._quads_of}
        self._canonical = _Issuer("_:c14n")

    def names(self) -> dict[str, str]:
        """The canonical name of each blank node (section 4.4.3)."""
        alike: dict[str, list[str]] = defaultdict(list)
        for node, digest in self._first.items():
            alike[digest].append(node)
        for digest in sorted(alike):
            if len(alike[digest]) == 1:
                self._canonical.issue(alike[digest][0])
        for digest in sorted(alike):
            if len(alike[digest]) == 1:
                continue
            found: list[tuple[str, _Issuer]] = []
            for node in alike[digest]:
                if node not in self._canonical.issued:
                    issuer = _Issuer("_:b")
                    issuer.issue(node)
                    found.append(self._hash_n_degree(node, issuer, 0))
            for _, issuer in sorted(found, key=lambda result: result[0]):
                for node in issuer.issued:
                    self._canonical.issue(node)
        return self._canonical.issued

    def _hash_first_degree(self, node: str) -> str:
        """Section 4.6: of the statements that name the node, with no other blank node told from another."""
        lines = sorted(
            _line(quad, {term: "_:a" if term == node else "_:z" for term in quad if term.startswith(_BLANK)})
            for quad in self._quads_of[node]
        )
        return self._hash("".join(lines))

    def _hash_related(self, related: str, quad: Quad, issuer: _Issuer, position: str) -> str:
        """Section 4.7: of a node by where it stands in a statement of another."""
        known = self._canonical.issued.get(related) or issuer.issued.get(related) or self._first[related]
        return self._hash(position + (quad[1] if position != "g" else "") + known)

    def _hash_n_degree(self, node: str, issuer: _Issuer, depth: int) -> tuple[str, _Issuer]:
        """Section 4.8: of a node by all that can be reached from it, and the names that were given on the way."""
        if depth > _DEEPEST:
            raise _too_hard("its nodes without names form a long chain that says nothing")
        by_hash: dict[str, list[str]] = defaultdict(list)
        for quad in self._quads_of[node]:
            for term, position in ((quad[0], "s"), (quad[2], "o"), (quad[3], "g")):
                if term != node and term.startswith(_BLANK):
                    self._step()
                    by_hash[self._hash_related(term, quad, issuer, position)].append(term)
        data = ""
        for digest in sorted(by_hash):
            best: str | None = None
            chosen = issuer
            for order in itertools.permutations(by_hash[digest]):
                if (tried := self._path(order, issuer, best, depth)) is not None:
                    best, chosen = tried
            data += f"{digest}{best}"
            issuer = chosen
        return self._hash(data), issuer

    def _path(
        self, order: tuple[str, ...], issuer: _Issuer, best: str | None, depth: int
    ) -> tuple[str, _Issuer] | None:
        """The path through nodes in an order (steps 5.4.1 to 5.4.5); None where it is not before the best."""
        issuer, path, recursion = issuer.copy(), "", []
        for related in order:
            self._step()
            if (name := self._canonical.issued.get(related)) is None:
                if related not in issuer.issued:
                    recursion.append(related)
                name = issuer.issue(related)
            path += name
            if _is_behind(path, best):
                return None
        for related in recursion:
            digest, reached = self._hash_n_degree(related, issuer, depth + 1)
            path += f"{issuer.issue(related)}<{digest}>"
            issuer = reached
            if _is_behind(path, best):
                return None
        return (path, issuer) if best is None or path < best else None

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise _too_hard("it has nodes without names that cannot be told apart")

    def _hash(self, text: str) -> str:
        digest: str = self._hashed(text.encode()).hexdigest()
        return digest


def _line(quad: Quad, names: dict[str, str]) -> str:
    subject, predicate, value, graph = quad
    subject, value = names.get(subject, subject), names.get(value, value)
    return (
        f"{subject} {predicate} {value} {names.get(graph, graph)} .\n"
        if graph
        else f"{subject} {predicate} {value} .\n"
    )


def _is_behind(path: str, best: str | None) -> bool:
    return best is not None and len(path) >= len(best) and path > best


def _too_hard(why: str) -> CredentialError:
    return CredentialError(
        f"The document has no canonical RDF that is made here: {why}.",
        remedy="Give the nodes ids, or take a method over JSON.",
        code="rdf-too-hard",
    )
