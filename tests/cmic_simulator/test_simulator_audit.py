"""Audit times: every write stamps them by the virtual clock, and a caller can ask for what changed since."""

import json
from pathlib import Path
from typing import Any

import pytest

import cmic_simulator
from tests.cmic_simulator.tenant import SEED, Tenant

PROFILE = json.loads((Path(cmic_simulator.__file__).parent / "profile.json").read_text())["resources"]
NOON = "2026-03-01T12:00:00Z"


@pytest.mark.parametrize("name", PROFILE)
def test_every_resource_declares_audit_attributes_that_can_be_searched(name: str) -> None:
    audit = {a["name"][-12:]: a for a in PROFILE[name]["attributes"] if "Iu" in a["name"]}
    assert set(audit) == {"IuCreateDate", "IuUpdateDate", "IuUpdateUser"}
    assert all(a["queryable"] and not a["updatable"] and a["evidence"] == "D" for a in audit.values())


def changed(tenant: Tenant, service: str, prefix: str) -> list[dict[str, Any]]:
    return tenant.items(service, q=f"{prefix}IuUpdateDate >= '{NOON}'")


@pytest.mark.parametrize(
    ("service", "prefix", "call", "given"),
    [
        ("jcjob", "Job", "start_job", {"job": "26-2"}),
        ("jcjob", "Job", "close_job", {"job": "26-9"}),
        ("jcmastercostcodes", "Phs", "set_active", {"phase": "09-68-00", "active": False}),
        ("jcmastercategories", "Cat", "set_active", {"category": "2000", "active": False}),
        ("jcjobcostcodes", "Gjjp", "set_active", {"job": "26-1", "phase": "03-30-00", "active": False}),
        ("jcjobcategory", "Jcat", "set_budget", {"job": "26-1", "phase": "03-30-00", "category": "1000", "current": 7}),
        ("cmmast", "Cmm", "set_status", {"job": "26-1", "code": "OLD", "status": "PEND"}),
        ("cmdetail", "Cmd", "post", {"job": "26-1", "code": "OLD"}),
        ("glcompany", "Comp", "seed", {"companies": [{"code": "003"}]}),
    ],
)  # fmt: skip
def test_what_changed_since_noon_is_what_was_changed(
    tenant: Tenant, service: str, prefix: str, call: str, given: dict[str, Any]
) -> None:
    line = {"job": "26-1", "phase": "03-30-00", "category": "1000", "amount": 5}
    old = {"company": "001", "job": "26-1", "code": "OLD", "type": "COI", "status": "APPR", "lines": [line]}
    phases = [{"company": "001", "job": "26-1", "phase": "03-30-00"}]
    tenant.control("reset")
    tenant.control("clock", set="2026-03-01T11:00:00Z", frozen=True)
    tenant.control("seed", **SEED, pcis=[old], job_phases=phases)
    assert changed(tenant, service, prefix) == []
    tenant.control("clock", set=NOON)
    tenant.control(call, **(given if call == "seed" else {"company": "001", **given}))
    [row] = changed(tenant, service, prefix)
    assert row[f"{prefix}IuUpdateDate"] == NOON
    assert row[f"{prefix}IuUpdateUser"] == ("SEED" if call == "seed" else "ACCOUNTANT")
    assert row[f"{prefix}IuCreateDate"] == (NOON if call == "seed" else "2026-03-01T11:00:00Z")
