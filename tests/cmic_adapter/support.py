"""What these tests share: a book, documents, a journal that remembers, and the tenant's controls."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from cmic_adapter.backend import CmicBackend
from erp.port import DocumentKind, ErpCompany, ErpDocument, ErpKey, ErpLine, ErpRefused

USER, PASSWORD = "ACME||TIEBACK", "secret"
COMPANY = "001"
STARTED, STARTED_SUB = "2401", "2401-A"
PENDING, PENDING_SUB = "2402", "2402-A"
ON: dict[str, Any] = {"originals_on_started_jobs": True}


def book() -> dict:
    """Company 001 with a started and a pending job, each with a sub job; cost codes 01-100 to 05-100."""
    return {
        "companies": [{"code": COMPANY, "name": "Acme Builders"}, {"code": "002", "name": "Other"}],
        "units": [{"code": "M3", "name": "Cubic metre"}, {"code": "HR", "name": "Hour"}],
        "jobs": [
            {"company": COMPANY, "code": STARTED, "name": "Harbour hall"},
            {"company": COMPANY, "code": STARTED_SUB, "name": "Harbour hall east", "control": STARTED},
            {"company": COMPANY, "code": PENDING, "name": "School", "status": "P"},
            {"company": COMPANY, "code": PENDING_SUB, "name": "Gym", "control": PENDING, "status": "P"},
            {"company": COMPANY, "code": "2403", "name": "Old mill", "status": "C"},
            {"company": COMPANY, "code": "2404", "name": "No changes", "allow_pci": False},
        ],
        "phases": [{"company": COMPANY, "code": f"{n:02}-100", "name": f"Division {n}"} for n in range(1, 6)]
        + [{"company": COMPANY, "code": "09-900", "name": "Retired", "active": False}],
        "categories": [{"company": COMPANY, "code": c, "name": c} for c in ("L", "M", "E")],
        "job_phases": [{"company": COMPANY, "job": STARTED, "phase": "01-100"}],
        "budget": [
            {"company": COMPANY, "job": STARTED, "phase": "01-100", "category": "L", "original": 1000},
            {"company": COMPANY, "job": STARTED, "phase": "02-100", "category": "M", "original": 500},
            {"company": COMPANY, "job": PENDING, "phase": "01-100", "category": "L", "original": 70},
        ],
    }


@dataclass
class Tenant:
    """The stand-in's controls, in the words of the tests."""

    base_url: str
    http: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        origin = self.base_url.rsplit("/", 1)[0]
        self.http = httpx2.Client(
            base_url=f"{origin}/__sim/", headers={"X-Sim-Token": "sim"}, trust_env=False
        )

    def close(self) -> None:
        self.http.close()

    def ask(self, name: str, given: object = None, *, method: str = "") -> Any:
        method = method or ("GET" if given is None else "POST")
        content = None if given is None else json.dumps(given, default=str)
        answer = self.http.request(method, name, content=content)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text, parse_float=Decimal, parse_int=Decimal)

    def reset(self, seed: dict) -> None:
        self.ask("reset", seed)

    def switch(self, **switches: object) -> None:
        self.ask("switches", switches)

    def fault(self, fault: str, *, times: int | None = 1, match: dict | None = None, **given: object) -> None:
        self.ask("faults", {"fault": fault, "times": times, "match": match or {}, **given})

    def no_faults(self) -> None:
        self.ask("faults", method="DELETE")

    def later(self, seconds: int) -> None:
        """Let time pass there: late commits land."""
        self.ask("clock", {"advance": seconds})

    def calls(self, *methods: str) -> list[dict]:
        return [e for e in self.ask("journal")["entries"] if not methods or e["method"] in methods]

    def writes(self) -> list[dict]:
        return self.calls("POST", "PATCH", "DELETE")

    def forget_calls(self) -> None:
        self.ask("journal", method="DELETE")

    def book(self) -> dict:
        return self.ask("state")["book"]

    def pcis(self) -> list[dict]:
        return self.book().get("pcis", [])

    def lines(self) -> list[tuple[str, str, str, Decimal]]:
        """The lines of all change items as (job, cost code, cost type, amount)."""
        return sorted(
            (line["job"], line["phase"], line["category"], Decimal(line["amount"]))
            for pci in self.pcis()
            for line in pci["lines"]
        )

    def originals(self, job: str) -> dict[tuple[str, str], Decimal]:
        return {
            (b["phase"], b["category"]): Decimal(b["original"])
            for b in self.book()["budget"]
            if b["job"] == job
        }

    def post(self, number: str, *, job: str = STARTED) -> None:
        self.ask("post", {"company": COMPANY, "job": job, "code": number})

    def start(self, job: str) -> None:
        self.ask("start_job", {"company": COMPANY, "job": job})


