"""Forms with files (multipart/form-data, RFC 7578), cut into their parts as the bytes come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from registry.errors import IntakeError
from registry.untrusted.archives import storable

LONGEST_BOUNDARY = 70
"""RFC 2046 section 5.1.1."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a part says of itself: the field of the form, and the name of the file if it is one."""

    field: str
    filename: str | None


class Sink(Protocol):
    """Takes the bytes of one part; one thread at a time."""

    def feed(self, data: bytes) -> None:
        """The next bytes."""

    def finish(self) -> None:
        """There are no more."""

    def close(self) -> None:
        """Let go of what is held, also in the middle."""


class Nothing:
    """A sink for what nobody wants."""

    def feed(self, data: bytes) -> None:
        """Pass over them."""

    def finish(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class FormReader(Nothing):
    """Reads a form.

    Args:
        boundary: of the Content-Type, without the dashes.
        open_part: makes the sink for a part; what it raises comes out of `feed`.
    """

    def __init__(self, boundary: bytes, open_part: Callable[[Part], Sink]):
        # Only who takes forms needs this library.
        from python_multipart.multipart import MultipartParser

        self._open_part = open_part
        self._headers: dict[bytes, bytes] = {}
        self._field, self._value = bytearray(), bytearray()
        self._sink: Sink = Nothing()
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                "on_header_end": self._header,
                "on_headers_finished": self._open,
                "on_part_data": lambda data, start, end: self._sink.feed(data[start:end]),
                "on_part_end": self._finish_part,
                "on_end": self._end,
            },
        )

    def feed(self, data: bytes) -> None:
        """The next bytes of the form.

        Raises:
            IntakeError: code `bad-multipart`.
        """
        from python_multipart.exceptions import FormParserError

        try:
            self._parser.write(data)
        except FormParserError as error:
            raise bad_form(str(error)) from None

    def finish(self) -> None:
        """The form is there as a whole.

        Raises:
            IntakeError: code `bad-multipart`.
        """
        if not self._ended:
            raise bad_form("it ends in the middle")

    def close(self) -> None:
        """Close the sink of the part under way."""
        self._sink.close()

    def _header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field.clear()
        self._value.clear()

    def _open(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        field, filename = (options.get(name, b"").decode("utf-8", "replace") for name in (b"name", b"filename"))
        self._sink = self._open_part(Part(field, filename or None))

    def _finish_part(self) -> None:
        self._sink.finish()
        self._sink = Nothing()

    def _end(self) -> None:
        self._ended = True


def bad_form(why: str) -> IntakeError:
    """The refusal of a form."""
    return IntakeError(
        f"this is not a form with files: {storable(why)}",
        remedy="Send multipart/form-data (RFC 7578) in which every part has a filename.",
        code="bad-multipart",
    )
