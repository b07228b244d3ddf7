"""Which requests a fault meets, how often, and which faults make no sense."""

import pytest

from tests.cmic_simulator.tenant import Tenant, a_header


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 3}, [3]),
        ({"nth": [1, 6]}, [1, 6]),
        ({"every": 2}, [2, 4, 6]),
        ({"contains": "TB-4"}, [4]),
        ({"method": "DELETE"}, []),
        ({"resource": ["cmmast", "jcjob"], "method": ["POST"]}, [1, 2, 3, 4, 5, 6]),
        ({"resource": "cmdetail"}, []),
        ({"kind": "item"}, []),
        ({"probability": 0}, []),
        ({"probability": 1, "seed": 7}, [1, 2, 3, 4, 5, 6]),
    ],
)
def test_a_fault_meets_the_requests_it_names(tenant: Tenant, match: dict, struck: list[int]) -> None:
    tenant.fault("refuse", match=match, times=None)
    answers = {n: tenant.post("cmmast", a_header(CmmCode=f"TB-{n}")).status_code for n in range(1, 7)}
    assert [n for n, status in answers.items() if status == 400] == struck


def test_chance_is_the_same_for_the_same_seed(tenant: Tenant) -> None:
    runs = []
    for _ in range(2):
        tenant.sim.delete("faults")
        tenant.fault("refuse", match={"probability": 0.5, "seed": 3}, times=None)
        runs.append([tenant.get("jcjob", limit=1).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 400}


def test_a_fault_happens_as_often_as_it_says_and_can_be_taken_back(tenant: Tenant) -> None:
    tenant.fault("refuse", times=2)
    assert [tenant.get("jcjob").status_code for _ in range(3)] == [400, 400, 200]
    [shown] = tenant.sim.get("faults").json()["faults"]
    assert shown["fired"] == 2
    endless = tenant.fault("refuse", times=None)
    assert tenant.get("jcjob").status_code == 400
    tenant.sim.delete("faults", params={"id": endless["id"]})
    assert tenant.get("jcjob").status_code == 200
    assert len(tenant.sim.get("faults").json()["faults"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "earthquake"},
        {"fault": "refuse", "seconds": 3},
        {"fault": "refuse", "match": {"path": "x"}},
        {"fault": "refuse", "match": {"resource": "nothing"}},
        {"fault": "late_commit", "then": "sing"},
        {"fault": "rename_attribute", "match": {"resource": "cmmast"}, "from": "Nothing", "to": "X"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(tenant: Tenant, wrong: dict) -> None:
    assert tenant.sim.post("faults", json=wrong).status_code == 400
