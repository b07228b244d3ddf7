"""The reconciliation over HTTP: read it, decide, and be refused with the same words as on the page."""

import pytest

from erp.models import DriftDecision
from tests.support import drift as paper
from tests.support.drift import CARPET


def url(scene) -> str:
    return f"/api/v1/budgets/{scene.project.pk}/reconciliation/"


@pytest.fixture
def drifted(scene):
    """Posted, and the carpet changed in the ERP from 12,500.50 to 13,000.00."""
    paper.posted(scene)
    scene.seen = paper.edit(scene, "13000.00")
    return scene


CODE = {"job": CARPET.job, "cost_code": CARPET.cost_code, "cost_type": CARPET.cost_type}


def test_each_difference_is_told_with_its_causes_as_strings(drifted, api):
    found = api(drifted.dana).get(url(drifted)).json()
    assert (found["in_balance"], found["ties"], found["difference"]) == (False, True, "499.50")
    [row] = [row for row in found["rows"] if row["causes"]]
    assert (row["code"], row["ours"], row["in_erp"], row["causes"], row["decision"]) == (
        CODE,
        "12500.50",
        "13000.00",
        [{"cause": "edited", "amount": "499.50"}],
        None,
    )
    assert found["reading"]["hash"] == drifted.seen


def test_an_approver_decides_who_has_no_role_in_the_project(drifted, api):
    given = {"kind": "take", "reading_hash": drifted.seen, "codes": [CODE]}
    answer = api(drifted.mira).post(url(drifted), given, content_type="application/json")
    assert answer.status_code == 200, answer.json()
    assert answer.json()["in_balance"]
    [row] = [row for row in answer.json()["rows"] if row["decision"]]
    assert (row["decision"]["kind"], row["decision"]["by"], row["ours"]) == ("take", "Mira Osei", "13000.00")


def test_refusals_have_the_shapes_of_their_neighbours(drifted, api):
    def post(person, **given):
        body = {"kind": "take", "reading_hash": drifted.seen, **given}
        return api(person).post(url(drifted), body, content_type="application/json")

    told = post(drifted.dana)
    assert (told.status_code, [b["code"] for b in told.json()["blockers"]]) == (409, ["no_right_to_settle"])
    told = post(drifted.mira, reading_hash="old")
    assert (told.status_code, [b["code"] for b in told.json()["blockers"]]) == (409, ["erp_moved_since"])
    told = post(drifted.mira, kind="accept")
    assert (told.status_code, told.json()) == (
        400,
        {"errors": {"note": "Say in a sentence why the difference stays."}},
    )
    assert post(drifted.olga).status_code == 404
    assert not DriftDecision.objects.exists()


def test_a_company_s_projects_are_told_and_read_again(drifted, api):
    at = f"/api/v1/companies/{drifted.company.pk}/reconciliation/"
    [project] = api(drifted.ruth).get(at).json()["projects"]
    assert (project["standing"], project["ours"], project["difference"]) == ("decide", "92500.75", "499.50")
    asked = api(drifted.ruth).post(at)
    assert (asked.status_code, asked.json()["reading_left"], asked.json()["reading_all"]) == (202, 1, 1)
    assert api(drifted.olga).get(at).status_code == 404
