"""A folder with an accountant, in the words of the tests, and a disk that counts and can fail."""

from __future__ import annotations

import csv
import errno
import io
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from erp.port import ErpCompany, ErpDocument, ErpKey, PostingState
from erp.testing.tenant import TRICKY, CannotDo, Entry, ErpTenant, Shape
from file_adapter.backend import FileBackend
from file_adapter.disk import Disk

COMPANY, STARTED, PENDING, CLOSED = "001", "2401", "2402", "2403"
REFERENCE = {
    "jobs": (
        ["code", "name", "parent", "status", "writable"],
        [STARTED, "Harbour hall", "", "started", "yes"],
        ["2401-A", "Harbour hall east", STARTED, "started", "yes"],
        [PENDING, "School", "", "pending", "yes"],
        [CLOSED, "Old mill", "", "closed", "no"],
    ),
    "cost_codes": (
        ["code", "name", "parent", "active"],
        *([code, f"Code {code}", "", "yes"] for code in ("01-100", "02-100", "03-100", "04-100", *TRICKY)),
        ["09-900", "Retired", "", "no"],
    ),
    "cost_types": (["code", "name"], ["L", "Labor"], ["M", "Material"], ["E", "Equipment"]),
    "units": (["code", "name"], ["M3", "Cubic metre"]),
    "budget": (
        ["job", "cost_code", "cost_type", "original", "current", "name"],
        [STARTED, "01-100", "L", "1000.00", "1000.00", "Division 1"],
        [PENDING, "01-100", "L", "70.00", "70.00", "Division 1"],
    ),
}
NOT_HERE = "Nobody can do this to a file that lies in a folder."


class CountingDisk(Disk):
    """The real disk: it counts what arrived, and can lose the answer of the nth write from now on."""

    def __init__(self) -> None:
        self.arrived = 0
        self.lose = 0
        self._within = False

    def put(self, path: Path, data: bytes) -> None:
        self._within = True
        try:
            super().put(path, data)
        finally:
            self._within = False
        self._count()

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        if not self._within:
            self._count()

    def _count(self) -> None:
        self.arrived += 1
        self.lose -= 1
        if self.lose == 0:
            raise OSError(errno.EIO, "the share did not answer")


