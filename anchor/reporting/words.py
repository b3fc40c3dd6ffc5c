"""The sentences of the report that are no figures, in the languages in which it is printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from anchor.reporting.french import FRENCH_INDICATORS
from registry.partnerships.definitions import INDICATORS

ENGLISH: Final[Mapping[str, str]] = {
    "title": "Outcomes of partnerships",
    "year": "Year",
    "country": "Country",
    "every_country": "all countries",
    "publisher": "Published by",
    "as_of": "As of block",
    "blocks": "Source: blocks {first} to {last} of {chain}, contract {contract}.",
    "practice": "This chain is for practice: what is anchored on it proves nothing to others.",
    "summary": "Summary",
    "summary_says": "Each figure is counted from what is anchored, and says what it is out of. Where there is "
    "nothing to "
    "count out of, there is no data, which is not zero.",
    "indicator": "Indicator",
    "value": "Value",
    "counted": "Counted",
    "out_of": "Out of",
    "no_data": "no data",
    "indicators": "Indicators and their definitions",
    "definition": "Definition",
    "formula": "Formula",
    "numerator": "Counted",
    "denominator": "Out of",
    "cannot_show": "Cannot show",
    "since": "Defined so since {since}.",
    "source": "Source",
    "trend": "By quarter",
    "quarter": "Quarter",
    "beside": "Beside it",
    "more": "{shown} of {all} are shown; the table beside the report has all.",
    "part": "Part",
    "partnerships": "Partnerships",
    "no_partnerships": "No partnership of this year is anchored by a partner.",
    "partner": "Partner",
    "kind": "Kind",
    "party": "Party",
    "not_on_chain": "not on the chain",
    "purpose": "For",
    "from_to": "Time",
    "no_end": "no end",
    "anchored": "Anchored by party {party} in block {block}.",
    "agreements": "Agreements on the chain: {numbers}.",
    "no_agreements": "No agreement between the partners is on the chain.",
    "does_not_agree": "Does not agree with the chain",
    "reviews": "Reviews",
    "due": "Due",
    "held": "Held",
    "outcome": "Outcome",
    "nothing_yet": "nothing on record",
    "targets": "Targets",
    "target": "Target",
    "by": "By",
    "state": "State",
    "no_targets": "No target is set.",
    "coverage": "Coverage",
    "coverage_says": "Issuers with an active accreditation at the end of the time, and how many of them are recognised "
    "from another country.",
    "field": "Field",
    "level": "EQF level",
    "recognised": "Recognised",
    "issuers": "Issuers",
    "equity": "Who was served: statements of issuers",
    "equity_says": "Statements are optional, aggregated and each the word of the issuer that anchored it. No "
    "count is of "
    "fewer than ten people; what is left out cannot be worked out from the rest.",
    "no_statements": "No issuer has anchored a statement for this time. Nothing is known of who was served.",
    "stated_by": "Stated by party {party}, anchored in block {block}: {measure}, {first} to {last}.",
    "left_out": "left out",
    "all": "All",
    "method": "Method and limits",
    "method_1": "All figures are counted by one program from the events of one contract and from anchored documents. "
    "Nothing is estimated, and nobody typed a figure in.",
    "method_2": "Anybody may register on the chain and call itself a body. An accreditation is counted whoever "
    "gave it; "
    "whom to believe is the reader's policy.",
    "method_3": "A link counts at a moment when it was active both by what was on record then and by what is on record "
    "now. So a later withdrawal leaves earlier credentials, and what is void never counted.",
    "method_4": "Recognition says what a body accepts. It does not show that anybody was admitted or employed.",
    "method_5": "A partnership counts once a partner that it names has anchored it. Documents of others are "
    "listed by the "
    "service and counted nowhere.",
    "snapshots": "Batches left out as snapshots of registers, which are no credentials: {batches}, with {leaves} "
    "leaves. A snapshot whose file was not at hand counts with every leaf.",
    "check": "How to check this report",
    "check_1": "Index the contract from its own events: testamur index --once",
    "check_2": "Print the report again and compare the bytes: testamur insights report --year {year}",
    "check_3": "Check the events themselves against the chain: testamur audit",
    "check_says": "Whoever has the same blocks, documents and snapshots of registers gets the same file, byte for "
    "byte.",
    "page": "Page",
    "chart_of": "Columns for {title}, by quarter. The table below has the same values.",
    "met": "met",
    "not-met": "not met",
    "not-yet": "not yet",
    "no-data": "no data",
    "days": "days",
    "at least": "at least",
    "at most": "at most",
    "lowerQuartile": "lower quartile",
    "upperQuartile": "upper quartile",
    "medianSinceRegistration": "median since registration",
    "notYet": "not recognised in the time",
    "statements": "statements",
}
FRENCH: Final[Mapping[str, str]] = {
    "title": "Résultats des partenariats",
    "year": "Année",
    "country": "Pays",
    "every_country": "tous les pays",
    "publisher": "Publié par",
    "as_of": "État au bloc",
    "blocks": "Source : blocs {first} à {last} de {chain}, contrat {contract}.",
    "practice": "Cette chaîne sert à s’exercer : ce qui y est ancré ne prouve rien à d’autres.",
    "summary": "Résumé",
    "summary_says": "Chaque chiffre est compté à partir de ce qui est ancré et dit sur quoi il porte. Là où il "
    "n’y a rien "
    "à compter, il n’y a pas de données, ce qui n’est pas zéro.",
    "indicator": "Indicateur",
    "value": "Valeur",
    "counted": "Comptés",
    "out_of": "Sur",
    "no_data": "pas de données",
    "indicators": "Les indicateurs et leurs définitions",
    "definition": "Définition",
    "formula": "Formule",
    "numerator": "Comptés",
    "denominator": "Sur",
    "cannot_show": "Ne peut pas montrer",
    "since": "Défini ainsi depuis le {since}.",
    "source": "Source",
    "trend": "Par trimestre",
    "quarter": "Trimestre",
    "beside": "À côté",
    "more": "{shown} sur {all} sont montrés ; le tableau joint au rapport les contient tous.",
    "part": "Partie",
    "partnerships": "Partenariats",
    "no_partnerships": "Aucun partenariat de cette année n’est ancré par un partenaire.",
    "partner": "Partenaire",
    "kind": "Genre",
    "party": "Partie",
    "not_on_chain": "pas sur la chaîne",
    "purpose": "But",
    "from_to": "Durée",
    "no_end": "sans fin",
    "anchored": "Ancré par la partie {party} dans le bloc {block}.",
    "agreements": "Accords sur la chaîne : {numbers}.",
    "no_agreements": "Aucun accord entre les partenaires n’est sur la chaîne.",
    "does_not_agree": "Ne concorde pas avec la chaîne",
    "reviews": "Examens",
    "due": "Prévu",
    "held": "Tenu",
    "outcome": "Résultat",
    "nothing_yet": "rien d’enregistré",
    "targets": "Cibles",
    "target": "Cible",
    "by": "Jusqu’au",
    "state": "État",
    "no_targets": "Aucune cible n’est fixée.",
    "coverage": "Couverture",
    "coverage_says": "Les émetteurs avec une accréditation active à la fin de la période, et combien d’entre eux sont "
    "reconnus depuis un autre pays.",
    "field": "Domaine",
    "level": "Niveau CEC",
    "recognised": "Reconnus",
    "issuers": "Émetteurs",
    "equity": "Qui en a bénéficié : déclarations des émetteurs",
    "equity_says": "Les déclarations sont facultatives, agrégées, et chacune est la parole de l’émetteur qui l’a "
    "ancrée. "
    "Aucun nombre ne porte sur moins de dix personnes ; ce qui est omis ne peut pas être déduit du reste.",
    "no_statements": "Aucun émetteur n’a ancré de déclaration pour cette période. On ne sait rien de qui en a "
    "bénéficié.",
    "stated_by": "Déclaré par la partie {party}, ancré dans le bloc {block} : {measure}, du {first} au {last}.",
    "left_out": "omis",
    "all": "Tous",
    "method": "Méthode et limites",
    "method_1": "Tous les chiffres sont comptés par un même programme à partir des événements d’un contrat et de "
    "documents "
    "ancrés. Rien n’est estimé, et personne n’a saisi de chiffre.",
    "method_2": "Chacun peut s’inscrire sur la chaîne et se dire organisme. Une accréditation est comptée quel "
    "que soit "
    "celui qui la donne ; le lecteur décide qui croire.",
    "method_3": "Un lien compte à un moment s’il était actif d’après ce qui était enregistré alors et d’après ce "
    "qui est "
    "enregistré aujourd’hui. Un retrait ultérieur laisse donc les titres antérieurs ; ce qui est nul n’a jamais "
    "compté.",
    "method_4": "La reconnaissance dit ce qu’un organisme accepte. Elle ne montre pas que quelqu’un a été admis "
    "ou engagé.",
    "method_5": "Un partenariat compte dès qu’un partenaire qu’il nomme l’a ancré. Les documents d’autres sont "
    "listés par "
    "le service et ne sont comptés nulle part.",
    "snapshots": "Lots omis comme instantanés de registres, qui ne sont pas des titres : {batches}, avec {leaves} "
    "feuilles. Un instantané dont le fichier n’était pas à disposition compte avec chaque feuille.",
    "check": "Comment vérifier ce rapport",
    "check_1": "Indexer le contrat à partir de ses propres événements : testamur index --once",
    "check_2": "Imprimer le rapport à nouveau et comparer les octets : testamur insights report --year {year}",
    "check_3": "Vérifier les événements eux-mêmes sur la chaîne : testamur audit",
    "check_says": "Qui a les mêmes blocs, documents et instantanés de registres obtient le même fichier, octet pour "
    "octet.",
    "page": "Page",
    "chart_of": "Colonnes pour : {title}, par trimestre. Le tableau suivant a les mêmes valeurs.",
    "met": "atteinte",
    "not-met": "non atteinte",
    "not-yet": "pas encore",
    "no-data": "pas de données",
    "days": "jours",
    "at least": "au moins",
    "at most": "au plus",
    "lowerQuartile": "premier quartile",
    "upperQuartile": "troisième quartile",
    "medianSinceRegistration": "médiane depuis l’inscription",
    "notYet": "non reconnus dans la période",
    "statements": "déclarations",
}
WORDS: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "fr": FRENCH}

TEXTS: Final = ("title", "definition", "formula", "numerator", "denominator", "cannot_show")
"""Of an indicator, those that are printed in the language of the report."""


def indicator_texts(language: str) -> dict[str, dict[str, str]]:
    """The texts of each indicator, by its id."""
    english = {each.id: {name: getattr(each, name) for name in TEXTS} for each in INDICATORS}
    if language == "en":
        return english
    return {name: dict(zip(TEXTS, texts, strict=True)) for name, texts in FRENCH_INDICATORS.items()}
