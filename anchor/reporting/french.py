"""The indicators in French: title, definition, formula, numerator, denominator, and what each cannot show.

They say what `registry.partnerships.definitions` says; a test sees to it that none is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ABROAD: Final = (
    "Reconnu depuis l’étranger veut dire : à ce moment, un chemin de liens actifs partait d’un organisme d’un "
    "autre pays "
    "qui reconnaissait, au moins pour une partie de la portée, un organisme dont vient l’accréditation de l’émetteur."
)
_SNAPSHOTS: Final = (
    "Les instantanés connus de registres sont omis ; celui dont le fichier n’est pas à disposition compte avec chaque "
    "feuille, comme les autres documents ancrés, tels les partenariats."
)
_SHARE: Final = "100 × comptés ÷ sur"
_GROWTH: Final = "100 × (comptés − sur) ÷ sur"

FRENCH_INDICATORS: Final[Mapping[str, tuple[str, str, str, str, str, str]]] = {
    "credentials-recognised-abroad": (
        "Titres reconnus au-delà d’une frontière",
        f"Part des titres ancrés dans la période dont l’émetteur était reconnu depuis l’étranger. {_ABROAD}",
        _SHARE,
        "Titres des lots de la période dont l’émetteur était reconnu depuis l’étranger à l’heure du bloc de l’ancrage.",
        "Tous les titres des lots de la période qui disent combien ils en ont.",
        "Un lot n’a pas de portée : tous les titres d’un émetteur comptent, aussi hors du domaine ou du niveau "
        f"reconnu. {_SNAPSHOTS} "
        "Il ne montre pas que quelqu’un à l’étranger a accepté un titre. Les accréditations pour tout pays sont "
        "omises.",
    ),
    "time-to-recognition": (
        "Temps jusqu’à la reconnaissance",
        "Jours entre la première accréditation d’un émetteur et la première fois qu’il était reconnu depuis "
        "l’étranger. "
        f"{_ABROAD}",
        "Médiane des jours ; à côté le premier et le troisième quartile (linéaires entre voisins)",
        "Émetteurs reconnus depuis l’étranger pour la première fois dans la période.",
        "Émetteurs qui avaient une accréditation à émettre avant la fin de la période.",
        "Les émetteurs qui ne sont pas encore reconnus n’ont pas de nombre de jours : la médiane est celle de ceux qui "
        "ont réussi. Le temps avant l’inscription ici n’est pas enregistré.",
    ),
    "revoked-after-audit": (
        "Révocations qui suivent un constat",
        "Part des révocations de la période qui donnent une raison à laquelle mène un audit ou un examen (émis par "
        "erreur, obtenu par fraude, exigences non remplies), ou qui ont suivi une suspension pour examen.",
        _SHARE,
        "Titres révoqués dans la période pour une de ces raisons, ou pendant une suspension pour examen.",
        "Tous les titres révoqués dans la période, un à un ou avec leur lot.",
        "La chaîne a la raison de l’émetteur et pas l’audit : qui a constaté n’est pas enregistré, et une "
        "révocation sans "
        "raison peut aussi suivre un audit. Un titre révoqué par sa place et par son empreinte compte deux fois. Les "
        "lots qui ne disent pas leur nombre sont omis, de même que les instantanés connus de registres ; une décision "
        "de l’un d’eux que son miroir a révoquée par son empreinte compte.",
    ),
    "reviews-overdue": (
        "Examens en retard",
        "Part des jours d’examen des partenariats en vigueur qui étaient passés à la fin de la période sans résultat "
        "enregistré.",
        _SHARE,
        "Jours d’examen avant la fin de la période sans résultat.",
        "Tous les jours d’examen avant la fin de la période, des partenariats alors en vigueur.",
        "Un examen tenu et pas encore enregistré compte comme en retard. Il ne dit rien de la valeur d’un examen.",
    ),
    "accreditations-renewed": (
        "Accréditations renouvelées à leur fin",
        "Part des accréditations dont la durée finissait dans la période et qui avaient un successeur à sa fin.",
        _SHARE,
        "Parmi elles, celles avec une autre accréditation active de même genre, organisme et titulaire à la fin de la "
        "période.",
        "Accréditations actives jusqu’à leur fin, qui était dans la période.",
        "Un successeur peut avoir une autre portée. Celles retirées ou nulles avant leur fin sont omises.",
    ),
    "fields-recognised": (
        "Domaines avec reconnaissance au-delà d’une frontière",
        f"Part des grands domaines d’études avec émetteurs accrédités où l’un est reconnu depuis l’étranger. {_ABROAD}",
        _SHARE,
        "Grands domaines (CITE-F 2013, deux chiffres) avec une accréditation active à émettre reconnue depuis "
        "l’étranger à la fin de la période.",
        "Grands domaines avec une accréditation active à émettre à la fin de la période.",
        "Les accréditations pour tout domaine n’en nomment aucun et sont omises. Il montre jusqu’où va la "
        "reconnaissance, pas combien de personnes elle sert.",
    ),
    "levels-recognised": (
        "Niveaux avec reconnaissance au-delà d’une frontière",
        f"Part des niveaux du CEC avec émetteurs accrédités où l’un est reconnu depuis l’étranger. {_ABROAD}",
        _SHARE,
        "Niveaux du CEC des accréditations actives à émettre reconnues depuis l’étranger à la fin de la période.",
        "Niveaux du CEC des accréditations actives à émettre à la fin de la période.",
        "Une accréditation sur plusieurs niveaux compte à chacun d’eux.",
    ),
    "countries-recognised": (
        "Pays avec reconnaissance au-delà d’une frontière",
        f"Part des pays avec émetteurs accrédités dont l’un est reconnu depuis l’étranger. {_ABROAD}",
        _SHARE,
        "Pays des accréditations actives à émettre reconnues depuis l’étranger à la fin de la période.",
        "Pays des accréditations actives à émettre à la fin de la période.",
        "Les accréditations pour tout pays n’en nomment aucun et sont omises.",
    ),
    "languages-stated": (
        "Langues des titres",
        "Langues des titres pour lesquelles des émetteurs ont déclaré un nombre dans la période.",
        "Nombre de langues différentes dans les tableaux de dimension « language »",
        "Langues avec un nombre déclaré.",
        "Rien ; à côté figure le nombre des déclarations qui ont un tel tableau.",
        "La chaîne ne connaît pas de langue. Qui ne déclare rien n’y est pas, et une langue avec moins de 10 "
        "titres peut "
        "être omise.",
    ),
    "credentials-growth": (
        "Croissance des titres ancrés",
        "Changement du nombre de titres ancrés par rapport à la période de même durée qui précède.",
        _GROWTH,
        "Titres des lots de la période qui disent combien ils en ont.",
        "Titres des lots de la période de même durée qui précède.",
        "Un envoi annuel fait une semaine plus tard ressemble à une baisse et à une hausse. Les titres révoqués sont "
        f"dans les deux nombres. {_SNAPSHOTS}",
    ),
    "partners-growth": (
        "Croissance des parties inscrites",
        "Changement du nombre de parties inscrites au cours de la période.",
        _GROWTH,
        "Parties inscrites et non retirées à la fin de la période.",
        "Parties inscrites et non retirées à son début.",
        "Chacun peut s’inscrire, et une organisation peut avoir plusieurs parties.",
    ),
    "partnerships-in-force": (
        "Partenariats en vigueur",
        "Partenariats qui étaient en vigueur à la fin de la période.",
        "Nombre de partenariats",
        "Partenariats en vigueur à la fin de la période.",
        "Partenariats ancrés par un partenaire avant la fin de la période.",
        "Un partenariat est ce que ses partenaires en disent ; un que personne n’a ancré ne compte pas.",
    ),
    "partnerships-with-agreement": (
        "Partenariats qui reposent sur un accord de la chaîne",
        "Part des partenariats en vigueur avec au moins une accréditation ou reconnaissance entre partenaires "
        "active à la "
        "fin de la période.",
        _SHARE,
        "Partenariats en vigueur avec un tel lien.",
        "Partenariats en vigueur à la fin de la période.",
        "Les protocoles qui sont des papiers ne sont pas comptés : ce qu’ils disent, personne ici ne l’a lu.",
    ),
    "issuers-with-statement": (
        "Émetteurs qui déclarent qui en a bénéficié",
        "Part des émetteurs qui ont ancré dans la période et ont une déclaration ancrée de nombres agrégés pour "
        "un temps "
        "de celle-ci.",
        _SHARE,
        "Émetteurs parmi eux avec une telle déclaration.",
        "Émetteurs qui ont ancré un lot dans la période.",
        "Ce qui est déclaré est la parole de l’émetteur, et l’on ne sait rien de ceux qui ne déclarent rien. Qui n’a "
        "ancré que des instantanés connus de registres n’est pas un émetteur.",
    ),
}
