"""Old Excel files (BIFF 8 in a compound file), written byte by byte: good ones, and ones no program would write."""

import struct

SECTOR, END, FREE, FAT = 512, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
BOUNDSHEET, NUMBER, LABEL, FORMULA, END_OF_PART = 0x0085, 0x0203, 0x0204, 0x0006, 0x000A


def record(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def beginning(kind: int) -> bytes:
    return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0, 0, 0, 0))


def cell(row: int, column: int, value: str | float) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, str):
        return record(LABEL, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
    return record(NUMBER, place + struct.pack("<d", value))


def formula(row: int, column: int, value: float) -> bytes:
    """A formula, =1, with the value it was last worked out to."""
    return record(
        FORMULA,
        struct.pack("<HHH", row, column, 0) + struct.pack("<d", value) + bytes(6) + b"\x03\x00\x1e\x01\x00",
    )


def stream(cells: bytes, name: str = "Lines") -> bytes:
    """The workbook stream: its globals with one sheet's place, then the sheet."""
    title = bytes([len(name), 0]) + name.encode("latin-1")
    bound = record(BOUNDSHEET, struct.pack("<IH", 0, 0) + title)
    start = len(beginning(5)) + len(bound) + len(record(END_OF_PART))
    bound = record(BOUNDSHEET, struct.pack("<IH", start, 0) + title)
    sheet = beginning(0x10) + cells + record(END_OF_PART)
    return beginning(5) + bound + record(END_OF_PART) + sheet


def compound(content: bytes, name: str = "Workbook") -> bytes:
    """A compound file with one stream."""
    content = content.ljust(4096, b"\0")  # shorter ones live elsewhere
    content += b"\0" * (-len(content) % SECTOR)
    sectors = len(content) // SECTOR
    fats = -(-(sectors + 2) // 127)
    first = fats + 1
    table = [FAT] * fats + [END] + [first + place + 1 for place in range(sectors - 1)] + [END]
    table += [FREE] * (fats * 128 - len(table))
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    head += struct.pack("<IIIIIIIII", 0, fats, fats, 0, 4096, END, 0, END, 0)
    head += b"".join(struct.pack("<I", place if place < fats else FREE) for place in range(109))
    folder = (
        entry("Root Entry", 5, child=1) + entry(name, 2, start=first, size=len(content)) + entry("", 0) * 2
    )
    return head + struct.pack(f"<{len(table)}I", *table) + folder + content


def entry(name: str, kind: int, *, child: int = FREE, start: int = END, size: int = 0) -> bytes:
    written = name.encode("utf-16-le")
    told = written.ljust(64, b"\0") + struct.pack("<HBB", len(written) + 2 if name else 0, kind, 1)
    return told + struct.pack("<III", FREE, FREE, child) + bytes(36) + struct.pack("<IQ", start, size)


def book(*rows: list[str | float]) -> bytes:
    """An old workbook with these rows."""
    cells = (cell(r, c, value) for r, row in enumerate(rows) for c, value in enumerate(row) if value != "")
    return compound(stream(b"".join(cells)))