class Folder(ErpTenant):
    """A tenant of the file adapter; its accountant works with CSV files, as by hand."""

    company = ErpCompany(COMPANY, {"assign_missing": True, "originals_on_started_jobs": True})
    job = STARTED

    def __init__(self, root: Path) -> None:
        self.root, self.disk = root, CountingDisk()
        codes = ("01-100", "02-100", "03-100", "04-100", *TRICKY)
        self.keys = [ErpKey(STARTED, code, "L") for code in codes]
        for kind, rows in REFERENCE.items():
            self.export(kind, *rows)
        self.write("companies.csv", [["code", "name", "currency"], [COMPANY, "Acme Builders", "USD"]])

    # -- the adapter ---------------------------------------------------------------------------------------

    def backend(self) -> FileBackend:
        return FileBackend(folder=str(self.root), settle_seconds=0, disk=self.disk)

    def out_of_reach(self) -> FileBackend:
        return FileBackend(folder=str(self.root / "not mounted"), settle_seconds=0, disk=self.disk)

    def misconfigured(self) -> FileBackend:
        self.export("jobs", ["job number", "job name"], [STARTED, "Harbour hall"])
        return self.backend()

    def shapes(self) -> list[Shape]:
        cannot = {PostingState.STAGING: "A file has no approval status that anybody could set back."}
        a, b, *_ = self.keys
        open_key = ErpKey(PENDING, "01-100", "L")
        started = self.original(
            (a, "1000.00", "1250.00"), (b, "0.00", "80.00"), job=STARTED, number="TB-STARTED0"
        )
        pending = self.original((open_key, "70.00", "80.00"), job=PENDING, number="TB-PENDING0")
        shapes = [*super().shapes(), Shape("changed original", started), Shape("original", pending)]
        return [Shape(shape.name, shape.document, cannot) for shape in shapes]

    # -- looking in ----------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """Everything that stands in a document's CSV, wherever an accountant could come across it."""
        found = []
        for kind in ("being-written", "to-enter", "taken"):
            for path in sorted((self.root / COMPANY / kind).glob("*/*.csv")):
                rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
                for row in rows:
                    amount = Decimal(row["Change"])
                    codes = [row[name].removeprefix("'") for name in ("Job", "Cost code", "Cost type")]
                    found.append(Entry(row["Number"], *codes, amount))
        return [entry for entry in found if entry.amount]

    def writes(self) -> int:
        return self.disk.arrived

    def may_be_posted(self, document: ErpDocument) -> bool:
        return any(self.place(kind, document).is_dir() for kind in ("to-enter", "taken"))

    # -- bad days ------------------------------------------------------------------------------------------

    def cut(self, nth: int) -> None:
        self.disk.lose = nth

    def forbid(self, key: ErpKey) -> None:
        header, *rows = REFERENCE["cost_codes"]
        self.export(
            "cost_codes", header, *([*row[:3], "no" if row[0] == key.cost_code else row[3]] for row in rows)
        )

    def allow(self, key: ErpKey) -> None:
        self.export("cost_codes", *REFERENCE["cost_codes"])

    # -- the accountant ------------------------------------------------------------------------------------

    def export(self, kind: str, *rows: Iterable[str]) -> Path:
        """Put a reference file into the folder."""
        return self.write(f"{COMPANY}/reference/{kind}.csv", rows)

    def write(self, name: str, rows: Iterable[Iterable[str]]) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
        return path

    def place(self, kind: str, document: ErpDocument) -> Path:
        return self.root / COMPANY / kind / document.number

    def take(self, document: ErpDocument) -> None:
        """Move the document's folder to taken, before it is entered."""
        target = self.place("taken", document)
        target.parent.mkdir(exist_ok=True)
        os.rename(self.place("to-enter", document), target)

    def rows(self, document: ErpDocument) -> list[dict[str, str]]:
        """The form as it lies there."""
        kind = "taken" if self.place("taken", document).exists() else "to-enter"
        text = (self.place(kind, document) / f"{document.number}.csv").read_text("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def send_back(self, document: ErpDocument, rows: list[Mapping[str, str]] | list[dict[str, str]]) -> Path:
        """Save a form into returned."""
        header = list(rows[0])
        lines = [header, *([row.get(name, "") for name in header] for row in rows)]
        return self.write(f"{COMPANY}/returned/{document.number}.csv", lines)

    def fill_in(self, document: ErpDocument, fill: Callable[[list[dict[str, str]]], object]) -> Path:
        """Fill a form in and save it into returned."""
        rows = self.rows(document)
        fill(rows)
        return self.send_back(document, rows)

    def post(self, document: ErpDocument, *, on: date) -> None:
        self.fill_in(document, lambda rows: rows[0].update({"Status": "posted", "Posted on": on.isoformat()}))

    def change(self, document: ErpDocument, key: ErpKey, *, by: Decimal) -> None:
        """Write another amount into the form where it lies."""
        rows = self.rows(document)
        for row in rows:
            if row["Cost code"] == key.cost_code:
                row["Posted"] = str(Decimal(row["Posted"]) + by)
        path = self.place("to-enter", document) / f"{document.number}.csv"
        self.write(str(path.relative_to(self.root)), [list(rows[0]), *(list(row.values()) for row in rows)])

    def reject(self, document: ErpDocument) -> None:
        self.fill_in(document, lambda rows: rows[0].update({"Status": "rejected"}))

    def remove(self, document: ErpDocument) -> None:
        shutil.rmtree(self.place("to-enter", document))

    def set_back(self, document: ErpDocument) -> None:
        raise CannotDo(NOT_HERE)

    def blur(self, document: ErpDocument) -> None:
        self.fill_in(document, lambda rows: rows[0].update({"Status": "perhaps"}))

    def take_number(self, document: ErpDocument) -> None:
        folder = self.place("to-enter", document)
        folder.mkdir(parents=True)
        strange = '{"number": "%s", "content_hash": "f", "kind": "original", "company": "001", "job": "2401"'
        (folder / f"{document.number}.json").write_text(
            strange % document.number + ', "lines": [], "files": {}}'
        )
