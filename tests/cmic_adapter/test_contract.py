"""The CMiC adapter keeps the promises of the port, over HTTP against the stand-in, on both routes and every release."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import DocumentKind, ErpDocument, ErpKey, PostingState
from erp.testing.contract import ErpContract
from erp.testing.tenant import HIDE_HALVES, TRICKY, CannotDo, Entry, ErpTenant, Shape, sums
from tests.cmic_adapter.support import COMPANY, ON, PASSWORD, PENDING, STARTED, USER, Tenant, book, company

AMOUNTS_ALONE = {
    PostingState.REJECTED: "Amounts of a pending job have no status that anybody could reject.",
    PostingState.ABSENT: "An amount that was set to 0 is an amount, not a missing document.",
    PostingState.STAGING: "Amounts of a pending job have no status to be set back.",
    "taken_number": "Enter Budget knows amounts, and no number that somebody could take.",
    HIDE_HALVES: "Enter Budget sets one amount after the other, and Start Job counts what is there.",
}


class CmicTenant(ErpTenant):
    """The stand-in's tenant, seen and played through its control API."""

    company = company(**ON)
    job = STARTED

    def __init__(self, tenant: Tenant, *, made: list[CmicBackend], **switches: object) -> None:
        self.tenant, self._made = tenant, made
        self.seed = book()
        codes = [*(f"{n:02}-100" for n in range(1, 5)), *TRICKY]
        self.seed["phases"] += [{"company": COMPANY, "code": code, "name": code} for code in TRICKY]
        tenant.reset(self.seed)
        tenant.switch(**switches)
        self.keys = [ErpKey(STARTED, code, "L") for code in codes]
        self._at_start = tenant.originals(PENDING)
        self._numbers_itself = "auto_numbering" in switches

    # -- the adapter ---------------------------------------------------------------------------------------

    def backend(self) -> CmicBackend:
        return self._backend()

    def out_of_reach(self) -> CmicBackend:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        return self._backend(base_url=f"http://127.0.0.1:{port}/cmictest")

    def misconfigured(self) -> CmicBackend:
        return self._backend(password="wrong")

    def _backend(self, **changes: object) -> CmicBackend:
        given: dict[str, Any] = {"base_url": self.tenant.base_url, "username": USER, "password": PASSWORD}
        timing = {"requests_per_second": 5000, "read_timeout": 3, "write_timeout": 10}
        self._made.append(CmicBackend(**{**given, **timing, **changes}))
        return self._made[-1]

    def shapes(self) -> list[Shape]:
        a, b, *_ = self.keys
        changed = self.original(
            (a, "1000.00", "1250.00"), (b, "0.00", "80.00"), job=STARTED, number="TB-STARTED0"
        )
        c, d = ErpKey(PENDING, "01-100", "L"), ErpKey(PENDING, "02-100", "M")
        entered = self.original((c, "70.00", "80.00"), (d, "0.00", "5.00"), job=PENDING, number="TB-PENDING0")
        cannot = (
            {"taken_number": "CMiC gives the numbers here, so nobody can take ours."}
            if self._numbers_itself
            else {}
        )
        by_pci = [*super().shapes(), Shape("changed original", changed)]
        by_pci = [Shape(shape.name, shape.document, cannot) for shape in by_pci]
        return [*by_pci, Shape("entered budget", entered, AMOUNTS_ALONE)]

    # -- looking in ----------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        book = self.tenant.book()
        found = [
            Entry(_number(pci), line["job"], line["phase"], line["category"], Decimal(line["amount"]))
            for pci in book.get("pcis", [])
            for line in pci["lines"] or [{"job": "", "phase": "", "category": "", "amount": 0}]
        ]
        for (phase, category), amount in self.tenant.originals(PENDING).items():
            if amount != self._at_start.get((phase, category), Decimal(0)):
                found.append(Entry("", PENDING, phase, category, amount))
        return found

    def expected(self, document: ErpDocument) -> list[Entry]:
        if not _is_entered(document):
            return super().expected(document)
        targets = sums(document, "target")
        return [Entry("", *key.__dict__.values(), amount) for key, amount in targets.items()]

    def writes(self) -> int:
        return len(self.tenant.writes())

    def may_be_posted(self, document: ErpDocument) -> bool:
        if _is_entered(document):
            return bool(self.entries())
        return any(pci["status"] == "APPR" and _number(pci) == document.number for pci in self.tenant.pcis())

    # -- bad days ------------------------------------------------------------------------------------------

    def cut(self, nth: int) -> None:
        self.tenant.fault("reset_after_commit", match={"nth": nth, "method": ["POST", "PATCH", "DELETE"]})

    def pass_time(self) -> None:
        self.tenant.later(60)

    def forbid(self, key: ErpKey) -> None:
        self._phase(key, active=False)

    def allow(self, key: ErpKey) -> None:
        self._phase(key, active=True)

    def _phase(self, key: ErpKey, *, active: bool) -> None:
        row = {"company": COMPANY, "code": key.cost_code, "name": key.cost_code, "active": active}
        self.tenant.ask("seed", {"phases": [row]})

    # -- the accountant ------------------------------------------------------------------------------------

    def post(self, document: ErpDocument, *, on: date) -> None:
        if _is_entered(document):
            self.tenant.start(document.job)
        else:
            self.tenant.ask("post", {**self._place(document), "date": on.isoformat()})

    def change(self, document: ErpDocument, key: ErpKey, *, by: Decimal) -> None:
        codes = {"phase": key.cost_code, "category": key.cost_type}
        if _is_entered(document):
            place = {"company": COMPANY, "job": key.job, **codes}
            self.tenant.ask("set_budget", {**place, "original": sums(document, "target")[key] + by})
        else:
            amount = sums(document)[key] + by
            self.tenant.ask("edit_amount", {**self._place(document), **codes, "amount": amount})

    def reject(self, document: ErpDocument) -> None:
        self._only_change_items(document)
        self.tenant.ask("reject", self._place(document))

    def remove(self, document: ErpDocument) -> None:
        self._only_change_items(document)
        self.tenant.ask("delete", self._place(document))

    def set_back(self, document: ErpDocument) -> None:
        self._only_change_items(document)
        self.tenant.ask("set_status", {**self._place(document), "status": "PPEND"})

    def blur(self, document: ErpDocument) -> None:
        self.tenant.ask("hide_job", {"company": COMPANY, "job": document.job})

    def take_number(self, document: ErpDocument) -> None:
        self._only_change_items(document)
        if self._numbers_itself:
            raise CannotDo("the number is CMiC's own")
        line = {"job": document.job, "phase": "01-100", "category": "L", "amount": 7}
        pci = {
            "company": COMPANY,
            "job": document.job,
            "code": document.number,
            "type": "COI",
            "status": "PPEND",
        }
        self.tenant.ask("seed", {"pcis": [{**pci, "name": "Somebody's own", "lines": [line]}]})

    def spend(self, key: ErpKey, amount: Decimal) -> None:
        self.tenant.ask("seed", {"costs": [_cost(key, amount)]})

    def _place(self, document: ErpDocument) -> dict[str, str]:
        return {"company": COMPANY, "job": document.job, "code": document.erp_number or document.number}

    @staticmethod
    def _only_change_items(document: ErpDocument) -> None:
        if _is_entered(document):
            raise CannotDo("amounts of a pending job are amounts and nothing else")


