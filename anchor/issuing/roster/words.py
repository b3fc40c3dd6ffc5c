"""What a roster says to whoever fills it in, in the languages that there are words for; else in English.

The keys are the same in every language: a label may be translated, or written anew, and the roster is read as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ENGLISH: Final = "en"

_EN: Final = {
    "person_id": "Number of the person",
    "person_id.why": "As your register of students has it, once in this roster. Leading zeros count.",
    "name": "Full name",
    "name.why": "As it is to stand on the diploma, in any script.",
    "birth_date": "Date of birth",
    "birth_date.why": "Year-month-day, such as 2003-07-31. It tells people of the same name apart.",
    "email": "E-mail address",
    "email.why": "Where the credential is sent.",
    "language": "Language",
    "language.why": "In which the person is written to.",
    "awarded_on": "Awarded on",
    "awarded_on.why": "Year-month-day, such as 2026-07-31.",
    "accepted": "Looked at",
    "accepted.why": "Names of rules that a person looked at in this row and finds right, such as long-name.",
    "reason": "What was wrong",
    "reason.why": "This column is not read. Mend the row and put the file in again.",
    "mandatory": "MANDATORY",
    "optional": "optional",
    "number.why": "A number with a point, such as 1.7.",
    "choice.why": "One from the list.",
    "text.why": "As it is to stand in the credential.",
    "mark": "Mark",
    "course.why": "The mark; nothing for who did not take the course.",
    "competence.why": "One from the list; nothing or 'no' for who does not have it.",
    "sheet": "Instructions",
    "made_for": "Roster for",
    "fill": "Fill in one row of the sheet Data for each person. Empty rows are left out.",
    "colours": "Columns with a coloured label and the word MANDATORY have to be filled in; the others may stay empty.",
    "moved": "Columns may be moved, and labels translated. The hidden first row and the hidden first column have to"
    " stay.",
    "dates": "Dates are text: year-month-day. A number that stands for a date is refused, since it would be guessed.",
    "values": "Paste values, not formulas: a formula is refused with its cell.",
    "check": "Then check the file:",
    "columns": "The columns:",
}
_DE: Final = {
    "person_id": "Nummer der Person",
    "person_id.why": "Wie im Studierendenverzeichnis, einmal in dieser Liste. Führende Nullen zählen.",
    "name": "Vollständiger Name",
    "name.why": "Wie er auf der Urkunde stehen soll, in jeder Schrift.",
    "birth_date": "Geburtsdatum",
    "birth_date.why": "Jahr-Monat-Tag, etwa 2003-07-31. Unterscheidet Personen gleichen Namens.",
    "email": "E-Mail-Adresse",
    "email.why": "Wohin der Nachweis geschickt wird.",
    "language": "Sprache",
    "language.why": "In der die Person angeschrieben wird.",
    "awarded_on": "Verliehen am",
    "awarded_on.why": "Jahr-Monat-Tag, etwa 2026-07-31.",
    "accepted": "Angesehen",
    "accepted.why": "Namen von Regeln, die jemand in dieser Zeile angesehen hat und richtig findet, etwa long-name.",
    "reason": "Was nicht stimmte",
    "reason.why": "Diese Spalte wird nicht gelesen. Zeile berichtigen und die Datei wieder einreichen.",
    "mandatory": "PFLICHT",
    "optional": "freiwillig",
    "number.why": "Eine Zahl mit Punkt, etwa 1.7.",
    "choice.why": "Eines aus der Liste.",
    "text.why": "Wie es im Nachweis stehen soll.",
    "mark": "Note",
    "course.why": "Die Note; nichts bei Personen, die den Kurs nicht belegt haben.",
    "competence.why": "Eines aus der Liste; nichts oder „no“, wenn die Person sie nicht hat.",
    "sheet": "Anleitung",
    "made_for": "Liste für",
    "fill": "Für jede Person eine Zeile im Blatt Data ausfüllen. Leere Zeilen werden übergangen.",
    "colours": "Spalten mit farbiger Beschriftung und dem Wort PFLICHT sind auszufüllen; die übrigen dürfen leer"
    " bleiben.",
    "moved": "Spalten dürfen verschoben, Beschriftungen übersetzt werden. Die verborgene erste Zeile und die verborgene"
    " erste Spalte müssen bleiben.",
    "dates": "Datumsangaben sind Text: Jahr-Monat-Tag. Eine Zahl, die für ein Datum steht, wird abgelehnt, denn sie"
    " wäre"
    " geraten.",
    "values": "Werte einfügen, keine Formeln: eine Formel wird mit ihrer Zelle abgelehnt.",
    "check": "Danach die Datei prüfen:",
    "columns": "Die Spalten:",
}
_FR: Final = {
    "person_id": "Numéro de la personne",
    "person_id.why": "Tel qu’au registre des étudiants, une seule fois dans cette liste. Les zéros initiaux comptent.",
    "name": "Nom complet",
    "name.why": "Tel qu’il doit figurer sur le diplôme, dans toute écriture.",
    "birth_date": "Date de naissance",
    "birth_date.why": "Année-mois-jour, par exemple 2003-07-31. Elle distingue les homonymes.",
    "email": "Adresse électronique",
    "email.why": "Où le titre est envoyé.",
    "language": "Langue",
    "language.why": "Celle dans laquelle on écrit à la personne.",
    "awarded_on": "Décerné le",
    "awarded_on.why": "Année-mois-jour, par exemple 2026-07-31.",
    "accepted": "Vérifié",
    "accepted.why": "Noms des règles qu’une personne a examinées pour cette ligne et trouve justes, comme long-name.",
    "reason": "Ce qui n’allait pas",
    "reason.why": "Cette colonne n’est pas lue. Corrigez la ligne et redonnez le fichier.",
    "mandatory": "OBLIGATOIRE",
    "optional": "facultatif",
    "number.why": "Un nombre avec un point, par exemple 1.7.",
    "choice.why": "Un élément de la liste.",
    "text.why": "Tel que cela doit figurer dans le titre.",
    "mark": "Note",
    "course.why": "La note ; rien pour qui n’a pas suivi le cours.",
    "competence.why": "Un élément de la liste ; rien ou « no » pour qui ne l’a pas.",
    "sheet": "Instructions",
    "made_for": "Liste pour",
    "fill": "Remplissez une ligne de la feuille Data par personne. Les lignes vides sont ignorées.",
    "colours": "Les colonnes à l’étiquette colorée, avec le mot OBLIGATOIRE, sont à remplir ; les autres peuvent rester"
    " vides.",
    "moved": "Les colonnes peuvent être déplacées et les étiquettes traduites. La première ligne et la première"
    " colonne,"
    " masquées, doivent rester.",
    "dates": "Les dates sont du texte : année-mois-jour. Un nombre qui représente une date est refusé, car il faudrait"
    " deviner.",
    "values": "Collez des valeurs, pas des formules : une formule est refusée avec sa cellule.",
    "check": "Puis vérifiez le fichier :",
    "columns": "Les colonnes :",
}
_ES: Final = {
    "person_id": "Número de la persona",
    "person_id.why": "Como en su registro de estudiantes, una sola vez en esta lista. Los ceros iniciales cuentan.",
    "name": "Nombre completo",
    "name.why": "Como debe figurar en el diploma, en cualquier escritura.",
    "birth_date": "Fecha de nacimiento",
    "birth_date.why": "Año-mes-día, por ejemplo 2003-07-31. Distingue a personas del mismo nombre.",
    "email": "Correo electrónico",
    "email.why": "Adonde se envía la credencial.",
    "language": "Idioma",
    "language.why": "En el que se escribe a la persona.",
    "awarded_on": "Otorgado el",
    "awarded_on.why": "Año-mes-día, por ejemplo 2026-07-31.",
    "accepted": "Revisado",
    "accepted.why": "Nombres de las reglas que alguien revisó en esta fila y considera correctas, como long-name.",
    "reason": "Qué estaba mal",
    "reason.why": "Esta columna no se lee. Corrija la fila y vuelva a entregar el archivo.",
    "mandatory": "OBLIGATORIO",
    "optional": "opcional",
    "number.why": "Un número con punto, por ejemplo 1.7.",
    "choice.why": "Uno de la lista.",
    "text.why": "Como debe figurar en la credencial.",
    "mark": "Calificación",
    "course.why": "La nota; nada para quien no cursó la asignatura.",
    "competence.why": "Uno de la lista; nada o «no» para quien no la tiene.",
    "sheet": "Instrucciones",
    "made_for": "Lista para",
    "fill": "Rellene una fila de la hoja Data por persona. Las filas vacías se omiten.",
    "colours": "Las columnas con etiqueta de color y la palabra OBLIGATORIO deben rellenarse; las demás pueden quedar"
    " vacías.",
    "moved": "Las columnas se pueden mover y las etiquetas traducir. La primera fila y la primera columna, ocultas,"
    " deben"
    " quedarse.",
    "dates": "Las fechas son texto: año-mes-día. Un número que representa una fecha se rechaza, pues habría que"
    " adivinar.",
    "values": "Pegue valores, no fórmulas: una fórmula se rechaza con su celda.",
    "check": "Después compruebe el archivo:",
    "columns": "Las columnas:",
}
_PT: Final = {
    "person_id": "Número da pessoa",
    "person_id.why": "Como no registo de estudantes, uma só vez nesta lista. Os zeros iniciais contam.",
    "name": "Nome completo",
    "name.why": "Como deve figurar no diploma, em qualquer escrita.",
    "birth_date": "Data de nascimento",
    "birth_date.why": "Ano-mês-dia, por exemplo 2003-07-31. Distingue pessoas com o mesmo nome.",
    "email": "Endereço de correio eletrónico",
    "email.why": "Para onde a credencial é enviada.",
    "language": "Língua",
    "language.why": "Na qual se escreve à pessoa.",
    "awarded_on": "Atribuído em",
    "awarded_on.why": "Ano-mês-dia, por exemplo 2026-07-31.",
    "accepted": "Verificado",
    "accepted.why": "Nomes das regras que alguém verificou nesta linha e considera certas, como long-name.",
    "reason": "O que estava errado",
    "reason.why": "Esta coluna não é lida. Corrija a linha e entregue o ficheiro de novo.",
    "mandatory": "OBRIGATÓRIO",
    "optional": "facultativo",
    "number.why": "Um número com ponto, por exemplo 1.7.",
    "choice.why": "Um da lista.",
    "text.why": "Como deve figurar na credencial.",
    "mark": "Classificação",
    "course.why": "A nota; nada para quem não frequentou a disciplina.",
    "competence.why": "Um da lista; nada ou «no» para quem não a tem.",
    "sheet": "Instruções",
    "made_for": "Lista para",
    "fill": "Preencha uma linha da folha Data por pessoa. As linhas vazias são ignoradas.",
    "colours": "As colunas com etiqueta colorida e a palavra OBRIGATÓRIO têm de ser preenchidas; as outras podem ficar"
    " vazias.",
    "moved": "As colunas podem ser movidas e as etiquetas traduzidas. A primeira linha e a primeira coluna, ocultas,"
    " têm de"
    " ficar.",
    "dates": "As datas são texto: ano-mês-dia. Um número que representa uma data é recusado, pois seria adivinhar.",
    "values": "Cole valores, não fórmulas: uma fórmula é recusada com a sua célula.",
    "check": "Depois verifique o ficheiro:",
    "columns": "As colunas:",
}

WORDS: Final[Mapping[str, Mapping[str, str]]] = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES, "pt": _PT}
"""Language → key → what is said; every language has every key."""


def word(key: str, language: str) -> str:
    """What is said in a language or, where there are no words for it, in English."""
    return WORDS.get(spoken(language), _EN)[key]


def spoken(language: str) -> str:
    """The language of the words that are used for one: `pt` for `pt-BR`, `en` where there are none."""
    main = language.partition("-")[0]
    return main if main in WORDS else ENGLISH
