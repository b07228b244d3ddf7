"""A played tenant as a test sees it: its services over HTTP and its control interface. No Django."""

from decimal import Decimal
from typing import Any

import httpx2

from cmic_simulator.simulator import Simulator

SERVICES = {
    "glcompany": "glrestapi/rest/v1/glcompany",
    "jcjob": "jc-rest-api/rest/1/jcjob",
    "jcmastercostcodes": "jc-rest-api/rest/1/jcmastercostcodes",
    "jcmastercategories": "jc-rest-api/rest/1/jcmastercategories",
    "jcjobcostcodes": "jc-rest-api/rest/1/jcjobcostcodes",
    "jcjobcategory": "jc-rest-api/rest/1/jcjobcategory",
    "jcdetailposted": "jc-rest-api/rest/1/jcdetailposted",
    "cmtype": "cm-rest-api/rest/1/cmtype",
    "cmmast": "cm-rest-api/rest/1/cmmast",
    "cmdetail": "cm-rest-api/rest/1/cmdetail",
    "cmdetailunposted": "cm-rest-api/rest/1/cmdetailunposted",
    "postcm": "cm-rest-api/rest/1/postcm",
}
ACTION = "application/vnd.oracle.adf.action+json"
FLAGS = (
    "JcatCatActiveFlag",
    "JcatPhaseActiveFlag",
    "JcatCostToComplOvrdFlg",
    "JcatExclCostBudgWip",
    "JcatExclCostWip",
    "JcatLabourForecastFlag",
)
# A started job with two sub jobs, a pending one, another company; three cost codes on the started job.
SEED: dict[str, Any] = {
    "companies": [{"code": "001", "name": "Harborline"}, {"code": "002"}],
    "units": [{"code": "LS"}, {"code": "SF"}],
    "jobs": [
        {"company": "001", "code": "26-1", "name": "Harborline Center"},
        {"company": "001", "code": "26-1-01", "control": "26-1"},
        {"company": "001", "code": "26-2", "status": "P"},
        {"company": "001", "code": "26-9"},
        {"company": "002", "code": "26-1"},
    ],
    "phases": [{"company": "001", "code": code} for code in ("03-30-00", "05-12-00", "09-68-00")],
    "categories": [{"company": "001", "code": code} for code in ("1000", "2000")],
    "budget": [
        {"company": "001", "job": "26-1", "phase": "03-30-00", "category": "1000", "original": "1000.10"},
        {"company": "001", "job": "26-1", "phase": "05-12-00", "category": "1000", "original": "500"},
        {"company": "001", "job": "26-1-01", "phase": "03-30-00", "category": "1000"},
        {"company": "001", "job": "26-2", "phase": "03-30-00", "category": "1000"},
        {"company": "001", "job": "26-9", "phase": "03-30-00", "category": "1000"},
    ],
}


class Tenant:
    """Talks to one simulator as ACME||TIEBACK, as the accountant, and through the control interface."""

    def __init__(self, simulator: Simulator) -> None:
        self.origin = simulator.origin
        self.http = self.caller("ACME||TIEBACK")
        self.accountant = self.caller("ACME||ACCOUNTANT")
        self.desk = httpx2.Client(base_url=simulator.origin, timeout=10)
        self.sim = httpx2.Client(
            base_url=f"{simulator.origin}/__sim/", headers={"X-Sim-Token": "sim"}, timeout=10
        )

    def caller(self, user: str, password: str = "secret", **options: Any) -> httpx2.Client:
        return httpx2.Client(
            base_url=f"{self.origin}/cmictest/", auth=(user, password), **{"timeout": 10, **options}
        )

    def close(self) -> None:
        for client in (self.http, self.accountant, self.desk, self.sim):
            client.close()

    def control(self, name: str, **given: Any) -> dict[str, Any]:
        answer = self.sim.post(name, json=given)
        assert answer.status_code == 200, answer.text
        return answer.json(parse_float=Decimal)

    def state(self) -> dict[str, Any]:
        return self.sim.get("state").json(parse_float=Decimal)

    def journal(self) -> list[dict[str, Any]]:
        return self.sim.get("journal").json()["entries"]

    def fault(self, kind: str, *, times: int | None = 1, match: dict | None = None, **given: Any) -> dict:
        return self.control("faults", fault=kind, times=times, match=match or {}, **given)

    def get(self, service: str, **query: Any) -> httpx2.Response:
        return self.http.get(SERVICES[service], params=query)

    def items(self, service: str, **query: Any) -> list[dict[str, Any]]:
        answer = self.get(service, **query)
        assert answer.status_code == 200, answer.text
        return answer.json(parse_float=Decimal)["items"]

    def post(self, service: str, payload: object, **options: Any) -> httpx2.Response:
        return self.http.post(SERVICES[service], json=payload, **options)

    def patch(self, service: str, uuid: str, **changes: Any) -> httpx2.Response:
        return self.http.patch(f"{SERVICES[service]}/{uuid}", json=changes)

    def delete(self, service: str, uuid: str) -> httpx2.Response:
        return self.http.delete(f"{SERVICES[service]}/{uuid}")

    def budget(self, phase: str = "03-30-00", job: str = "26-1") -> tuple[Decimal, Decimal]:
        """Original and current budget of one cost code in category 1000."""
        for row in self.state()["book"]["budget"]:
            if (row["job"], row["phase"], row["category"]) == (job, phase, "1000"):
                return Decimal(row["original"]), Decimal(row["current"])
        raise AssertionError(f"no budget for {phase} on {job}")

    def pci(self, *amounts: float, status: str = "APPR", **header: Any) -> str:
        """Write a PCI in pre-pending, its lines alternating between two cost codes, then set the status."""
        payload = a_header(**header)
        created = self.post("cmmast", payload)
        assert created.status_code == 201, created.text
        code = created.json()["CmmCode"]
        for number, amount in enumerate(amounts):
            phase = ("03-30-00", "05-12-00")[number % 2]
            answer = self.post("cmdetail", a_line(CmdChgCode=code, CmdPhsCode=phase, CmdBudgAmt=amount))
            assert answer.status_code == 201, answer.text
        uuid = created.json()["CmmVUuid"]
        assert self.patch("cmmast", uuid, CmmPrepostStatCode=status).status_code == 200
        return uuid


def a_header(**changes: Any) -> dict[str, Any]:
    return {
        "CmmCompCode": "001",
        "CmmJobCode": "26-1",
        "CmmTypeCode": "COI",
        "CmmCode": "TB-1",
        "CmmName": "Scope gap [TB-1 a1b2c3d4]",
        "CmmRefDate": "2026-11-01",
        "CmmPrepostStatCode": "PPEND",
        "CmmCalcProjAmtMethod": "A",
    } | changes


def a_line(**changes: Any) -> dict[str, Any]:
    return {
        "CmdCompCode": "001",
        "CmdMastJobCode": "26-1",
        "CmdChgCode": "TB-1",
        "CmdJobCode": "26-1",
        "CmdPhsCode": "03-30-00",
        "CmdCatCode": "1000",
        "CmdBudgAmt": 100.25,
    } | changes


def an_assignment(**changes: Any) -> dict[str, Any]:
    codes = {"JcatCompCode": "001", "JcatJobCode": "26-2", "JcatPhsCode": "05-12-00", "JcatCode": "2000"}
    return codes | dict.fromkeys(FLAGS, "Y") | changes
