"""What our layouts say around what the credential says: short phrases that need no gender and no case of a name.

They belong to the layouts and are no sentences of a verdict, so they have no catalogue: a phrase here is to fit one
place of one page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from babel.dates import format_date


@dataclass(frozen=True, slots=True)
class Wording:
    """The phrases of one language.

    Attributes:
        certifies: stands below the issuer and above the name.
        awarded: stands below the name and above the award.
        what_counts: that the check counts, and not the paper.
        qr: text in place of the picture of the code.
        credential: describes the attached file.
        draft: marks a page that proves nothing yet.
    """

    certifies: str
    awarded: str
    born: str
    date: str
    valid_until: str
    field: str
    credits: str
    results: str
    what: str
    result: str
    supplement: str
    alignment: str
    verify_at: str
    code_is: str
    what_counts: str
    qr: str
    logo: str
    credential: str
    draft: str


WORDINGS: Final[Mapping[str, Wording]] = {
    "en": Wording(
        certifies="certifies that",
        awarded="has been awarded",
        born="Date of birth",
        date="Date of award",
        valid_until="Valid until",
        field="Field of study",
        credits="Credits",
        results="Results",
        what="Subject",
        result="Result",
        supplement="Details of the award",
        alignment="Frameworks",
        verify_at="Verify at",
        code_is="Code",
        what_counts="What counts is what the check prints, not what stands on paper.",
        qr="QR code with the link that verifies this document",
        logo="Logo of the institution",
        credential="The verifiable credential of which these pages are a rendering",
        draft="DRAFT: not a diploma",
    ),
    "fr": Wording(
        certifies="certifie que",
        awarded="a obtenu",
        born="Date de naissance",
        date="Date de délivrance",
        valid_until="Valable jusqu’au",
        field="Domaine d’études",
        credits="Crédits",
        results="Résultats",
        what="Matière",
        result="Résultat",
        supplement="Détails du titre",
        alignment="Cadres de référence",
        verify_at="À vérifier sur",
        code_is="Code",
        what_counts="Ce qui compte est ce qu’affiche la vérification, non ce qui figure sur le papier.",
        qr="Code QR avec le lien qui vérifie ce document",
        logo="Logo de l’établissement",
        credential="L’attestation vérifiable dont ces pages sont la présentation",
        draft="PROJET : n’est pas un diplôme",
    ),
    "de": Wording(
        certifies="bescheinigt:",
        awarded="hat folgende Qualifikation erworben:",
        born="Geburtsdatum",
        date="Datum der Verleihung",
        valid_until="Gültig bis",
        field="Studienfeld",
        credits="Leistungspunkte",
        results="Ergebnisse",
        what="Fach",
        result="Ergebnis",
        supplement="Angaben zum Abschluss",
        alignment="Rahmen",
        verify_at="Zu prüfen unter",
        code_is="Code",
        what_counts="Es zählt, was die Prüfung ausgibt, nicht was auf dem Papier steht.",
        qr="QR-Code mit dem Link, der dieses Dokument prüft",
        logo="Logo der Einrichtung",
        credential="Der prüfbare Nachweis, den diese Seiten darstellen",
        draft="ENTWURF: kein Zeugnis",
    ),
    "es": Wording(
        certifies="certifica que",
        awarded="ha obtenido",
        born="Fecha de nacimiento",
        date="Fecha de concesión",
        valid_until="Válido hasta",
        field="Campo de estudios",
        credits="Créditos",
        results="Resultados",
        what="Materia",
        result="Resultado",
        supplement="Detalles del título",
        alignment="Marcos de referencia",
        verify_at="Verificar en",
        code_is="Código",
        what_counts="Lo que cuenta es lo que muestra la verificación, no lo que figura en el papel.",
        qr="Código QR con el enlace que verifica este documento",
        logo="Logotipo de la institución",
        credential="La credencial verificable que estas páginas representan",
        draft="BORRADOR: no es un título",
    ),
    "pt": Wording(
        certifies="certifica que",
        awarded="obteve",
        born="Data de nascimento",
        date="Data de atribuição",
        valid_until="Válido até",
        field="Área de estudo",
        credits="Créditos",
        results="Resultados",
        what="Disciplina",
        result="Resultado",
        supplement="Detalhes do título",
        alignment="Quadros de referência",
        verify_at="Verificar em",
        code_is="Código",
        what_counts="O que conta é o que a verificação mostra, não o que está no papel.",
        qr="Código QR com a ligação que verifica este documento",
        logo="Logótipo da instituição",
        credential="A credencial verificável que estas páginas apresentam",
        draft="RASCUNHO: não é um diploma",
    ),
    "hr": Wording(
        certifies="potvrđuje da",
        awarded="ima stečenu kvalifikaciju",
        born="Datum rođenja",
        date="Datum dodjele",
        valid_until="Vrijedi do",
        field="Područje studija",
        credits="Bodovi",
        results="Rezultati",
        what="Predmet",
        result="Rezultat",
        supplement="Podaci o kvalifikaciji",
        alignment="Okviri",
        verify_at="Provjera na adresi",
        code_is="Kôd",
        what_counts="Vrijedi ono što pokaže provjera, a ne ono što piše na papiru.",
        qr="QR kôd s poveznicom koja provjerava ovaj dokument",
        logo="Logotip ustanove",
        credential="Provjerljiva vjerodajnica koju ove stranice prikazuju",
        draft="NACRT: nije diploma",
    ),
    "ar": Wording(
        certifies="شهادة ممنوحة إلى",
        awarded="المؤهل",
        born="تاريخ الميلاد",
        date="تاريخ المنح",
        valid_until="صالح حتى",
        field="مجال الدراسة",
        credits="الساعات المعتمدة",
        results="النتائج",
        what="المقرر",
        result="النتيجة",
        supplement="تفاصيل المؤهل",
        alignment="الأطر",
        verify_at="للتحقق",
        code_is="الرمز",
        what_counts="المعتمد هو ما تُظهره عملية التحقق، لا ما كُتب على الورق.",
        qr="رمز QR يحمل رابط التحقق من هذه الوثيقة",
        logo="شعار المؤسسة",
        credential="الشهادة القابلة للتحقق التي تعرضها هذه الصفحات",
        draft="مسودة: ليست شهادة",
    ),
    "hi": Wording(
        certifies="द्वारा प्रमाणित किया जाता है कि",
        awarded="को यह योग्यता प्रदान की गई है",
        born="जन्म तिथि",
        date="प्रदान करने की तिथि",
        valid_until="इस तिथि तक मान्य",
        field="अध्ययन का क्षेत्र",
        credits="क्रेडिट",
        results="परिणाम",
        what="विषय",
        result="परिणाम",
        supplement="योग्यता का विवरण",
        alignment="ढाँचे",
        verify_at="यहाँ जाँचें",
        code_is="कोड",
        what_counts="मान्य वही है जो जाँच दिखाती है, न कि वह जो काग़ज़ पर लिखा है।",
        qr="इस दस्तावेज़ की जाँच करने वाले लिंक का QR कोड",
        logo="संस्था का चिह्न",
        credential="वह सत्यापन-योग्य प्रमाणपत्र जिसे ये पृष्ठ दिखाते हैं",
        draft="मसौदा: यह प्रमाणपत्र नहीं है",
    ),
    "sw": Wording(
        certifies="inathibitisha kwamba",
        awarded="ametunukiwa",
        born="Tarehe ya kuzaliwa",
        date="Tarehe ya kutunukiwa",
        valid_until="Halali hadi",
        field="Fani ya masomo",
        credits="Alama za masomo",
        results="Matokeo",
        what="Somo",
        result="Matokeo",
        supplement="Maelezo ya tuzo",
        alignment="Mifumo",
        verify_at="Thibitisha kwenye",
        code_is="Msimbo",
        what_counts="Kinachohesabika ni kile ambacho uthibitishaji unaonyesha, si kilichoandikwa kwenye karatasi.",
        qr="Msimbo wa QR wenye kiungo cha kuthibitisha hati hii",
        logo="Nembo ya taasisi",
        credential="Hati inayothibitika ambayo kurasa hizi zinaionyesha",
        draft="RASIMU: si diploma",
    ),
    "zh": Wording(
        certifies="兹证明",
        awarded="获得",
        born="出生日期",
        date="授予日期",
        valid_until="有效期至",
        field="专业领域",
        credits="学分",
        results="成绩",
        what="科目",
        result="成绩",
        supplement="学历详情",
        alignment="框架",
        verify_at="查验网址",
        code_is="代码",
        what_counts="以查验结果为准，而非纸面内容。",
        qr="用于查验本文件的二维码",
        logo="机构标志",
        credential="本页面所呈现的可验证凭证",
        draft="草稿：并非证书",
    ),
}


def wording_of(language: str) -> Wording | None:
    """The phrases of a language, by its tag (BCP 47); None where the layouts have none in it."""
    return WORDINGS.get(language.partition("-")[0].lower())


def date_in(language: str, day: date) -> str:
    """A date in words, its digits those of everybody: people compare them with other papers."""
    locale = language.partition("-")[0].lower()
    # The days of most of the world stand before the month; `en` alone is American English.
    return str(format_date(day, "long", locale="en_GB" if locale == "en" else locale))
