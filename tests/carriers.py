"""Credentials put into what they travel in: tokens, presentations, pictures, PDF; written by hand, signed by nobody."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zlib
from typing import Any


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(payload: dict[str, Any], tail: str = "", **header: Any) -> bytes:
    head = b64(json.dumps({"alg": "ES256", "typ": "vc+jwt", **header}).encode())
    return f"{head}.{b64(json.dumps(payload).encode())}.{b64(b's' * 64)}{tail}".encode()


def sd_jwt(payload: dict[str, Any], hidden: dict[str, Any], *, shown: bool = True) -> bytes:
    """An SD-JWT whose members `hidden` are disclosures."""
    disclosures = [b64(json.dumps(["salt", name, value]).encode()) for name, value in hidden.items()]
    digests = [b64(hashlib.sha256(each.encode()).digest()) for each in disclosures]
    tail = "~" + "".join(f"{each}~" for each in disclosures if shown)
    return jwt({**payload, "_sd": digests, "_sd_alg": "sha-256"}, tail, typ="dc+sd-jwt")


def jades(payload: dict[str, Any], *, several: bool = False) -> bytes:
    signature = {"protected": b64(b'{"alg":"ES256"}'), "signature": b64(b"s" * 64)}
    body = {"payload": b64(json.dumps(payload).encode())}
    return json.dumps(body | ({"signatures": [signature]} if several else signature)).encode()


def sd_jwt_in_json(payload: dict[str, Any], hidden: dict[str, Any], *, several: bool = False) -> bytes:
    """The same as JSON (RFC 9901 section 8)."""
    signed, *disclosures, _ = sd_jwt(payload, hidden).decode().split("~")
    head, body, signature = signed.split(".")
    signing = {"protected": head, "signature": signature, "header": {"disclosures": disclosures}}
    return json.dumps({"payload": body} | ({"signatures": [signing]} if several else signing)).encode()


def presentation(*credentials: Any) -> bytes:
    return json.dumps(
        {"type": ["VerifiablePresentation"], "holder": "did:key:z6Mk", "verifiableCredential": list(credentials)}
    ).encode()


def enveloped(token: bytes, kind: str = "application/vc+jwt") -> dict[str, Any]:
    return {"type": "EnvelopedVerifiableCredential", "id": f"data:{kind},{token.decode()}"}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*texts: bytes) -> bytes:
    """One grey pixel, with these chunks after its header."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + b"".join(texts) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )


def itxt(text: bytes, keyword: bytes = b"openbadgecredential", *, packed: bool = False) -> bytes:
    body = zlib.compress(text) if packed else text
    return chunk(b"iTXt", keyword + b"\0" + (b"\1\0" if packed else b"\0\0") + b"\0\0" + body)


def svg(credential: bytes, *, as_attribute: bool = False, before: bytes = b'<?xml version="1.0"?>') -> bytes:
    inner = (
        b'<openbadges:credential verify="' + credential + b'"></openbadges:credential>'
        if as_attribute
        else b"<openbadges:credential>\n<![CDATA[\n" + credential + b"\n]]>\n</openbadges:credential>"
    )
    return (
        before + b'<svg xmlns="http://www.w3.org/2000/svg" '
        b'xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0">' + inner + b"<rect/></svg>"
    )


def pdf(*attachments: bytes, packed: bool = True, in_object_stream: bool = False, trailer: bytes = b"") -> bytes:
    """A PDF of one empty page with these files attached."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a) 4 0 R]>>>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    ]
    streams = []
    for at, content in enumerate(attachments):
        specification, stream = 4 + 2 * at, 5 + 2 * at
        objects.append(b"<</Type/Filespec/F(a.json)/EF<</F %d 0 R>>>>" % stream)
        body = zlib.compress(content) if packed else content
        filtered = b"/Filter/FlateDecode" if packed else b""
        streams.append((stream, b"<<%s/Length %d>>stream\n%s\nendstream" % (filtered, len(body), body)))
        assert specification == stream - 1
    numbered = [(1, objects[0]), (2, objects[1]), (3, objects[2])]
    specifications = [(4 + 2 * at, each) for at, each in enumerate(objects[3:])]
    if in_object_stream:
        heads, text = [], b""
        for number, each in specifications:
            heads.append(b"%d %d" % (number, len(text)))
            text += each + b" "
        head = b" ".join(heads) + b" "
        body = zlib.compress(head + text)
        numbered.append(
            (99, b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
             % (len(specifications), len(head), len(body), body))
        )  # fmt: skip
    else:
        numbered += specifications
    out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    for number, each in (*numbered, *streams):
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    return out + b"trailer\n<</Root 1 0 R" + trailer + b">>\nstartxref\n0\n%%EOF\n"
