"""Writing a document's papers, and taking them back. Each write is journaled, each run starts from what is there."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path

from erp.port import (
    ErpDocument,
    ErpRefused,
    ErpUnconfirmed,
    Finding,
    Journal,
    Outcome,
    Posting,
    Receipt,
    WithdrawState,
)
from file_adapter.disk import Disk, content, journaled
from file_adapter.papers import ROUTE, digest, files_of, receipt_of
from file_adapter.places import READY, WITHDRAWN, WRITING, Places
from file_adapter.returned import REJECTED
from file_adapter.standing import Standing, look, touched


class Step(StrEnum):
    """The stable keys of every write."""

    CSV = "csv"
    XLSX = "xlsx"
    MANIFEST = "json"
    READY = "ready"
    WITHDRAW = "withdraw"


class Delivery:
    """The papers of one document in the folder of its company."""

    def __init__(self, *, places: Places, disk: Disk, document: ErpDocument, journal: Journal) -> None:
        self._places, self._disk, self._journal = places, disk, journal
        self._document, self._number = document, document.number

    # -- writing -----------------------------------------------------------------------------------------------

    def push(self, standing: Standing) -> Receipt:
        """This function will write what is missing, then show the document as a whole. Raises the failures."""
        self._journal.learned(route=ROUTE)
        # Before it is shown it is written where nobody looks; a file that went missing later is put back in place.
        folder = standing.ready or self._places.place(WRITING, self._number)
        for name, data in files_of(self._document).items():
            there = content(folder / name)
            if there is None or (there != data and standing.ready is None):
                self._put(folder / name, data)
        if standing.ready is None:
            ready = self._places.place(READY, self._number)
            self._write(
                Step.READY,
                folder,
                "MOVE",
                f"to {self._places.said(ready)}",
                partial(self._move, folder, ready),
            )
        if not look(self._places, self._document).whole:
            raise ErpUnconfirmed(f"The folder does not show {self._number} as a whole yet.", step="verify")
        return receipt_of(self._document)

    def _put(self, path: Path, data: bytes) -> None:
        step = Step(path.suffix.removeprefix("."))
        body = f"{len(data)} bytes, sha256 {digest(data)}"
        self._write(step, path, "WRITE", body, partial(self._disk.put, path, data))

    def _move(self, source: Path, target: Path) -> None:
        self._disk.rename(source, target)

    def _write(self, step: Step, path: Path, method: str, body: str, act: partial[None]) -> None:
        target = self._places.said(path)
        journaled(self._journal, step=step, method=method, target=target, body=body, act=act)

    # -- taking back -------------------------------------------------------------------------------------------

    def withdraw(self, posting: Posting) -> Outcome:
        """This function will move the papers to withdrawn, unless an accountant has them. Raises the failures."""
        for _ in range(3):  # an accountant may take it between our look and our write
            standing = look(self._places, self._document)
            ended = self._ended(standing, posting)
            if ended is not None:
                return ended
            try:
                for folder in (standing.ready, standing.writing, *standing.taken):
                    if folder:
                        self._take_back(folder)
            except FileNotFoundError:
                continue
        raise ErpUnconfirmed(f"The papers of {self._number} keep moving in the folder.", step=Step.WITHDRAW)

    def _take_back(self, folder: Path) -> None:
        target = self._free(self._places.place(WITHDRAWN, self._number))
        body = f"to {self._places.said(target)}"
        self._write(Step.WITHDRAW, folder, "MOVE", body, partial(self._move, folder, target))

    def _free(self, wanted: Path) -> Path:
        """A place where nothing lies yet."""
        place, nth = wanted, 2
        while place.exists():
            place, nth = wanted.with_name(f"{wanted.name} ({nth})"), nth + 1
        return place

    def _ended(self, standing: Standing, posting: Posting) -> Outcome | None:
        number = self._number
        if standing.form is not None and standing.form.verdict != REJECTED:
            note = f"Accounting has returned {number} as posted."
            return Outcome(WithdrawState.POSTED, note, posting)
        if not standing.ours:
            return Outcome(WithdrawState.CONFLICT, f"Something else lies under {number} in the folder.")
        if standing.problems:
            note = f"Accounting has returned a form of {number} that cannot be read: {' '.join(standing.problems)}"
            return Outcome(WithdrawState.CONFLICT, note)
        if not (standing.ready or standing.writing or standing.taken):
            return Outcome(WithdrawState.WITHDRAWN, "Nothing of it is left to be entered.")
        written_into = standing.ready is not None and touched(standing.ready, number)
        if (standing.taken or written_into) and standing.form is None:
            return Outcome(WithdrawState.CONFLICT, _with_accounting(number, standing))
        return None


def _with_accounting(number: str, standing: Standing) -> str:
    """The facts for a person: the folder can neither say whether it was entered nor stop it from being entered."""
    fact = f"lies in taken as {standing.taken[0].name}" if standing.taken else "was written into"
    return (
        f"An accountant has {number}: it {fact}. Ask whether it was entered. Then have its form put into returned, "
        "with the status posted or rejected, and do this again."
    )


def refuse_strange(document: ErpDocument, standing: Standing) -> None:
    """This function will raise ErpRefused where writing on would go against what people did in the folder."""
    number = document.number
    if not standing.ours:
        said = f"Another document lies under {number} in the folder. Look at it there and move it away, then retry."
        raise ErpRefused([Finding("number_taken", said)])
    if standing.problems:
        said = f"A form of {number} was returned and cannot be read: {' '.join(standing.problems)}"
        raise ErpRefused([Finding("form_unreadable", said)])
    if standing.form is not None and standing.form.verdict == REJECTED:
        said = f"Accounting has returned {number} as rejected. Return it, or take the form out of returned and retry."
        raise ErpRefused([Finding("rejected_in_erp", said)])
    if standing.taken and not standing.whole:
        said = f"{standing.taken[0].name} lies in taken without its manifest. Put the whole folder back, then retry."
        raise ErpRefused([Finding("taken_apart", said)])
