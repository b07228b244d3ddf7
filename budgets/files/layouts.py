"""Which column of a file is which field of a line: as the header says, as somebody chose, or as the cells look.

Pure. A layout is kept with a staged import, and the choice of columns is remembered by the header's fingerprint.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import Any

NAMES = {
    "job": ("job", "job_code", "sub_job"),
    "master_job": ("master_job", "main_job"),
    "cost_code": ("cost_code", "phase_code", "phase", "code"),
    "cost_type": ("cost_type", "type", "category"),
    "description": ("description",),
    "quantity": ("quantity", "qty"),
    "unit": ("unit", "uom", "unit_of_measure"),
    "unit_cost": ("unit_cost", "unit_price", "rate"),
    "amount": ("amount", "original_amount", "original", "original_budget"),
}
FIELD_OF = {name: field for field, names in NAMES.items() for name in names}
WORDS = {
    "cost_code": "cost code",
    "cost_type": "cost type",
    "unit_cost": "unit cost",
    "master_job": "main job",
}
ERROR = "error"  # the last column of a repair file
SHOWN_ONLY = (
    "modifications",
    "revised",
    "sent",
    "in_erp",
    ERROR,
)  # columns our own files have to be read by people
SEARCHED = 30  # rows that may stand above the header: titles, dates, a logo's cell
LOOKED_AT = 50  # rows below it that tell what a nameless column holds


@dataclass(frozen=True)
class Layout:
    """How to read one sheet: `header` is a row's index from 0, or None where the first row is a line already.

    `columns` are places by field. `decimals` is "," or ".", or "" where the cells shall say. `fixes` are values that
    somebody had replaced, by field. All of it can be kept as JSON.
    """

    sheet: int = 0
    header: int | None = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    decimals: str = ""
    fixes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Layout:
        """What `as_json` wrote."""
        return cls(**kept)


def words(name: str) -> str:
    """This function will name a field in a sentence."""
    return WORDS.get(name, name)


def text_of(cell: Any) -> str:
    """This function will write a cell as text; a whole number without the point that spreadsheets store."""
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)


def names_of(rows: Sequence[Sequence[Any]], header: int | None) -> list[str]:
    """This function will list the columns' names: those of the header row, or the letters of a spreadsheet."""
    if header is None or header >= len(rows):
        width = max((len(row) for row in rows[:LOOKED_AT]), default=0)
        return [f"Column {_letters(place)}" for place in range(width)]
    return [text_of(cell).strip() for cell in rows[header]]


