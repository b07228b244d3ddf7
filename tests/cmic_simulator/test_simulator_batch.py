"""ADF batches: many writes to one application in one request, all or none."""

from decimal import Decimal
from typing import Any

import httpx2
import pytest

from tests.cmic_simulator.tenant import SERVICES, Tenant, a_header, a_line, an_assignment

BATCH = "application/vnd.oracle.adf.batch+json"
CM, JC = "cm-rest-api/rest/1", "jc-rest-api/rest/1"


def part(number: int, path: str, payload: dict | None = None, operation: str = "create") -> dict[str, Any]:
    made: dict[str, Any] = {"id": f"p{number}", "path": path, "operation": operation}
    return made if payload is None else made | {"payload": payload}


def send(tenant: Tenant, *parts: dict, root: str = CM, **headers: str) -> httpx2.Response:
    headers = {"Content-Type": BATCH, "x-api-request-id": headers.pop("request_id", "")} | headers
    return tenant.http.post(root, json={"parts": list(parts)}, headers=headers)


def a_whole_pci() -> tuple[dict, ...]:
    lines = (a_line(), a_line(CmdPhsCode="05-12-00", CmdBudgAmt=-100.25))
    return (part(0, "/cmmast", a_header()), *(part(n + 1, "/cmdetail", one) for n, one in enumerate(lines)))


def test_a_batch_writes_a_whole_pci_and_answers_each_part(tenant: Tenant) -> None:
    answer = send(tenant, *a_whole_pci())
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, BATCH)
    parts = answer.json(parse_float=Decimal)["parts"]
    assert [(p["id"], p["operation"]) for p in parts] == [
        ("p0", "create"),
        ("p1", "create"),
        ("p2", "create"),
    ]
    assert parts[1]["payload"]["CmdBudgAmt"] == Decimal("100.25")
    assert tenant.http.get(parts[0]["path"]).json()["items"][0]["CmmCode"] == "TB-1"
    [entry] = [e for e in tenant.journal() if e["method"] == "POST"]
    assert entry["committed"] is True
    assert len(tenant.items("cmdetail")) == 2


def test_one_part_that_fails_undoes_all_and_is_the_only_one_told(tenant: Tenant) -> None:
    tenant.pci(100.25, CmmCode="TB-0")
    before = tenant.state()["book"]
    [line] = tenant.items("cmdetail")
    header = tenant.items("cmmast")[0]["CmmVUuid"]
    answer = send(
        tenant,
        part(1, f"/cmdetail/{line['CmdVUuid']}", {"CmdBudgAmt": 7}, "update"),
        part(2, f"/cmdetail/{line['CmdVUuid']}", operation="delete"),
        part(3, f"/cmmast/{header}", {"CmmName": "Other"}, "update"),
        part(4, "/cmmast", a_header()),
        part(5, "/cmdetail", a_line(CmdPhsCode="99")),
    )
    assert answer.status_code == 400
    assert "Part p5: Cost Code Code 99" in answer.text and "p4" not in answer.text
    assert tenant.state()["book"] == before
    assert [e["committed"] for e in tenant.journal() if e["resource"] == ""] == [False]


def test_a_deleted_row_that_comes_back_keeps_its_place(tenant: Tenant) -> None:
    tenant.pci(1, 2, 3)
    lines = [line["CmdVUuid"] for line in tenant.items("cmdetail")]
    assert send(tenant, part(1, f"/cmdetail/{lines[0]}", None, "delete"), part(2, "/none")).status_code == 404
    assert [line["CmdVUuid"] for line in tenant.items("cmdetail")] == lines


def test_a_batch_reads_too_and_later_parts_see_what_earlier_ones_wrote(tenant: Tenant) -> None:
    query = "/cmdetail?q=CmdChgCode='TB-1'&onlyData=true&fields=CmdBudgAmt"
    answer = send(tenant, *a_whole_pci(), part(9, query, None, "get"))
    assert answer.json()["parts"][3]["payload"]["items"] == [{"CmdBudgAmt": 100.25}, {"CmdBudgAmt": -100.25}]


def test_paths_may_be_whole_but_not_of_another_application(tenant: Tenant) -> None:
    whole = f"{tenant.origin}/cmictest/{SERVICES['jcjobcategory']}"
    assert send(tenant, part(1, whole, an_assignment()), root=JC).status_code == 200
    foreign = send(tenant, part(1, whole, an_assignment(JcatPhsCode="09-68-00")), root=CM)
    assert foreign.status_code == 404


def test_a_thousand_parts_are_taken_and_one_more_is_413(tenant: Tenant) -> None:
    reads = [part(n, "/cmtype?limit=1", None, "get") for n in range(1001)]
    assert send(tenant, *reads[:1000]).status_code == 200
    assert send(tenant, *reads).status_code == 413
    tenant.control("switches", batch_cap=2)
    assert send(tenant, *a_whole_pci()).status_code == 413
    assert tenant.items("cmmast") == []


@pytest.mark.parametrize("release", ["patch21", "patch22", "nexus1", "nexus2"])
def test_batches_can_be_switched_off_in_any_release(tenant: Tenant, release: str) -> None:
    tenant.control("switches", release=release)
    assert send(tenant, *a_whole_pci()).status_code == 200
    tenant.control("switches", batch=False)
    assert send(tenant, *a_whole_pci()).status_code == 415


def test_batches_of_pcis_can_be_switched_off_alone(tenant: Tenant) -> None:
    tenant.control("switches", batch_pcis=False)
    assert "not enabled for batch" in send(tenant, *a_whole_pci()).text
    assert send(tenant, part(1, "/jcjobcategory", an_assignment()), root=JC).status_code == 200


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([], 400),
        ([{"id": "1", "path": "/cmmast"}], 400),
        ([{"id": "1", "path": "/cmmast", "operation": "create", "colour": 1}], 400),
        ([{"id": "1", "path": "/cmmast", "operation": "create", "payload": []}], 400),
        ([part(1, "/cmmast", a_header()), part(1, "/cmmast", a_header(CmmCode="TB-2"))], 400),
        ([part(1, "/cmmast", a_header(), "upsert")], 405),
        ([part(1, "/cmtype", {}, "create")], 405),
        ([part(1, "/postcm", {}, "create")], 404),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_whole(tenant: Tenant, parts: list, status: int) -> None:
    assert send(tenant, *parts).status_code == status
    assert tenant.items("cmmast") == []


def test_a_batch_is_one_request_for_ids_faults_and_media_types(tenant: Tenant) -> None:
    tenant.fault("error500_after_commit", match={"kind": "batch"})
    assert send(tenant, *a_whole_pci(), request_id="one").status_code == 500
    assert len(tenant.items("cmdetail")) == 2
    assert "Duplicate" in send(tenant, *a_whole_pci(), request_id="one").text
    assert tenant.http.post(CM, json={"parts": []}).status_code == 415
    assert tenant.http.get(CM).status_code == 405
    assert send(tenant, *a_whole_pci(), Accept="text/html").status_code == 406


def test_a_batch_lands_late_as_a_whole(tenant: Tenant) -> None:
    tenant.control("clock", frozen=True)
    tenant.fault("late_commit", seconds=30, then="500")
    assert send(tenant, *a_whole_pci()).status_code == 500
    assert tenant.items("cmdetail") == []
    tenant.control("clock", advance=30)
    assert len(tenant.items("cmdetail")) == 2