class ClaimLost(Exception):
    """What a journal raises when somebody else has the document by now."""


class Diary:
    """A journal that remembers all it was told; `lost_at` names a step before which the claim is lost."""

    def __init__(self, *, lost_at: str = "") -> None:
        self.before_calls: list[dict] = []
        self.after_calls: list[dict] = []
        self.route = self.erp_number = ""
        self._lost_at = lost_at

    def before(self, **told: str) -> None:
        if self._lost_at and told["step"].startswith(self._lost_at):
            raise ClaimLost(told["step"])
        self.before_calls.append(told)

    def after(self, **told: Any) -> None:
        self.after_calls.append(told)

    def learned(self, *, route: str = "", erp_number: str = "") -> None:
        self.route = route or self.route
        self.erp_number = erp_number or self.erp_number

    @property
    def steps(self) -> list[str]:
        return [told["step"] for told in self.before_calls]

    def of(self, document: ErpDocument) -> ErpDocument:
        """The document as it stands after what was learned."""
        return replace(
            document, route=self.route or document.route, erp_number=self.erp_number or document.erp_number
        )


def money(text: str | int) -> Decimal:
    return Decimal(text)


def company(**options: object) -> ErpCompany:
    return ErpCompany(code=COMPANY, options=options)


def line(
    cost_code: str, cost_type: str, delta: str, *, job: str = STARTED, target: str | None = None, **more: Any
) -> ErpLine:
    return ErpLine(
        ref=more.pop("ref", f"{job}/{cost_code}/{cost_type}"),
        key=ErpKey(job=job, cost_code=cost_code, cost_type=cost_type),
        description="",
        delta=Decimal(delta),
        target=None if target is None else Decimal(target),
        **more,
    )


def change(
    *lines: ErpLine, number: str = "TB-7K3MQ0XV", job: str = STARTED, **options: object
) -> ErpDocument:
    """A modification on the started job."""
    return ErpDocument(
        company=company(**options),
        number=number,
        content_hash=hashlib.sha256(repr(lines).encode()).hexdigest(),
        kind=DocumentKind.MODIFICATION,
        job=job,
        title="Move the crane",
        date=date(2026, 11, 20),
        lines=lines,
    )


def original(
    *lines: ErpLine, number: str = "TB-0R1G1NAL", job: str = PENDING, **options: object
) -> ErpDocument:
    """An original budget, by default of the pending job."""
    return replace(
        change(*lines, number=number, job=job, **options), kind=DocumentKind.ORIGINAL, title="Original"
    )


def entered(
    cost_code: str, cost_type: str, target: str, *, before: str = "0", job: str = PENDING, **more: Any
) -> ErpLine:
    """A line of an original budget that shall have `target`."""
    delta = str(Decimal(target) - Decimal(before))
    return line(cost_code, cost_type, delta, job=job, target=target, before=Decimal(before), **more)


def refusal(cmic: CmicBackend, document: ErpDocument) -> list[str]:
    """The codes of the findings that a push is refused with."""
    with pytest.raises(ErpRefused) as refused:
        cmic.push(document, Diary())
    return [finding.code for finding in refused.value.findings]
