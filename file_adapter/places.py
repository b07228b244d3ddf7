"""Where everything lies in the folder of a company.

companies.csv                      every company (code, name, currency); its presence says that the share is there
<company>/reference/               what the accountant exports: jobs, cost_codes, budget ... (reference.py)
<company>/being-written/<number>/  documents Tieback is still writing; nobody touches these
<company>/to-enter/<number>/       whole documents, ready to be entered
<company>/taken/<number>/          documents an accountant has taken, by moving their folder here
<company>/returned/<number>.xlsx   forms an accountant has filled in (or .csv)
<company>/withdrawn/<number>/      documents Tieback has taken back
"""

from __future__ import annotations

import re
from pathlib import Path

from erp.port import ErpMisconfigured, ErpUnavailable
from file_adapter.disk import content, names_in

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]*")  # a code that is a folder's name on every system
REFERENCE, WRITING, READY = "reference", "being-written", "to-enter"
TAKEN, RETURNED, WITHDRAWN = "taken", "returned", "withdrawn"
COMPANIES = "companies"
SUFFIXES = (".csv", ".xlsx")


class Places:
    """The folder as a whole, or the part of one company."""

    def __init__(self, root: Path, company: str = "", *, glance: bool = False) -> None:
        self.root = root
        self.company = company
        self.home = root / company if company else root
        self._seen: dict[str, dict[str, list[str]]] | None = {} if glance else None

    def of(self, company: str) -> Places:
        """This function will give the places of a company. Raises ErpMisconfigured for a code that is no folder."""
        if not SAFE.fullmatch(company):
            raise ErpMisconfigured(
                f"The company code {company!r} cannot be the name of a folder; use letters, digits, - and _."
            )
        return Places(self.root, company)

    def glance(self) -> Places:
        """This function will give the same places with each list read once, to answer about many documents."""
        return Places(self.root, self.company, glance=True)

    def ensure_there(self) -> None:
        """This function will raise ErpUnavailable while the folder does not show its companies.

        A share that is not mounted is an empty folder: nothing may be written into that.
        """
        if not any(content(self.root / f"{COMPANIES}{suffix}") is not None for suffix in SUFFIXES):
            raise ErpUnavailable(
                f"{self.root} does not show {COMPANIES}.csv; is the folder there and the share mounted?"
            )

    def place(self, kind: str, number: str) -> Path:
        """This function will give the folder of a document in one of the kinds of places."""
        return self.home / kind / number

    def called(self, kind: str, number: str) -> list[Path]:
        """This function will find what is named after a document, also as "TB-7K3MQ0XV (1).xlsx"."""
        name = re.compile(re.escape(number) + r"(?![A-Za-z0-9])", re.IGNORECASE)
        return [self.home / kind / found for found in self._beginning(kind, number) if name.match(found)]

    def _beginning(self, kind: str, number: str) -> list[str]:
        if self._seen is None:
            return names_in(self.home / kind)
        if kind not in self._seen:
            index = self._seen[kind] = {}
            for found in names_in(self.home / kind):
                index.setdefault(found[: len(number)].casefold(), []).append(found)
        return self._seen[kind].get(number.casefold(), [])

    def said(self, path: Path) -> str:
        """This function will write a path as people in the folder see it."""
        return path.relative_to(self.root).as_posix()
