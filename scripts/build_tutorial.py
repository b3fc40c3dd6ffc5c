"""Write the rosters of the tutorial: `python -m scripts.build_tutorial`.

They look as a student system exports them: a row of keys, and people. Everybody in them is made up. Four cells of
the first are wrong, each in another way; the page says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from xlsxwriter import Workbook

FOLDER: Final = Path(__file__).parent.parent / "docs" / "tutorial"
KEYS: Final = (
    "person_id",
    "name",
    "birth_date",
    "email",
    "awarded_on",
    "result.final",
    "course.databases",
    "course.security",
    "competence.development",
)
MARKS: Final = ("1.0", "1.3", "1.7", "2.0", "2.3", "2.7", "3.0", "3.3", "3.7")
FIRST_NUMBER: Final = 40_701
GRADUATES: Final = (
    "Ana Lima", "Ben Otieno", "Chloé Dupont", "Đorđe Marković", "Elif Yıldız", "Freya Lindqvist",
    "Giulia Conti", "Hamza Bensaïd", "Ioana Ștefănescu", "Jakub Wiśniewski", "Катерина Шевченко",
    "Lars Østergård", "Μαρία Παπαδοπούλου", "Noor de Vries", "Óscar Ibáñez Muñoz", "Petra Králová",
    "Quentin Lefèvre", "Roza Mamedova", "Siobhán Ní Bhriain", "Tomáš Dvořák", "Uxía Castro",
    "Vítor Gonçalves", "Wanjiru Kamau", "Ximena Rojas Peña", "Yusuf Abdi", "Zofia Łuczak", "ليلى حدّاد",
    "נועה לוי", "अनन्या शर्मा", "Иван Петров", "Amélie Rousseau", "Bjørn Håkonsen", "Catarina Sousa",
    "Dagny Þórsdóttir", "Emre Çelik", "Florian Weiß", "Grace Achieng", "Hristina Dimova",
    "Isabel Ferreira", "José Nuñez", "Karin Müller", "Łukasz Żak", "Mehmet Öztürk", "Nguyễn Thị Hoa",
    "Oluwaseun Adébáyò", "Pilar Gómez", "Ελένη Νικολάου", "Renée Bakker", "Sébastien Moreau",
    "Tatiana Oliveira", "Urška Kovačič", "Valentina Rossi", "William O’Connor", "Xavier Puig i Ferrer",
    "Yaw Mensah", "Željka Horvat", "عمر خليل",
    "Maria Madalena Josefa Antónia de Bragança e Albuquerque", "Дарья Соколова", "Sanna Mäkelä",
)  # fmt: skip
CORRECTED: Final = ("Ana Lima Duarte",)
LATE: Final = ("Beatriz Nogueira", "Kofi Boateng", "Ingrid Sørensen")
_FIRST_BIRTHDAY: Final = date(2001, 10, 5)


def rows_of(names: Sequence[str], first: int, awarded_on: str) -> list[list[str | int]]:
    """A row for each, whose values follow from its number alone."""
    return [
        [
            f"{number:06}",
            name,
            (_FIRST_BIRTHDAY + timedelta(days=number * 137 % 900)).isoformat(),
            f"s{number:06}@students.university.example",
            awarded_on,
            MARKS[number * 5 % 7],
            MARKS[number * 3 % 9],
            MARKS[number * 7 % 9] if number % 5 else "",
            "yes" if number % 3 else "no",
        ]
        for number, name in enumerate(names, start=first)
    ]


def planted(rows: list[list[str | int]]) -> list[list[str | int]]:
    """The same with four faults: an address without its end, a date that became a number, a mark without its
    point, and a name whose accents stand apart from their letters, as some systems write them."""
    at = KEYS.index
    rows[6][at("email")] = "s040707@students"
    rows[19][at("birth_date")] = 37_561
    rows[33][at("result.final")] = "17"
    rows[39][at("name")] = "Jose\u0301 Nun\u0303ez"
    return rows


def write(path: Path, rows: Sequence[Sequence[str | int]]) -> None:
    """A workbook with one sheet; texts stay texts."""
    with Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": "Made up for the tutorial", "created": date(2025, 8, 3)})
        bold, sheet = book.add_format({"bold": True}), book.add_worksheet("Export")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(KEYS) - 1, 16)
        sheet.set_column(1, 1, 34)
        sheet.set_column(3, 3, 34)
        sheet.write_row(0, 0, KEYS, bold)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, int):
                    sheet.write_number(number, column, value)
                elif value:
                    sheet.write_string(number, column, value)


def main() -> None:
    """The three rosters, beside the page."""
    write(FOLDER / "graduates.xlsx", planted(rows_of(GRADUATES, FIRST_NUMBER, "2025-07-31")))
    write(FOLDER / "corrected.xlsx", rows_of(CORRECTED, FIRST_NUMBER, "2025-07-31"))
    write(FOLDER / "late.xlsx", rows_of(LATE, FIRST_NUMBER + len(GRADUATES), "2025-09-30"))


if __name__ == "__main__":
    main()
