"""The form of an evidence pack: JSON of named sections, each hashed, and a manifest over all of them.

Written so that whoever has the file can check it with nothing of ours: each section stands on a line of its own, in
canonical JSON (keys sorted, no spaces, UTF-8), and the manifest holds the SHA-256 of exactly those bytes. A PDF carries
the same file as an attachment.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

FORMAT, SCHEMA = "tieback-evidence", 1
MANIFEST = "manifest"
ATTACHMENT = "evidence.json"
LARGEST = 512 * 1024 * 1024  # bytes of JSON out of a PDF
EMBEDDED = re.compile(rb"/Type\s*/EmbeddedFile\b")
LENGTH = re.compile(rb"/Length\s+(\d+)")


class Unreadable(ValueError):
    """The file is no evidence pack. The message says why."""


def canonical(value: Any) -> bytes:
    """This function will write a value as the manifest hashes it."""
    written = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return written.encode()


def sha256(data: bytes | str) -> str:
    """This function will hash bytes, or a text in UTF-8 (hex)."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def manifest_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """This function will hash each section, and all these hashes together."""
    sections = {name: sha256(canonical(value)) for name, value in content.items()}
    return _manifest(sections)


def _manifest(sections: Mapping[str, str]) -> dict[str, Any]:
    return {
        "algorithm": "sha256",
        "sections": dict(sections),
        "sha256": sha256(canonical(dict(sections))),
    }


def written(content: Mapping[str, Any]) -> tuple[bytes, str]:
    """This function will write a pack as a file: its bytes, and the SHA-256 its manifest holds over all sections."""
    lines, sections = [], {}
    for name in sorted(content):
        row = canonical(content[name])
        sections[name] = sha256(row)
        lines.append(canonical(name) + b":" + row)
    manifest = _manifest(sections)
    lines.append(canonical(MANIFEST) + b":" + canonical(manifest))
    return b"{\n" + b",\n".join(lines) + b"\n}\n", manifest["sha256"]


def read(data: bytes) -> dict[str, Any]:
    """This function will read a pack, from JSON or out of a PDF, with its manifest; raises Unreadable."""
    text = out_of_pdf(data) if data.startswith(b"%PDF-") else data
    try:
        found = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as problem:
        raise Unreadable(f"This is no evidence pack: {problem}.") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Unreadable("This is JSON, but no evidence pack of Tieback.")
    if found.get("schema") != SCHEMA:
        raise Unreadable(f"The pack has schema {found.get('schema')!r}; this version reads schema {SCHEMA}.")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Nothing is said twice: people would read the one, a machine the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in it")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def out_of_pdf(data: bytes) -> bytes:
    """This function will take the attached JSON out of a PDF that Tieback printed; raises Unreadable."""
    found = EMBEDDED.search(data)
    if found is None:
        raise Unreadable(
            "The PDF has no evidence attached. Ask for the JSON, or for the PDF as it was downloaded."
        )
    start = data.rfind(b" obj", 0, found.start())
    begin = data.find(b"stream\n", found.start())
    length = LENGTH.search(data, max(start, 0), begin)
    if begin < 0 or length is None:
        raise Unreadable("The evidence attached to the PDF cannot be read.")
    begin += len(b"stream\n")
    try:
        reader = zlib.decompressobj()
        text = reader.decompress(data[begin : begin + int(length[1])], LARGEST)
    except zlib.error:
        raise Unreadable("The evidence attached to the PDF is damaged.") from None
    if not reader.eof:
        raise Unreadable("The evidence attached to the PDF is damaged.")
    return text
