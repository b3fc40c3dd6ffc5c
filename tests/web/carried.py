"""Files that carry credentials, whole and hostile, and mutants of them at random."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from tests.carriers import chunk, itxt, jwt, pdf, png, svg
from tests.registry.document import test_document as known

PLAIN = known.text()
CREDENTIAL = b'<c:credential xmlns:c="https://purl.imsglobal.org/ob/v3p0" verify="%s">%s</c:credential>'
BADGE = CREDENTIAL % (b"https://x.example/1", PLAIN.replace(b"<", b"&lt;"))
OLD = b'<o:assertion xmlns:o="http://openbadges.org" verify="h.p.s"><![CDATA[' + PLAIN + b"]]></o:assertion>"
SIGNED = b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
# Pieces that a mutant gets somewhere.
XML_PIECES = [
    b"<",
    b">",
    b"/>",
    b"</",
    b"<!",
    b"<!-",
    b"<!--",
    b"--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"]]",
    b"]",
    b"<?",
    b"?>",
    b"&",
    b"&amp;",
    b"&lt;",
    b"&#65;",
    b"&#x41;",
    b"&#x20;",
    b"&#0;",
    b"&#xD800;",
    b"&#1114112;",
    b"&#xfffe;",
    b"&x;",
    b"&#;",
    b"&#x;",
    b"&#xg;",
    b"%x;",
    b"%",
    b"% ",
    b"#PCDATA",
    b"#",
    b"'",
    b'"',
    b"=",
    b":",
    b" ",
    b"\n",
    b"\r\n",
    b"\r",
    b"a",
    b" a='b'",
    b" xmlns='u'",
    b" xmlns=''",
    b" xmlns:a='u'",
    b" xmlns:a=''",
    b" xmlns:a='u v'",
    b" a:b='c'",
    b" xmlns:xml='u'",
    b" xmlns:xmlns='u'",
    b" xmlns:b='http://www.w3.org/XML/1998/namespace'",
    b" xml:lang='en'",
    b" xmlns:b='http://www.w3.org/2000/xmlns/'",
    b" verify='x'",
    b"<a/>",
    b"<a>",
    b"</a>",
    b"<a:b/>",
    b"<?pi x?>",
    b"<?xml version='1.0'?>",
    b"<?XML x?>",
    b"<!DOCTYPE svg>",
    b"<!DOCTYPE svg [",
    b"<!DOCTYPE svg SYSTEM 'x'>",
    b"]>",
    b"<!ENTITY a 'b'>",
    b"<!ENTITY lt '&#38;#60;'>",
    b"<!ENTITY % p 'x'>",
    b"<!ENTITY lt SYSTEM 'x' NDATA y>",
    b"<!ATTLIST svg verify CDATA 'x'>",
    b"<!ATTLIST c:credential verify NMTOKENS ' a  b '>",
    b"<!ELEMENT svg (a|b,c)>",
    b"<!ELEMENT svg (#PCDATA|a)*>",
    b"<!NOTATION n PUBLIC 'p{'>",
    b"<!NOTATION n SYSTEM 's'>",
    b"<![INCLUDE[",
    b"\xc3\xa9",
    b"\xc3",
    b"\xff",
    b"\xef\xbf\xbe",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98\x80",
    b"\xf0\x9f",
    b"\0",
    b"\x01",
    b"\x7f",
    b"\xe2\x82",
]
XML_BY_HAND = [
    b"<",
    b"<a",
    b"<a>",
    b"<a/>",
    b"<svg",
    b"<svg>",
    b"<svg/>",
    b"<svg />",
    b"<svg/ >",
    b"<svg></svg >",
    b"<svg></ svg>",
    b"<svg>]</svg>",
    b"<svg>]]></svg>",
    b"<svg>]",
    b"<svg>]]",
    b"<svg>\r",
    b"<svg>&",
    b"<svg>&#",
    b"<svg>&#x",
    b"<svg>&a",
    b"<svg>&a;</svg>",
    b"<svg>&#xD7FF;</svg>",
    b"<svg>&#31;</svg>",
    b"<svg>&#X41;</svg>",
    b"<svg>&:a;</svg>",
    b"<svg><![CD",
    b"<svg><![CDATX[",
    b"<svg><![CDATA[",
    b"<svg><![CDATA[]",
    b"<svg><![CDATA[\xe2\x82",
    b"<svg>\xe2\x82",
    b"<svg \xe2\x82",
    b"<svg a",
    b"<svg a=",
    b"<svg a='",
    b"<svg a='<'",
    b"<svg a='b'",
    b"<svg a='b'c",
    b"<svg a='b'c='d'/>",
    b"<svg a='b' a='c'/>",
    b"<svg a='&b;' a='c'/>",
    b"<svg a='c' a='&b;'/>",
    b"<svg x:a=''/>",
    b"<x:svg/>",
    b"<x:y:svg/>",
    b"<:svg/>",
    b"<svg:/>",
    b"<svg xmlns:x='' x:a=''/>",
    b"<svg xmlns:x='a' xmlns:y='a' x:a='' y:a=''/>",
    b"<svg xmlns:x='a b'/>",
    b"<svg></a>",
    b"<svg></svg:>",
    b"<svg/><svg/>",
    b"<svg/>a",
    b"<svg/>&",
    b"<svg/><",
    b"<svg/> ",
    b"<svg/>\xe2\x82",
    b"<svg/><?a?>",
    b"<svg/><!-- a --><!-",
    b"<svg/><!a",
    b"<svg/><?xml ?>",
    b"<svg/>]",
    b"<svg/>'",
    b"<svg/>%a",
    b"<svg><!-- -- --></svg>",
    b"<svg><!-x",
    b"<svg><!--->",
    b"<svg><?svg",
    b"<svg><?xml version='1.0'?></svg>",
    b"<svg><?Xml?></svg>",
    b"<svg><?a?b?></svg>",
    b" <?xml version='1.0'?><svg/>",
    b"<?xml?><svg/>",
    b"<?xml version='1.0' ?><svg/>",
    b"<?xml version=''?><svg/>",
    b"<?xml encoding='utf-8'?><svg/>",
    b"<?xml version='1.0'encoding='utf-8'?><svg/>",
    b"<?xml version='1.0' standalone='no'?><svg/>",
    b"<?xml version='1.0' standalone='x'?><svg/>",
    b"<?xml version='1.0' encoding='1'?><svg/>",
    b"<?xml version = '1.0'  encoding = \"utf-8\"?><svg/>",
    b"<?xml version='1.0' encoding='utf-16'?><svg/>",
    b"<?xml version='1.0' encoding='utf8'?><svg/>",
    b"<?xml version='1.0' encoding='latin1'?><svg a='\xe9'/>",
    b"<?xml version='1.0' encoding='iso-8859-1'?><sv\xe9/>",
    b"<?xml version='1.0' encoding='us-ascii'?><svg>\xe9</svg>",
    b"<!DOCTYPE svg><svg>&a;</svg>",
    b"<!DOCTYPE svg SYSTEM 'x'><svg>&a;</svg>",
    b"<!DOCTYPE svg PUBLIC 'a' 'b'><svg/>",
    b"<!DOCTYPE svg PUBLIC '{' 'b'><svg/>",
    b"<!DOCTYPE svg PUBLIC 'a\tb' 'b'><svg/>",
    b"<!DOCTYPE svg PUBLIC 'a'><svg/>",
    b"<!DOCTYPE credential",
    b"<!DOCTYPE credential [",
    b"<!DOCTYPE credential><",
    b"<!DOCTYPE a:svg><",
    b"<!DOCTYPE svg []><x/>",
    b"<!DOCTYPE svg [<!ENTITY a 'b'",
    b"<!DOCTYPE svg [<!ENTITY a SYSTEM 'b'",
    b"<!DOCTYPE svg [<!ENTITY a SYSTEM 'b'>",
    b"<!DOCTYPE svg [<!ENTITY lt '&#0;'>]><svg/>",
    b"<!DOCTYPE svg [<!ENTITY lt '%a;'>]><svg/>",
    b"<!DOCTYPE svg [<!ENTITY lt '% '>]><svg/>",
    b"<!DOCTYPE svg [<!ENTITY lt '&'>]><svg/>",
    b"<!DOCTYPE svg [<!ENTITY lt '<'>]><svg>&lt;</svg>",
    b"<!DOCTYPE svg [<!ENTITY % lt 'x'>]><svg/>",
    b"<!DOCTYPE svg [%a;<!ENTITY a 'b'>]><svg>&a;</svg>",
    b"<?xml version='1.0' standalone='yes'?><!DOCTYPE svg [%a;<!ENTITY a 'b'>]><svg/>",
    b"<?xml version='1.0' standalone='yes'?><!DOCTYPE svg [%a;]><svg>&a;</svg>",
    b"<!DOCTYPE svg [<!ATTLIST svg a CDATA '%a;'>]><svg/>",
    b"<!DOCTYPE svg [<!ATTLIST svg a %b; 'x'>]><svg/>",
    b"<!DOCTYPE svg [<!ATTLIST svg a (x|y) 'x' b ID #REQUIRED>]><svg/>",
    b"<!DOCTYPE svg [<!ATTLIST svg a CDATA '<'>]><svg/>",
    b"<!DOCTYPE svg [<!ATTLIST svg a CDATA '&b'>]><svg/>",
    b"<!DOCTYPE svg [<!ATTLIST svg a CDATA '&b;'>]><svg/>",
    b"<!DOCTYPE svg [<!ATTLIST svg x:a CDATA 'b'>]><svg/>",
    b"<!DOCTYPE svg [<!ATTLIST svg xmlns:x CDATA 'b' x:a CDATA 'b'>]><svg x:a='c'/>",
    b"<!DOCTYPE svg [<!ATTLIST svg a NOTATION (b|c) #FIXED 'b'>]><svg/>",
    b"<!DOCTYPE svg [<!ELEMENT svg ((a|b)*,c?)+>]><svg/>",
    b"<!DOCTYPE svg [<!ELEMENT svg (a,(b|c),d|e)>]><svg/>",
    b"<!DOCTYPE svg [<!ELEMENT svg (#PCDATA)>]><svg/>",
    b"<!DOCTYPE svg [<!ELEMENT svg (#PCDATA|a)>]><svg/>",
    b"<!DOCTYPE svg [<!NOTATION a PUBLIC 'b'><!NOTATION c PUBLIC 'b' 'd'>]><svg/>",
    b"<!DOCTYPE svg [<![INCLUDE[]]>]><svg/>",
    b"<!DOCTYPE svg [<a/>]><svg/>",
    b"<!DOCTYPE svg []]><svg/>",
    b"<!DOCTYPE svg [ <?a?> <!-- b --> ] ><svg/>",
    b"<!DOCTYPE svg [<!ENTITY%a 'b'>]>",
    b"<!DOCTYPE c:credential [<!ATTLIST c:credential verify NMTOKENS '&#32;a \t&#32; b&#32;'>]>"
    + BADGE.replace(b" verify", b" veri"),
    b"<!DOCTYPE c:credential [<!ATTLIST c:credential xmlns:c CDATA 'https://purl.imsglobal.org/ob/v3p0' "
    b"verify CDATA 'x'>]>"
    b"<c:credential/>",
    b"<?xml version='1.0'?>",
    b"<3",
    b"<html><p>",
    b"<svg xmlns='\xc3\xa9'/>",
    b"<sv\xc3\xa9/>",
    b"<svg \xcc\x81='a'/>",
    b"<svg a\xcc\x81='a'/>",
    b"\xef\xbb\xbf<svg/>",
    b"\xef\xbb\xbf\xff\xfe<svg/>",
    b"\0<svg/>",
    b"<\0svg/>",
    b"\xff\xfe<",
    b"\xfe\xff\0<\0s",
    b"\xff\xfe<\0s\0v\0g\0/\0>\0x",
]
# Encodings that a declaration may name, in several spellings.
NAMED = (
    *(f"windows-125{digit}" for digit in (0, 1, 2, 4, 5, 6, 7, 8)),
    *(f"iso-8859-{number}" for number in (*range(2, 11), 13, 14, 15)),
    *(
        "koi8-r",
        "KOI8-U",
        "cp1252",
        "ISO8859-15",
        "ISO_8859-1",
        "latin-1",
        "Latin1",
        "ascii",
        "utf8",
        "utf_8",
        "big5",
        "x-none",
    ),
)


def xml_documents() -> Iterator[bytes]:
    """Whole ones, from which mutants are made."""
    yield svg(PLAIN)
    yield svg(jwt({"vc": known.credential()}), as_attribute=True)
    for head in (b"", b"<?xml version='1.0' standalone='yes'?>", b"<?xml version='1.0' encoding='iso-8859-1'?>"):
        for kind in (
            b"",
            b"<!DOCTYPE svg>",
            b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://x.example/svg.dtd'>",
            b"<!DOCTYPE svg [<!ATTLIST c:credential verify NMTOKENS ' a b ' d (x|y) 'x'><!ELEMENT svg (a|b)*>"
            b"<!NOTATION n PUBLIC 'p'><?p q?><!--c-->%p;]>",
        ):
            yield head + kind + b"<svg xmlns='http://www.w3.org/2000/svg'>" + BADGE + OLD + b"<a b='c'/>&amp;</svg>\n"
    yield b"<diploma xmlns='u'>" + SIGNED + b"</diploma>"


def pdf_documents() -> Iterator[bytes]:
    """Whole and hostile ones."""
    yield from (
        pdf(PLAIN),
        pdf(PLAIN, packed=False),
        pdf(PLAIN, in_object_stream=True),
        pdf(PLAIN) + pdf(png(itxt(PLAIN))),
    )
    yield pdf(PLAIN).replace(b"/EF<<", b"/E#46 <<").replace(b"/F 5 0 R", b"/#46 5 0 R")
    yield pdf(PLAIN).replace(b"/EF<</F 5 0 R>>", b"/EF 9 0 R") + b"9 0 obj\n<</F 5 0 R/UF 9 0 R>>\nendobj\n"
    yield pdf(PLAIN).replace(b"/EF<</F 5 0 R>>", b"/EF 4 0 R")
    yield pdf(PLAIN).replace(b"5 0 R", b"7 0 R")
    yield pdf(PLAIN).replace(b"/Length ", b"/Length 9")
    yield pdf(PLAIN).replace(b"/Filter/FlateDecode", b"/Filter[/FlateDecode/FlateDecode]")
    yield pdf(PLAIN).replace(b"/Filter/FlateDecode", b"/Filter[/Fl]/DecodeParms<</Predictor 12>>")
    yield pdf(PLAIN).replace(b"endstream", b"")
    yield pdf(PLAIN) + b"/ByteRange [0 1]"
    yield pdf(PLAIN, trailer=b"/Encrypt 9 0 R")
    yield pdf(*[PLAIN] * 66)
    yield pdf(*[b"{"] * 1001)
    yield pdf(PLAIN) + b"1 0 obj\n" * 100_000
    yield pdf(PLAIN) + b"<</EF<<>>>>" * 1_010
    for words in (b"1" * 5_000 + b" 0 4 0 ", b"4 " + b"0" * 5_000 + b" 4 0 ", b"4 x 4 0 "):
        body = zlib.compress(words + b"<</EF<</F 5 0 R>>>>")
        head = b"<</Type/ObjStm/N 2/First %d/Filter/FlateDecode/Length %d>>" % (len(words), len(body))
        yield pdf() + b"9 0 obj\n" + head + b"stream\n" + body + b"\nendstream\nendobj\n" + pdf(PLAIN)[200:]


def png_documents() -> Iterator[bytes]:
    """Whole and damaged ones."""
    yield from (png(itxt(PLAIN)), png(itxt(PLAIN, packed=True)), png(itxt(PLAIN), itxt(jwt({"a": 1}), b"openbadges")))
    yield png(chunk(b"zTXt", b" OpenBadges \0\0" + zlib.compress(PLAIN) + b"more"))
    yield png(chunk(b"tEXt", b"openbadges"), chunk(b"iTXt", b"openbadges\0\1"), chunk(b"iTXt", b"openbadges\0\0\0en"))
    yield png(*[chunk(b"tEXt", b"openbadges\0" + PLAIN)] * 70)
    for level in (0, 1, 9):
        yield png(chunk(b"zTXt", b"openbadges\0\0" + zlib.compress(PLAIN * 3, level)))
    for strategy in (zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE):
        packer = zlib.compressobj(9, zlib.DEFLATED, 15, 9, strategy)
        yield png(chunk(b"zTXt", b"openbadges\0\0" + packer.compress(PLAIN) + packer.flush()))


def by_hand() -> Iterator[tuple[str, bytes]]:
    """Every file that is written by hand, with a name."""
    for until in (known.PAST, known.FUTURE):
        yield from known.carriers(until).items()
    for test in (known.test_what_cannot_be_read_is_not_taken_for_nothing, known.test_what_carries_nothing_has_none):
        for mark in test.pytestmark:
            yield from (tuple(each[:2]) for each in mark.args[1])
    for kind, made in (
        ("svg", xml_documents()),
        ("pdf", pdf_documents()),
        ("png", png_documents()),
        ("xml", XML_BY_HAND),
    ):
        yield from ((f"{number}.{kind}", data) for number, data in enumerate(made))
    for number, data in enumerate((*xml_documents(), *XML_BY_HAND)):
        text = data.decode("latin-1")
        yield f"{number}.utf-16.svg", text.encode("utf-16")
        yield f"{number}.utf-16-be.svg", text.encode("utf-16-be")
    for name in NAMED:
        head = b"<?xml version='1.0' encoding='%s'?>" % name.encode()
        text = b"".join(b"<a>%c</a>" % sign for sign in range(0x80, 0x100) if named(head, sign))
        yield f"{name}.svg", head + CREDENTIAL % (b"", b"{" + text + b"}")
        for sign in range(0x80, 0x100):
            yield f"{name}.{sign:x}.svg", head + b"<svg>%c</svg>" % sign


def named(head: bytes, sign: int) -> bool:
    """Whether a byte is a character in the encoding of a declaration."""
    try:
        expat.ParserCreate().Parse(head + b"<a>%c</a>" % sign, True)
    except (expat.ExpatError, ValueError, LookupError):
        return False
    return True


def mutant(chance: random.Random, data: bytes, pieces: list[bytes]) -> bytes:
    """A file with one to three changes: pieces put in, bytes changed, and parts left out, doubled or cut off."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randint(0, len(data))
        to = at + int(chance.expovariate(0.1))
        match chance.randint(0, 5):
            case 0 | 1:
                data = data[:at] + chance.choice(pieces) + data[at:]
            case 2:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 3:
                data = data[:at] + data[to:]
            case 4:
                data = data[:to] + data[at:]
            case _ if chance.random() < 0.3:
                data = data[:at]
    return data


