"""A file through the API: what it would change, loading it, and every refusal with its place."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from budgets.files import spreadsheets
from budgets.importing import api as import_api
from budgets.models import StagedImport
from workflow.models import Event

GOOD = "cost_code,cost_type,amount\n03-30-00,M,41000.00\n09-68-00,M,1.00\n"
BAD = GOOD + "09-68-00,E,x\n"


def bring(scene: Any, api: Any, text: str, **given: Any) -> Any:
    form = {"file": SimpleUploadedFile("lines.csv", text.encode()), **given}
    return api(scene.dana).post(f"/api/v1/budgets/{scene.project.pk}/import/", form)


def test_a_dry_run_tells_and_changes_nothing(scene, api):
    told = bring(scene, api, BAD).json()
    assert (told["loaded"], told["new"], told["changed"], told["missing"]) == (False, 1, 1, 5)
    assert (told["before"], told["after"]) == ("92500.75", "93501.75")
    assert [(error["row"], error["column"], error["value"]) for error in told["errors"]] == [
        (4, "amount", "x")
    ]
    assert scene.budget.lines.count() == 6 and not Event.objects.filter(action="import_file").exists()


def test_a_file_is_loaded_whole_or_its_good_rows_when_asked(scene, api):
    refused = bring(scene, api, BAD, load="true")
    assert refused.status_code == 400 and "Row 4, amount" in refused.json()["errors"]["file"]
    assert scene.budget.lines.count() == 6
    told = bring(scene, api, BAD, load="true", good_rows="true", remove="true").json()
    assert (told["loaded"], told["new"], told["changed"], told["removed"]) == (True, 1, 1, 5)
    assert scene.budget.lines.count() == 2
    assert not StagedImport.objects.exists()


def test_nothing_is_removed_while_a_row_does_not_say_which_line_it_means(scene, api):
    unclear = GOOD + "09-68-00,,12500.75\n"
    assert (
        "the job, cost code or cost type in row 4 cannot be read"
        in bring(scene, api, unclear).json()["nothing_goes"]
    )
    refused = bring(scene, api, unclear, load="true", good_rows="true", remove="true")
    assert refused.status_code == 400 and "No line can be removed" in refused.json()["errors"]["remove"]
    told = bring(scene, api, BAD + "03-30-00,L,x\n", load="true", good_rows="true", remove="true").json()
    assert (told["missing"], told["removed"], told["nothing_goes"]) == (4, 4, "")
    assert ("03-30-00", "L") in {(line.code, line.type) for line in scene.budget.lines.all()}


def test_another_version_of_the_budget_is_a_conflict(scene, api):
    answer = bring(scene, api, GOOD, load="true", version=0)
    assert answer.status_code == 409 and "was changed since" in answer.json()["conflict"]


def test_a_file_of_no_use_or_none_at_all_is_refused_with_a_sentence(scene, api):
    assert (
        "No column for the amount" in bring(scene, api, "cost_code,cost_type\na,L\n").json()["errors"]["file"]
    )
    answer = api(scene.dana).post(f"/api/v1/budgets/{scene.project.pk}/import/", {})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["file"])
    assert api(scene.olga).post(f"/api/v1/budgets/{scene.project.pk}/import/", {}).status_code == 404


@pytest.mark.parametrize(("typed", "read"), [(".", ["12500.00"]), (",", ["12.50"])])
def test_numbers_that_may_mean_two_things_are_loaded_only_when_told_what_they_mean(scene, api, typed, read):
    text = "cost code;type;amount\n01-31-00;E;12,500\n"
    assert bring(scene, api, text).json()["certain"] is False
    refused = bring(scene, api, text, load="true")
    assert refused.status_code == 400 and "may mean two things" in refused.json()["errors"]["decimals"]
    assert scene.budget.lines.count() == 6
    told = bring(scene, api, text, load="true", decimals=typed).json()
    assert (told["loaded"], told["certain"]) == (True, True)
    new = scene.budget.lines.filter(cost_type__code="E")
    assert [str(amount) for amount in new.values_list("amount", flat=True)] == read


def test_no_more_of_a_file_is_read_than_shows_that_it_is_too_large(scene, api, monkeypatch):
    taken = []
    real = spreadsheets.read
    monkeypatch.setattr(
        spreadsheets, "read", lambda *, data, **given: taken.append(data) or real(data=data, **given)
    )
    monkeypatch.setattr(import_api, "LARGEST_FILE", len(GOOD) - 1)
    bring(scene, api, GOOD + "more, and more\n")
    assert taken == [GOOD.encode()]
