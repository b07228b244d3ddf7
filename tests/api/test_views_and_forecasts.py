"""Views and forecasts over HTTP: what is taken, what is refused, what a stranger sees."""

from budgets.models import Forecast, SavedView
from tests.support.scene import MAIN

CONCRETE = (MAIN, "03-30-00", "M")
RATE = {"label": "Part in ERP", "expression": "in_erp / revised", "kind": "percent"}


def path(scene, rest):
    return f"/api/v1/budgets/{scene.project.pk}/{rest}"


def test_a_view_is_saved_shared_changed_and_deleted(scene, api):
    dana, ruth = api(scene.dana), api(scene.ruth)
    given = {"name": "Mine", "columns": ["revised", "part_in_erp"], "calculated": [RATE]}
    made = dana.post(path(scene, "views/"), given, format="json")
    assert made.status_code == 201
    view = made.json()
    assert view["calculated"] == [{"key": "part_in_erp", **RATE}]
    one = path(scene, f"views/{view['id']}/")
    assert ruth.get(one).status_code == 404
    assert dana.post(f"{one}share/").json()["shared"] is True
    assert ruth.get(one).json()["actions"][0]["blockers"][0]["code"] == "view_is_shared"
    changed = dana.put(one, {**given, "name": "Ours", "version": 0}, format="json")
    assert (changed.status_code, "changed this view" in changed.json()["conflict"]) == (409, True)
    assert dana.put(one, {**given, "name": "Ours", "version": 1}, format="json").json()["name"] == "Ours"
    assert ruth.put(path(scene, "views/default/"), {"view": view["id"]}, format="json").status_code == 200
    assert [row["my_default"] for row in ruth.get(path(scene, "views/")).json()] == [True]
    assert dana.delete(one).status_code == 204
    assert not SavedView.objects.exists()


def test_a_view_is_read_as_a_table_of_exact_values(scene, api):
    dana = api(scene.dana)
    given = {
        "name": "Mine",
        "columns": ["type", "original", "third", "in_erp"],
        "calculated": [{"label": "Third", "expression": "original / 3"}],
    }
    pk = dana.post(path(scene, "views/"), given, format="json").json()["id"]
    table = dana.get(path(scene, f"views/{pk}/table/")).json()
    assert [column["key"] for column in table["columns"]] == ["code", "type", "original", "third", "in_erp"]
    assert ["01-31-00", "L", "20000.00", "6666.67", None] in table["rows"]
    assert table["totals"] == [None, None, "92500.75", "30833.58", None]
    assert api(scene.ruth).get(path(scene, f"views/{pk}/table/")).status_code == 404


def test_what_cannot_be_a_view_is_refused_with_its_place(scene, api):
    given = {"name": "", "columns": ["revisd"], "calculated": [{**RATE, "expression": "1 /"}]}
    answer = api(scene.dana).post(path(scene, "views/"), given, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"name", "columns", "calculated.0.expression"}


def test_a_forecast_is_read_set_and_told_with_the_sums(scene, api):
    dana, line = api(scene.dana), scene.lines[CONCRETE]
    one = path(scene, f"lines/{line.pk}/forecast/")
    assert dana.get(one).json()["version"] == 0
    body = {"version": 0, "amount": "123.45", "note": "Two pours."}
    told = dana.put(one, body, format="json").json()
    assert (told["amount"], told["forecast"], told["cost"], told["over_under"]) == (
        "123.45",
        "123.45",
        None,
        None,
    )
    assert told["changed_by"]["name"] == "Dana Reyes"
    assert dana.put(one, body, format="json").status_code == 409
    assert dana.put(one, {**body, "version": 1, "note": ""}, format="json").json()["errors"].keys() == {
        "note"
    }
    assert dana.put(one, {**body, "version": 1, "amount": 1.5}, format="json").status_code == 400
    everything = dana.get(path(scene, "forecasts/")).json()
    assert everything["totals"]["revised"] == "92500.75"
    assert everything["totals"]["forecast"] == "123.45"
    assert len(everything["lines"]) == 6
    assert dana.put(one, {"version": 1, "amount": None}, format="json").json()["amount"] is None
    assert Forecast.objects.get().version == 2


def test_a_stranger_finds_nothing(scene, api):
    olga, line = api(scene.olga), scene.lines[CONCRETE]
    for rest in ("views/", "forecasts/", f"lines/{line.pk}/forecast/"):
        assert olga.get(path(scene, rest)).status_code == 404