def mutants(chance: random.Random, count: int) -> Iterator[tuple[str, bytes]]:
    """So many of each kind."""
    xml = [*xml_documents(), *(each for each in XML_BY_HAND if len(each) > 20)]
    pdfs = [each for each in pdf_documents() if len(each) < 20_000]
    pngs = [each for each in png_documents() if len(each) < 20_000]
    packed = [
        zlib.compress(PLAIN),
        b"/EF 4 0 R",
        b"/EF<</F 5 0 R>>",
        b"5 0 obj\n",
        b"stream\n",
        b"endstream",
        b">>",
        b"/F/Fl",
    ]
    for number in range(count):
        data = mutant(chance, chance.choice(xml), XML_PIECES)
        if chance.random() < 0.1:
            data = data.decode("latin-1").encode(chance.choice(["utf-16", "utf-16-be", "utf-16-le"]))
            data = (
                mutant(chance, data, [b"\0", b"<\0", b"\xd8\0", b"\0\xdc", b"\xff\xff"])
                if chance.random() < 0.5
                else data
            )
        yield f"{number}.svg", data
        yield f"{number}.pdf", mutant(chance, chance.choice(pdfs), packed)
        yield f"{number}.png", mutant(chance, chance.choice(pngs), [itxt(PLAIN), b"openbadges\0", b"\0\0\0\0", b"IEND"])
