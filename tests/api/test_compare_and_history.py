"""Comparing states of a budget, reading the ERP again and the change history over HTTP."""

from tests.support import scene as acts
from tests.support.scene import MAIN

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def url(scene, rest: str) -> str:
    return f"/api/v1/budgets/{scene.project.pk}/{rest}"


def test_a_send_is_compared_with_the_budget_now(scene, api):
    acts.reject(scene, acts.send(scene))
    acts.modify(scene, "Buyout", (CONCRETE, "-500.00"), (CARPET, "500.00"))
    found = api(scene.dana).get(url(scene, "compare/?a=1&b=now")).json()
    assert (found["a"]["total"], found["b"]["total"], found["difference"], found["ties"]) == (
        *("92500.75", "92500.75", "0.00"),
        True,
    )
    changed = [line for line in found["lines"] if line["status"] == "changed"]
    assert [(line["cost_code"], line["a"], line["b"], line["difference"]) for line in changed] == [
        ("03-30-00", "40000.00", "39500.00", "-500.00"),
        ("09-68-00", "12500.50", "13000.50", "500.00"),
    ]


def test_the_erp_is_asked_for_and_compared_later(scene, api):
    acts.send(scene)
    asked = api(scene.dana).post(url(scene, "read-erp/"))
    assert (asked.status_code, asked.json()["state"]) == (202, "asked")
    acts.read(scene)
    found = api(scene.dana).get(url(scene, "compare/?a=1&b=erp")).json()
    assert found["b"]["title"] == "CMiC now"
    assert found["ties"]


def test_a_batch_that_does_not_exist_and_a_stranger_get_the_same_404(scene, api):
    assert api(scene.dana).get(url(scene, "compare/?a=5&b=now")).status_code == 404
    assert api(scene.olga).get(url(scene, "compare/?a=5&b=now")).status_code == 404
    assert api(scene.olga).get(url(scene, "history/")).status_code == 404
    assert api(scene.olga).post(url(scene, "read-erp/")).status_code == 404


def test_the_history_tells_exact_values_and_pages(scene, api, monkeypatch):
    monkeypatch.setattr("budgets.history.api.A_PAGE", 4)
    dana = api(scene.dana)
    first = dana.get(url(scene, "history/?field=amount")).json()
    second = dana.get(url(scene, "history/?field=amount&page=2")).json()
    assert (len(first["changes"]), first["next"], len(second["changes"]), second["next"]) == (4, 2, 2, None)
    newest = first["changes"][0]
    assert (newest["who"], newest["deed"], newest["field"], newest["old"], newest["new"]) == (
        *("Dana Reyes", "added", "amount"),
        *(None, "0.00"),
    )
    refused = api(scene.ruth).get(url(scene, "history/"))
    assert (refused.status_code, refused.json()["blockers"][0]["code"]) == (409, "no_right_to_history")
