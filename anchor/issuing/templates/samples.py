"""What stands in a new template until somebody writes their own: an award of a university that does not exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from anchor.issuing.templates.model import Kind, Template

SPOKEN: Final = ("en", "de", "fr", "es", "pt")
"""Languages of the samples; a text has one for each, in this order."""

_Five = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """What differs between the kinds of awards.

    Attributes:
        type: achievement type of Open Badges 3.0.
        has_courses: whether its courses are named.
        granular: whether courses and competences are credentials of their own.
        valid_months: None for always.
    """

    slug: str
    type: str
    name: _Five
    field: str
    level: int
    credits: int
    has_courses: bool
    granular: bool
    valid_months: int | None = None


SAMPLES: Final[Mapping[Kind, Sample]] = {
    Kind.BACHELOR: Sample(
        "bachelor-information-systems",
        "BachelorDegree",
        (
            "Bachelor of Science in Information Systems",
            "Bachelor of Science Wirtschaftsinformatik",
            "Licence de sciences en systèmes d’information",
            "Grado en Ciencias en Sistemas de Información",
            "Licenciatura em Ciências em Sistemas de Informação",
        ),
        "0688",
        6,
        180,
        has_courses=True,
        granular=True,
    ),
    Kind.CERTIFICATE: Sample(
        "certificate-security-audit",
        "Certificate",
        (
            "Certificate in Information Security Audit",
            "Zertifikat Prüfung der Informationssicherheit",
            "Certificat en audit de la sécurité de l’information",
            "Certificado en Auditoría de Seguridad de la Información",
            "Certificado em Auditoria de Segurança da Informação",
        ),
        "0619",
        6,
        30,
        has_courses=True,
        granular=False,
        valid_months=36,
    ),
    Kind.SHORT_COURSE: Sample(
        "course-requirements",
        "Course",
        (
            "Short course: Requirements Engineering",
            "Kurzkurs: Anforderungsanalyse",
            "Cours bref : ingénierie des exigences",
            "Curso breve: Ingeniería de requisitos",
            "Curso breve: Engenharia de requisitos",
        ),
        "0613",
        5,
        3,
        has_courses=False,
        granular=False,
    ),
    Kind.MICROCREDENTIAL: Sample(
        "microcredential-data-governance",
        "MicroCredential",
        (
            "Micro-credential: Data Governance",
            "Micro-Credential: Data Governance",
            "Microcertification : gouvernance des données",
            "Microcredencial: Gobernanza de datos",
            "Microcredencial: Governação de dados",
        ),
        "0612",
        6,
        5,
        has_courses=False,
        granular=True,
        valid_months=60,
    ),
}

TEXTS: Final[Mapping[str, _Five]] = {
    "university": (
        "Example University",
        "Beispiel-Universität",
        "Université Exemple",
        "Universidad Ejemplo",
        "Universidade Exemplo",
    ),
    "description": (
        "What whoever holds this has learnt, in two or three sentences.",
        "Was gelernt hat, wer dies besitzt, in zwei oder drei Sätzen.",
        "Ce qu’a appris la personne titulaire, en deux ou trois phrases.",
        "Lo que ha aprendido quien lo posee, en dos o tres frases.",
        "O que aprendeu quem o possui, em duas ou três frases.",
    ),
    "criteria": (
        "All examinations were passed, and the final project was defended before two examiners.",
        "Alle Prüfungen wurden bestanden, die Abschlussarbeit wurde vor zwei Prüfenden verteidigt.",
        "Tous les examens ont été réussis et le projet final a été soutenu devant deux examinateurs.",
        "Se aprobaron todos los exámenes y se defendió el proyecto final ante dos examinadores.",
        "Todos os exames foram aprovados e o projeto final foi defendido perante dois examinadores.",
    ),
    "national_level": ("NQF level 6", "NQR-Niveau 6", "Niveau 6 du CNC", "Nivel 6 del MNC", "Nível 6 do QNQ"),
    "final": ("Final mark", "Gesamtnote", "Note finale", "Nota final", "Nota final"),
    "status": ("Outcome", "Ergebnis", "Résultat", "Resultado", "Resultado"),
    "databases": ("Databases", "Datenbanken", "Bases de données", "Bases de datos", "Bases de dados"),
    "security": (
        "Information security",
        "Informationssicherheit",
        "Sécurité de l’information",
        "Seguridad de la información",
        "Segurança da informação",
    ),
    "development": (
        "Application development",
        "Anwendungsentwicklung",
        "Développement d’applications",
        "Desarrollo de aplicaciones",
        "Desenvolvimento de aplicações",
    ),
    "development.why": (
        "Turns a design into a working application and documents it.",
        "Setzt einen Entwurf in eine lauffähige Anwendung um und dokumentiert sie.",
        "Transforme une conception en application qui fonctionne et la documente.",
        "Convierte un diseño en una aplicación que funciona y la documenta.",
        "Transforma um projeto numa aplicação que funciona e documenta-a.",
    ),
    "rector": ("Rector", "Rektorin", "Rectrice", "Rectora", "Reitora"),
    "examiner": (
        "Head of the examination board",
        "Vorsitz des Prüfungsausschusses",
        "Présidence du jury d’examen",
        "Presidencia de la comisión de exámenes",
        "Presidência do júri de exames",
    ),
}


def in_language(texts: _Five, language: str) -> str:
    """A sample in a language or, where there is none, in English."""
    main = language.partition("-")[0]
    return texts[SPOKEN.index(main) if main in SPOKEN else 0]


def is_spoken(language: str) -> bool:
    """Whether there are samples in a language."""
    return language.partition("-")[0] in SPOKEN


def samples_left(template: Template) -> tuple[str, ...]:
    """The keys of a template whose texts, in any language, nobody has changed since it was written."""
    texts = {"issuer.name": template.issuer.name, "description": template.description, "criteria": template.criteria}
    samples = {"issuer.name": "university"}
    return tuple(key for key, said in texts.items() if not {*said.values()}.isdisjoint(TEXTS[samples.get(key, key)]))
