"""What may be attached: names made harmless, and kinds told by a file's first bytes and not by what it says it is.

Pure. Refused with a sentence: nothing in it, too large, another kind than its name says, programs, pages and scripts.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

MEGABYTE = 1024 * 1024
LARGEST = 10 * MEGABYTE
LARGEST_TOGETHER = 50 * MEGABYTE
MOST_FILES = 20  # of one modification
LONGEST_NAME = 120
LONGEST_ENDING = 10

OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN_OFFICE = "application/vnd.oasis.opendocument"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
FORBIDDEN = re.compile(r'[<>:"|?*]')
HEADER = re.compile(rb"[!-9;-~]{1,77}:[ \t]?")  # the first line of a mail, RFC 5322
MACROS = "vbaproject.bin"


class Refused(Exception):
    """The file is not taken: says why and what to do."""


@dataclass(frozen=True)
class Checked:
    """A file that may be kept: its cleaned name and its kind (media type)."""

    name: str
    kind: str


def _starts(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(beginnings)


def _zip_names(data: bytes) -> list[str]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [name.casefold() for name in archive.namelist()]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return []


def _office(folder: str) -> Callable[[bytes], bool]:
    def fits(data: bytes) -> bool:
        names = _zip_names(data) if data.startswith(b"PK\x03\x04") else []
        if any(name.endswith(MACROS) for name in names):
            raise Refused("{name} holds macros. Save it without them, for example as .xlsx or as PDF.")
        return "[content_types].xml" in names and any(name.startswith(folder) for name in names)

    return fits


def _open_document(kind: str) -> Callable[[bytes], bool]:
    said = f"mimetype{OPEN_OFFICE}.{kind}".encode()
    return lambda data: data.startswith(b"PK\x03\x04") and data[30:].startswith(said)


def _webp(data: bytes) -> bool:
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def _heic(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1")


def _mail(data: bytes) -> bool:
    """A message begins with header lines, and one of them says from whom, when or what it is."""
    head = re.split(rb"\r?\n\r?\n", data[:65_536], maxsplit=1)[0]
    wanted = re.compile(
        rb"^(from|date|subject|received|message-id|mime-version):", re.IGNORECASE | re.MULTILINE
    )
    return bool(HEADER.match(head)) and bool(wanted.search(head)) and b"\0" not in data


# ending -> (media type, whether the content is of that kind)
KINDS: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    "pdf": ("application/pdf", _starts(b"%PDF-")),
    "png": ("image/png", _starts(b"\x89PNG\r\n\x1a\n")),
    "jpg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "gif": ("image/gif", _starts(b"GIF87a", b"GIF89a")),
    "tif": ("image/tiff", _starts(b"II*\0", b"MM\0*")),
    "tiff": ("image/tiff", _starts(b"II*\0", b"MM\0*")),
    "webp": ("image/webp", _webp),
    "heic": ("image/heic", _heic),
    "docx": (f"{OFFICE}.wordprocessingml.document", _office("word/")),
    "xlsx": (f"{OFFICE}.spreadsheetml.sheet", _office("xl/")),
    "pptx": (f"{OFFICE}.presentationml.presentation", _office("ppt/")),
    "odt": (f"{OPEN_OFFICE}.text", _open_document("text")),
    "ods": (f"{OPEN_OFFICE}.spreadsheet", _open_document("spreadsheet")),
    "odp": (f"{OPEN_OFFICE}.presentation", _open_document("presentation")),
    "doc": ("application/msword", _starts(OLE)),
    "xls": ("application/vnd.ms-excel", _starts(OLE)),
    "ppt": ("application/vnd.ms-powerpoint", _starts(OLE)),
    "msg": ("application/vnd.ms-outlook", _starts(OLE)),
    "eml": ("message/rfc822", _mail),
}
TAKEN = "PDF, images (PNG, JPEG, GIF, TIFF, WebP, HEIC), Word, Excel, PowerPoint, OpenDocument and mail (EML, MSG)"
ENDINGS = tuple(f".{ending}" for ending in KINDS)


def checked(*, name: str, data: bytes) -> Checked:
    """This function will say under which name and kind a file may be kept. Raises Refused."""
    clean = cleaned(name)
    if not data:
        raise Refused(f"{clean} is empty (0 bytes). Look whether it was saved, then attach it again.")
    refuse_large(clean, len(data))
    ending = clean.rpartition(".")[2].casefold() if "." in clean else ""
    if ending not in KINDS:
        raise Refused(f"{clean} is of no kind that is taken: {TAKEN}. Save or print it as PDF.")
    kind, fits = KINDS[ending]
    try:
        good = fits(data)
    except Refused as refused:
        raise Refused(str(refused).format(name=clean)) from None
    if not good:
        raise Refused(
            f"{clean} is no {ending.upper()} file, whatever its name says, or it is damaged. "
            "Save it again as what it is."
        )
    return Checked(clean, kind)


def refuse_large(name: str, size: int) -> None:
    """This function will raise Refused for a file of too many bytes, before they are read."""
    if size > LARGEST:
        raise Refused(
            f"{name} has {size / MEGABYTE:,.1f} MB; at most {LARGEST // MEGABYTE} MB are kept. "
            "Make it smaller, or attach the pages that matter."
        )


def cleaned(name: str) -> str:
    """This function will make a file's name harmless: its last part, without what hides, breaks or commands."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(
        " " if c.isspace() else c for c in last if c.isspace() or unicodedata.category(c)[0] != "C"
    )
    plain = re.sub(r" {2,}", " ", FORBIDDEN.sub("_", shown)).strip(" .'=+-@")
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        stem, ending = plain, ""
    if len(ending) > LONGEST_ENDING:
        stem, dot, ending = plain, "", ""
    stem = stem.rstrip(" .")[: LONGEST_NAME - len(ending) - 1] or "file"
    return f"{stem}{dot}{ending}"