def _letters(place: int) -> str:
    return (_letters(place // 26 - 1) if place >= 26 else "") + chr(65 + place % 26)


def plain(name: str) -> str:
    """This function will bring a column's name to the form that names are compared in."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def understood(names: Sequence[str]) -> dict[str, list[int]]:
    """This function will find the places whose names are known, by field; more than one where two mean the same."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        known = FIELD_OF.get(plain(name))
        if known:
            places.setdefault(known, []).append(place)
    return places


def header_of(rows: Sequence[Sequence[Any]]) -> int | None:
    """This function will find the row that names most fields; None where no row names two."""
    best, most = None, 1
    for place, row in enumerate(rows[:SEARCHED]):
        number = len(understood([text_of(cell) for cell in row]))
        if number > most:
            best, most = place, number
    return best


def first_row(rows: Sequence[Sequence[Any]]) -> int:
    """This function will find the first row that holds anything."""
    return next((i for i, row in enumerate(rows) if any(text_of(cell).strip() for cell in row)), 0)


def guess(
    rows: Sequence[Sequence[Any]],
    *,
    known: Mapping[str, Collection[str]],
    with_header: bool = True,
    sheet: int = 0,
) -> Layout:
    """This function will guess a layout: names first, then names that look alike, then what stands in the columns.

    `known` are the codes of the company and the project's jobs, by field. Text that was pasted may have no header.
    """
    header = header_of(rows)
    if header is None and with_header:
        header = _wordy_row(rows)
    return Layout(sheet, header, guess_columns(rows, header, known=known))


def _wordy_row(rows: Sequence[Sequence[Any]]) -> int:
    """The first of the rows with most texts and no number: titles above have fewer, lines below have numbers."""
    texts = [0 if any(map(_is_number, row)) else sum(map(bool, row)) for row in rows[:SEARCHED]]
    return texts.index(max(texts)) if any(texts) else first_row(rows)


def _is_number(cell: Any) -> bool:
    return cell != "" and (not isinstance(cell, str) or bool(NUMBER.fullmatch(cell.strip())))


def guess_columns(
    rows: Sequence[Sequence[Any]], header: int | None, *, known: Mapping[str, Collection[str]]
) -> dict[str, int]:
    """This function will guess which column is which field below a header."""
    names = names_of(rows, header)
    columns = {name: places[0] for name, places in understood(names).items()}
    if header is not None:
        _add_alike(names, columns)
    below = rows[0 if header is None else header + 1 :][:LOOKED_AT]
    _add_by_content(below, len(names), columns, known)
    if header is None:
        _add_description(below, len(names), columns)
    return columns


def _add_alike(names: Sequence[str], columns: dict[str, int]) -> None:
    for place, name in enumerate(names):
        if place in columns.values() or plain(name) in SHOWN_ONLY:
            continue
        close = get_close_matches(plain(name), FIELD_OF, n=1, cutoff=0.8)
        if close:
            columns.setdefault(FIELD_OF[close[0]], place)


def _add_by_content(
    rows: Sequence[Sequence[Any]], width: int, columns: dict[str, int], known: Mapping[str, Collection[str]]
) -> None:
    """A column most of whose cells are codes of the company is theirs; the last one of numbers is the amount."""
    cells = {
        place: [row[place] for row in rows if place < len(row) and row[place] != ""] for place in range(width)
    }
    free = [place for place in cells if place not in columns.values() and cells[place]]
    for name in ("cost_code", "cost_type", "unit", "job"):
        if name in columns:
            continue
        for place in free:
            found = sum(text_of(cell).strip() in known.get(name, ()) for cell in cells[place])
            if found * 2 > len(cells[place]):
                columns[name] = place
                free.remove(place)
                break
    if "amount" not in columns and "unit_cost" not in columns:
        numbers = [place for place in free if all(_looks_like_number(cell) for cell in cells[place])]
        if numbers:
            columns["amount"] = numbers[-1]


def _add_description(rows: Sequence[Sequence[Any]], width: int, columns: dict[str, int]) -> None:
    """Where nothing has a name, the one column left that holds words is the description."""
    free = [place for place in range(width) if place not in columns.values()]
    wordy = [
        place
        for place in free
        if any(place < len(r) and r[place] != "" and not _looks_like_number(r[place]) for r in rows)
    ]
    if len(wordy) == 1:
        columns["description"] = wordy[0]


NUMBER = re.compile(r"[-+(]?\s*[$€£]?\s*[\d.,' ]*\d[\d.,' )-]*")


def _looks_like_number(cell: Any) -> bool:
    return isinstance(cell, float) or bool(NUMBER.fullmatch(text_of(cell).strip()))


def problems(names: Sequence[str], columns: Mapping[str, int]) -> list[str]:
    """This function will say what keeps a layout from being read: a needed field without a column, one column twice."""
    said = [_missing(lacking, names, columns) for lacking in missing(columns)]
    for place in sorted({place for place in columns.values() if list(columns.values()).count(place) > 1}):
        fields = [words(name) for name, chosen in columns.items() if chosen == place]
        said.append(f"The column {names[place]!r} is chosen for {' and '.join(fields)}. Keep one.")
    return said


def wanted(columns: Mapping[str, int]) -> list[str]:
    """This function will ask for the columns that are still to be chosen."""
    return [f"Choose the column of the {words(name)}." for name in missing(columns)]


def doubled(names: Sequence[str]) -> list[str]:
    """This function will say which columns have names that mean the same."""
    return [
        f"The columns {names[places[0]]!r} and {names[places[1]]!r} both mean the {words(name)}. Keep one."
        for name, places in understood(names).items()
        if len(places) > 1
    ]


def missing(columns: Mapping[str, int]) -> list[str]:
    """This function will list the needed fields that have no column."""
    lacking = [wanted for wanted in ("cost_code", "cost_type") if wanted not in columns]
    if "amount" not in columns and not {"quantity", "unit_cost"} <= set(columns):
        lacking.append("amount")
    return lacking


def _missing(wanted: str, names: Sequence[str], columns: Mapping[str, int]) -> str:
    others = [name for place, name in enumerate(names) if place not in columns.values() and name]
    close = get_close_matches(wanted, others, n=1, cutoff=0.6)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    seen = ", ".join(name for name in names if name) or "nothing"
    return f"No column for the {words(wanted)}: name one {' or '.join(NAMES[wanted])}.{hint} The header says: {seen}."


def fingerprint(names: Sequence[str]) -> str:
    """This function will make the key under which a choice of columns is remembered: the names, however written."""
    written = [plain(name) for name in names]
    if written[-1:] == [ERROR]:  # a repair file is like the file it came from
        written.pop()
    return hashlib.sha256("\x1f".join(written).encode()).hexdigest()


def ignored(names: Sequence[str], columns: Mapping[str, int]) -> list[str]:
    """This function will name the columns that are not read."""
    return [name for place, name in enumerate(names) if name and place not in columns.values()]
