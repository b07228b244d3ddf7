"""The mapping over HTTP: its version and rules, where each code leads, and one row of the table."""

from erp.mapping import services as mapping_services
from erp.models import CostCodeLink


def url(scene, rest: str = "") -> str:
    return f"/api/v1/companies/{scene.company.pk}/mapping/{rest}"


def test_an_approver_reads_where_codes_lead_and_by_which_version(scene, api):
    told = api(scene.mira).get(url(scene)).json()
    assert (told["version"], told["last_change"]) == (1, 0)
    assert told["rules"] == {"cost_code": [], "cost_type": []}
    assert told["actions"][0]["blockers"][0]["code"] == "not_erp_admin"
    page = api(scene.mira).get(url(scene, "cost-code/")).json()
    assert page["results"][0] == {
        "code": "01",
        "name": "General requirements",
        "erp_code": "01",
        "means": "identity",
    }
    types = api(scene.mira).get(url(scene, "cost-type/")).json()["results"]
    assert {"code": "S", "name": "Subcontract", "erp_code": "4000", "means": "identity"} in types


def test_an_erp_admin_sets_a_row_of_the_table_and_takes_it_out(scene, api):
    jonas = api(scene.jonas)
    done = jonas.put(url(scene, "cost-code/09-68-00/"), {"erp_code": "09", "seen": 0}, format="json")
    assert (done.status_code, done.json()["version"]) == (200, 2)
    link = CostCodeLink.objects.get(cost_code__company=scene.company, cost_code__code="09-68-00")
    assert (link.erp_cost_code.code, link.means) == ("09", "table")
    late = jonas.put(url(scene, "cost-code/09-68-00/"), {"erp_code": "01", "seen": 0}, format="json")
    assert late.status_code == 409
    assert "since you looked: 09-68-00 goes to 09" in late.json()["conflict"]
    seen = done.json()["last_change"]
    out = jonas.put(url(scene, "cost-code/09-68-00/"), {"erp_code": "", "seen": seen}, format="json")
    assert out.json()["version"] == 3


def test_what_cannot_be_kept_is_a_sentence(scene, api):
    jonas = api(scene.jonas)
    for code, target, field in (("zz", "09", "code"), ("03", "zz", "target")):
        answer = jonas.put(url(scene, f"cost-code/{code}/"), {"erp_code": target, "seen": 0}, format="json")
        assert answer.status_code == 400
        assert field in answer.json()["errors"]
    assert mapping_services.latest(scene.connection) is None


def test_other_companies_and_other_kinds_do_not_exist(scene, api):
    row = {"erp_code": "09", "seen": 0}
    for rest in ("", "cost-code/", "cost-type/"):
        assert api(scene.olga).get(url(scene, rest)).status_code == 404
        assert api(scene.dana).get(url(scene, rest)).status_code == 404
    assert api(scene.olga).put(url(scene, "cost-code/03/"), row, format="json").status_code == 404
    assert api(scene.jonas).put(url(scene, "job/03/"), row, format="json").status_code == 404
    assert api(scene.jonas).get(url(scene, "job/")).status_code == 404
