"""The letters that go to holders with their credentials: what they say, in the holder's language, and their form.

A letter is a message of RFC 5322 with its attachments (RFC 2046), written by the standard library and sent by nobody
here: whoever has an account for mail gives the files to it. Names and addresses come from rosters, so each is
bounded and in one line before it is put into a header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from registry.errors import IntakeError
from registry.untrusted.text import terminal_text

LONGEST_NAME: Final = 120
LONGEST_ADDRESS: Final = 254
"""Of a mail address (RFC 5321, section 4.5.3.1.3, with its brackets)."""
LANGUAGES: Final = ("en", "de", "es", "fr", "pt")
"""In which there are letters; whoever has another language is written to in that of the template, or in English."""

# One address as mail servers take it (RFC 5321, section 4.1.2), without quotes, comments and routes; beyond ASCII as
# RFC 6531 lets it.
_ADDRESS: Final = re.compile(r"[^\s@()<>\[\]:;,\"\\\x00-\x1f\x7f]{1,64}@[^\s@()<>\[\]:;,\"\\\x00-\x1f\x7f]{1,189}\Z")

_SENDER: Final = re.compile(r"([^<>]*)<([^<>]*)>\Z")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a letter; `kind` is its media type."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What one holder is written.

    Attributes:
        address, holder: of the holder, as the roster has them.
        language: of the letter.
        award, institution: what was awarded, and by whom.
        replaces: whether the holder was sent another one before, which counts no more.
        link: where the credential can be checked; "" for none.
        wallet: where it can be taken into a wallet; "" for nowhere.
        key: hexadecimal, the same whenever the letter is written; of no meaning to others.
    """

    address: str
    holder: str
    language: str
    award: str
    institution: str
    replaces: bool
    link: str
    wallet: str
    key: str
    attachments: Sequence[Attachment]


@dataclass(frozen=True, slots=True)
class _Words:
    greeting: str
    sends: str
    keep: str
    check: str
    wallet: str
    replaces: str


_WORDS: Final = {
    "en": _Words(
        "Dear {holder},",
        "{institution} sends you with this message: {award}.",
        "The attached file is the award itself, signed, with the proof that it is on record. Keep it: whoever you give "
        "it to can check it without asking us.",
        "It can be checked here: {link}",
        "It can also be taken into a wallet: {wallet} The code for that is sent to you by another way.",
        "It takes the place of the one that was issued to you before, which is not valid any more. Please use this one "
        "alone from now on, and delete the other.",
    ),
    "de": _Words(
        "Guten Tag {holder},",
        "{institution} sendet Ihnen mit dieser Nachricht: {award}.",
        "Die angehängte Datei ist das Dokument selbst, signiert und mit dem Nachweis, dass es eingetragen ist. "
        "Bewahren Sie sie auf: Wem Sie sie geben, der kann sie prüfen, ohne uns zu fragen.",
        "Geprüft werden kann sie hier: {link}",
        "Sie können sie auch in eine Wallet übernehmen: {wallet} Der Code dafür wird Ihnen auf einem anderen Weg "
        "gesandt.",
        "Sie tritt an die Stelle des Dokuments, das zuvor für Sie ausgestellt wurde und nicht mehr gültig ist. Bitte "
        "verwenden Sie von jetzt an nur noch dieses, und löschen Sie das andere.",
    ),
    "fr": _Words(
        "Bonjour {holder},",
        "{institution} vous adresse par ce message : {award}.",
        "Le fichier joint est le document lui-même, signé, avec la preuve de son inscription au registre. "
        "Conservez-le : toute personne à qui vous le remettez peut le vérifier sans nous interroger.",
        "Il peut être vérifié ici : {link}",
        "Vous pouvez aussi le mettre dans un portefeuille : {wallet} Le code nécessaire vous est envoyé par une autre "
        "voie.",
        "Il remplace celui qui avait été établi pour vous auparavant et qui n’est plus valable. Veuillez n’utiliser "
        "désormais que celui-ci, et supprimer l’autre.",
    ),
    "es": _Words(
        "Hola, {holder}:",
        "{institution} le envía con este mensaje: {award}.",
        "El archivo adjunto es el propio documento, firmado y con la prueba de que está inscrito en el registro. "
        "Consérvelo: quien lo reciba de usted puede comprobarlo sin preguntarnos.",
        "Puede comprobarse aquí: {link}",
        "También puede llevarlo a una cartera: {wallet} El código para ello se le envía por otra vía.",
        "Sustituye al que se expidió antes a su nombre, que ya no es válido. A partir de ahora utilice solo este, y "
        "borre el otro.",
    ),
    "pt": _Words(
        "Olá, {holder},",
        "{institution} envia-lhe com esta mensagem: {award}.",
        "O ficheiro anexo é o próprio documento, assinado e com a prova de que está inscrito no registo. Guarde-o: "
        "quem o receber de si pode verificá-lo sem nos perguntar.",
        "Pode ser verificado aqui: {link}",
        "Também pode levá-lo para uma carteira: {wallet} O código para isso é-lhe enviado por outra via.",
        "Substitui o que foi emitido antes em seu nome, que já não é válido. A partir de agora utilize apenas este, e "
        "apague o outro.",
    ),
}


