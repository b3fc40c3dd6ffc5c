"""Frameworks of competences, what programmes cover of them, and how frameworks travel."""

from typing import TYPE_CHECKING

from registry.faces import lazily

if TYPE_CHECKING:
    from registry.frameworks.case_reading import read_case
    from registry.frameworks.case_writing import case_package
    from registry.frameworks.coverage import Coverage, compare
    from registry.frameworks.files import Refused, read_framework, read_programme
    from registry.frameworks.model import Fault, Framework, Item, Part, Programme
    from registry.frameworks.writing import framework_text
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "case_reading": "read_case",
            "case_writing": "case_package",
            "coverage": "Coverage, compare",
            "files": "Refused, read_framework, read_programme",
            "model": "Fault, Framework, Item, Part, Programme",
            "writing": "framework_text",
        },
    )

__all__ = [
    "Coverage", "Fault", "Framework", "Item", "Part", "Programme", "Refused", "case_package", "compare",
    "framework_text", "read_case", "read_framework", "read_programme",
]  # fmt: skip
