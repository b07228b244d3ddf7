"""Files made to hurt: each is refused with a sentence, in a process that may use little memory and time.

They are written here by code. One child process reads them all and tells what it said of each and how far its memory
rose; a file that ends the process, or is taken, fails the test.
"""

import io
import json
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from budgets.files.spreadsheets import read
from tests.budgets import old_excel_files as xls
from tests.budgets.test_import_files import BAD_FILES, GOOD, _rewritten

MEMORY = 200  # MB that reading may add to a process
SECONDS = 60  # of a processor, for all files together; a file that loops would take more

Change = Callable[[str, bytes], tuple[str, bytes] | None]


def changed(change: Change, data: bytes = GOOD, **more: bytes) -> bytes:
    """The workbook with each member changed or left out, and with more of them."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            if (pair := change(name, source.read(name))) is not None:
                out.writestr(*pair)
        for name, piece in more.items():
            out.writestr(name.replace("__", "/"), piece)
    return made.getvalue()


def in_sheet(old: bytes, new: bytes) -> bytes:
    return _rewritten(GOOD, old, new)


def in_texts(new: bytes) -> bytes:
    """The shared texts replaced as a whole."""
    return changed(lambda name, piece: (name, new if "sharedStrings" in name else piece))


def before_root(doctype: bytes, part: str = "sheet1") -> bytes:
    def put(name: str, piece: bytes) -> tuple[str, bytes]:
        return name, piece.replace(b"?>", b"?>" + doctype, 1) if part in name else piece

    return changed(put)


LAUGHS = (
    b"<!DOCTYPE lolz [<!ENTITY a 'lol'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (98 + place, b"&%c;" % (97 + place) * 10) for place in range(9))
    + b"]>"
)
OUTSIDE = b'<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>'
HEAD = b"code,type,amount\n"
ROWS = b"</sheetData>"
LONG = b"<si><t>" + b"x" * 1_000_000 + b"</t></si>"
SST = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
SHARED = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (r, r) for r in range(3, 20_000))
UNNUMBERED = b"<row><c><v>1</v></c></row>" * 60_000
PREFIXED = b'<x:row r="3"><x:c r="ZZ99999"><x:v>1</x:v></x:c></x:row>' + ROWS


def number(text: str) -> bytes:
    return HEAD + f'a,L,"{text}"\n'.encode()


def numbered(value: bytes) -> bytes:
    return in_sheet(b"<v>1</v></c></row></sheetData>", b"<v>" + value + b"</v></c></row></sheetData>")


DIRECTORY = GOOD.index(b"PK\x01\x02")
PLAIN = GOOD[DIRECTORY : DIRECTORY + 10]  # the last two bytes are flags
ENCRYPTED = GOOD[:DIRECTORY] + GOOD[DIRECTORY:].replace(PLAIN, PLAIN[:8] + b"\1\0")
NO = "workbook|damaged|XLSX|Excel"  # whatever the reader says of it, in a sentence
CORPUS: dict[str, tuple[bytes, str]] = {
    **BAD_FILES,
    # XML that grows or fetches
    "billion laughs": (before_root(LAUGHS), "XML entities"),
    "billion laughs in the texts": (before_root(LAUGHS, "sharedStrings"), "XML entities"),
    "billion laughs in the workbook": (before_root(LAUGHS, "xl/workbook"), "XML entities"),
    "external entity": (before_root(OUTSIDE), "XML entities"),
    "external entity in the relations": (before_root(OUTSIDE, "workbook.xml.rels"), "XML entities"),
    "lower case doctype": (before_root(b"<!doctype x [<!entity a 'b'>]>"), "XML entities"),
    "entities in UTF-16": (
        in_texts((SST + LAUGHS).decode().encode("utf-16")),
        "XML entities",
    ),
    "one text repeated by every cell": (
        changed(
            lambda name, piece: (
                name,
                SST + LONG + b"</sst>"
                if "sharedStrings" in name
                else piece.replace(ROWS, SHARED + ROWS)
                if "sheet1" in name
                else piece,
            )
        ),
        "text of 1,000,",
    ),
    # sheets that reach too far
    "far row": (in_sheet(b'r="C2"', b'r="C1048576"'), "reaches to C1048576"),
    "far column": (in_sheet(b'r="C2"', b'r="XFD2"'), "reaches to XFD2"),
    "far column in small letters": (in_sheet(b'r="C2"', b"r = 'xfd2'"), "reaches to xfd2"),
    "far row by its own number": (in_sheet(b'<row r="2"', b'<row r="999999"'), "reaches to 999999"),
    "prefixed cells far out": (in_sheet(ROWS, PREFIXED), "reaches to ZZ99999"),
    "rows that say no number": (in_sheet(ROWS, UNNUMBERED + ROWS), "more than 20,000 rows"),
    "16,000 columns": (
        in_sheet(ROWS, b'<row r="3"><c r="WWW3"><v>1</v></c></row>' + ROWS),
        "reaches to WWW3",
    ),
    # archives that are something else, or nothing
    "half a workbook": (GOOD[: len(GOOD) // 2], "damaged"),
    "a workbook without its end": (GOOD[:-22], "damaged"),
    "the head of a workbook": (GOOD[:4], "damaged"),
    "an OpenDocument file": (changed(lambda n, p: None, **{"content.xml": b"<x/>"}), "OpenDocument"),
    "a binary workbook": (changed(lambda n, p: None, **{"xl__workbook.bin": b"x"}), "OpenDocument or binary"),
    "an empty archive": (changed(lambda n, p: None), NO),
    "paths that climb": (changed(lambda n, p: (f"../../{n}", p)), NO),
    "no workbook in it": (changed(lambda n, p: None if n == "xl/workbook.xml" else (n, p)), NO),
    "no sheet in it": (changed(lambda n, p: None if "sheet1" in n else (n, p)), NO),
    "a sheet of noise": (changed(lambda n, p: (n, bytes(range(256)) * 40 if "sheet1" in n else p)), NO),
    "10,000 members": (
        changed(lambda n, p: (n, p), **{f"m{place}": b"" for place in range(10_000)}),
        "thousands of files",
    ),
    "an encrypted archive": (ENCRYPTED, "is encrypted"),
    # old Excel
    "old Excel, far cell": (
        xls.compound(xls.stream(xls.cell(0, 0, "a") + xls.cell(65535, 65535, 1.0))),
        "old Excel|reaches",
    ),
    "old Excel, 30,000 rows": (
        xls.compound(xls.stream(b"".join(xls.cell(r, 0, 1.0) for r in range(30_000)))),
        "reaches to row 30000",
    ),
    "old Excel, too wide": (
        xls.compound(xls.stream(b"".join(xls.cell(0, c, 1.0) for c in range(200)))),
        "column 200",
    ),
    "old Excel, cut off": (xls.book(["code", "type", "amount"], ["a", "L", 1.0])[:1500], "old Excel"),
    "old Excel, its table in a ring": (
        xls.book(["a"])[:512] + struct.pack("<128I", *[1] * 128) + xls.book(["a"])[1024:],
        "old Excel|No column",
    ),
    "old Excel, a record longer than the file": (
        xls.compound(xls.stream(struct.pack("<HH", xls.LABEL, 0x2000) + b"x")),
        "old Excel|empty",
    ),
    "old Excel, encrypted": (xls.compound(xls.record(0x002F, b"\1" * 54)), "old Excel|empty"),
    "a workbook renamed": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + GOOD, "old Excel"),
    # text that is none
    "a field of 200,000 characters": (HEAD + b"a,L," + b"9" * 200_000, "no clean CSV"),
    "NULs": (HEAD + b"a,L,\0\n", "neither a CSV"),
    "UTF-16 cut in half": (("\ufeff" + HEAD.decode()).encode("utf-16-le")[:-1], "cannot be decoded"),
    # numbers: read, and the cell is named
    "not a number": (number("NaN"), "row 2, amount"),
    "infinity": (number("Infinity"), "row 2, amount"),
    "1e308": (number("1e308"), "row 2, amount"),
    "100,000 digits": (HEAD + b"a,L," + b"9" * 100_000 + b"\n", "row 2, amount"),
    "1e308 in a workbook": (numbered(b"1e308"), "row 2, amount"),
    "NaN in a workbook": (numbered(b"NaN"), "row 2, amount|XLSX"),
    "10 million digits in a workbook": (numbered(b"9" * 10_000_000), "row 2, amount|XLSX"),
    "an error in a workbook": (
        in_sheet(b'<c r="C2"><v>1</v>', b'<c r="C2" t="e"><v>#REF!</v>'),
        "row 2, amount",
    ),
}

READER = """
import json, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
from budgets.files import spreadsheets
def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before, told = used(), {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        sheet = spreadsheets.read(data=path.read_bytes())
        said = [f"row {e.row}, {e.column}: {e.message}" for e in sheet.errors] or [f"TAKEN {sheet.rows}"]
    except spreadsheets.Unreadable as problem:
        said = [str(problem)]
    told[path.name] = (said[0][:300], used() - before)
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """What was said of each file, and the memory the process had used more by then, in MB."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    for name, (data, _) in CORPUS.items():
        (folder / name.replace("/", "-")).write_bytes(data)
    program = READER.replace("SECONDS", str(SECONDS))
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", program, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_there_are_enough_of_them():
    assert len(CORPUS) >= 60


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_file_is_refused_with_a_sentence(name, told):
    said, _ = told[name.replace("/", "-")]
    assert not said.startswith("TAKEN"), said
    assert re.search(CORPUS[name][1], said), said
    assert said.endswith((".", "?", "'")) or "XLSX" in said


def test_reading_them_all_takes_little_memory(told):
    assert max(used for _, used in told.values()) < MEMORY


def test_an_old_workbook_is_read_like_any_other():
    sheet = read(data=xls.book(["Cost code", "Type", "Amount"], ["0030", "L", 1234.5], [3300.0, "M", -1.0]))
    assert [(row.values["cost_code"], row.values["amount"]) for row in sheet.rows] == [
        ("0030", Decimal("1234.50")),
        ("3300", Decimal("-1.00")),
    ]


def test_macros_are_not_looked_at_and_what_is_beside_them_is_read():
    assert (
        len(read(data=changed(lambda n, p: (n, p), **{"xl__vbaProject.bin": b"\xd0\xcf\x11\xe0" * 100})).rows)
        == 1
    )