def language_of(wanted: str, otherwise: Sequence[str]) -> str:
    """The language in which a holder is written to: the one wanted, or the first of the others that there is."""
    for each in (wanted, *otherwise):
        code = each.casefold().partition("-")[0]
        if code in LANGUAGES:
            return code
    return LANGUAGES[0]


def sender_of(text: str) -> Address:
    """Who sends the letters, such as `Registrar <registrar@university.example>`.

    Raises:
        IntakeError: code `address`: it is no mail address.
    """
    found = _SENDER.match(text)
    name, spec = ("", text) if found is None else (found[1].strip(' "'), found[2])
    if trouble_with(spec):
        raise IntakeError(
            "it is no mail address",
            where=terminal_text(text, LONGEST_NAME),
            remedy="Write it as registrar@university.example, or as 'Registrar <registrar@university.example>'.",
            code="address",
        )
    return _address(name, spec)


def trouble_with(address: str) -> str:
    """Why nothing can be sent to an address, in a sentence; "" where it has the form of one."""
    if not address:
        return "the roster has no address"
    if len(address) > LONGEST_ADDRESS or _ADDRESS.match(address) is None:
        return "it is not one mail address"
    return ""


def message_of(letter: Letter, sender: Address, at: datetime) -> bytes:
    """A letter as a message of RFC 5322, not sent: programs for mail open it as a draft.

    Args:
        at: what it states as its date.

    Raises:
        IntakeError: code `address`: `trouble_with` has a word on the holder's.
    """
    if why := trouble_with(letter.address):
        raise IntakeError(why, where=terminal_text(letter.address, LONGEST_NAME), code="address")
    message = EmailMessage(policy=SMTP.clone(utf8=not letter.address.isascii()))
    message["From"] = sender
    message["To"] = _address(letter.holder, letter.address)
    message["Subject"] = f"{_line(letter.award)} – {_line(letter.institution)}"
    message["Date"] = at
    message["Message-ID"] = f"<{letter.key}@{_ascii_domain(sender.domain)}>"
    # What Outlook and others know an unsent message by.
    message["X-Unsent"] = "1"
    message.set_content(text_of(letter), cte="quoted-printable")
    message["Content-Language"] = letter.language
    for each in letter.attachments:
        main, _, rest = each.kind.partition("/")
        message.add_attachment(each.content, maintype=main, subtype=rest, filename=each.name)
    return message.as_bytes()


def text_of(letter: Letter) -> str:
    """What a letter says."""
    words = _WORDS[letter.language]
    values = {"holder": _line(letter.holder), "institution": _line(letter.institution), "award": _line(letter.award)}
    paragraphs = [words.greeting.format(**values), words.sends.format(**values)]
    if letter.replaces:
        paragraphs.append(words.replaces)
    paragraphs.append(words.keep)
    if letter.link:
        paragraphs.append(words.check.format(link=letter.link))
    if letter.wallet:
        paragraphs.append(words.wallet.format(wallet=letter.wallet))
    paragraphs.append(values["institution"])
    return "\n\n".join(paragraphs) + "\n"


def _address(name: str, spec: str) -> Address:
    user, _, domain = spec.rpartition("@")
    return Address(display_name=_line(name), username=user, domain=domain)


def _line(text: str) -> str:
    """A stranger's text in one line of a header."""
    return terminal_text(text, LONGEST_NAME)


def _ascii_domain(domain: str) -> str:
    return domain if domain.isascii() else "testamur.invalid"