def _is_entered(document: ErpDocument) -> bool:
    return document.kind is DocumentKind.ORIGINAL and document.job == PENDING


def _cost(key: ErpKey, amount: Decimal) -> dict[str, Any]:
    codes = {"job": key.job, "phase": key.cost_code, "category": key.cost_type}
    return {"company": COMPANY, **codes, "amount": str(amount)}


def _number(pci: dict[str, Any]) -> str:
    """Our number of a change item: at the end of its name, where CMiC gives its own code."""
    name = pci.get("name") or ""
    return name.rpartition("[")[2].split()[0] if name.endswith("]") else pci["code"]


class OverHttp(ErpContract):
    """The stand-in runs in a process of its own; each tenant is its book made anew."""

    switches: dict[str, object] = {}

    @pytest.fixture(autouse=True)
    def _stand_in(self, stand_in: Tenant) -> Iterator[None]:
        self.stand_in, self.made = stand_in, []
        yield
        for backend in self.made:
            backend.close()

    def tenant(self) -> CmicTenant:
        return CmicTenant(self.stand_in, made=self.made, **self.switches)


class TestNewRelease(OverHttp):
    """The newest release the stand-in plays."""

    switches = {"release": "nexus2"}


class TestOldRelease(OverHttp):
    """The oldest: errors as text, no request ids, posted change items hidden, a delete takes the lines along."""

    switches = {"release": "patch21", "hide_posted": True, "header_delete": "cascade"}


class TestCmicNumbersItself(OverHttp):
    """A company where CMiC gives its own numbers: a document is found by the end of its name."""

    switches = {"auto_numbering": [COMPANY]}
