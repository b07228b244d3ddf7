"""The list of modifications: chips, search, sums, print, export, several made effective, many from a file."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from budgets.models import Modification, ModificationFile
from erp.models import Confirmation
from erp.posting import confirmations
from tests.browser_pages.conftest import Desk, words
from tests.support import scene as acts
from tests.support.scene import MAIN, lock, modify

pytestmark = pytest.mark.django_db
CONCRETE, LABOR, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "03-30-00", "L"), (MAIN, "09-68-00", "S")


@pytest.fixture
def month(desk: Desk) -> Desk:
    """One sent, one effective, one void, two drafts of which one is out of balance."""
    lock(desk.scene)
    modify(desk.scene, "Steel bought out", (CONCRETE, "-5.00"), (LABOR, "5.00"))
    acts.send(desk.scene)
    acts.reject(desk.scene, desk.scene.budget.batches.get())
    void = modify(desk.scene, "Mistake", (CONCRETE, "-7.00"), (LABOR, "7.00"))
    desk.send("modification_act", void.pk, "void")
    modify(desk.scene, "Draft one", (CONCRETE, "-1.00"), (CARPET, "1.00"), effective=False)
    modify(desk.scene, "Lame", (LABOR, "24000.00"), effective=False)
    return desk


def titles(answer: Any) -> list[str]:
    return [row.title for row in answer.context["modifications"]]


def test_chips_count_what_they_show(month: Desk) -> None:
    page = month.get("modifications")
    counts = {label: count for label, _, count, _ in page.context["chips"]}
    assert counts == {
        "All": 4,
        "Drafts": 2,
        "Effective, not sent": 1,
        "Sent, not posted": 0,
        "Posted": 0,
        "Void": 1,
    }
    for _, address, count, _ in page.context["chips"]:
        assert len(titles(month.client.get(month.url("modifications") + address))) == count


def test_sums_tie_with_the_budgets_figure_and_the_batch_is_named(month: Desk) -> None:
    page = month.get("modifications", state="unsent")
    assert page.context["sums"] == {"moved_in_all": Decimal(5), "net_in_all": Decimal(0)}
    assert page.context["sums"]["net_in_all"] == page.context["totals"].modifications
    assert "batches/1/" in words(page) and "Sent back" in words(page)


def test_modifications_are_found_by_words_number_code_and_line(month: Desk) -> None:
    assert titles(month.get("modifications", q="steel")) == ["Steel bought out"]
    assert titles(month.get("modifications", q="2")) == ["Mistake"]
    assert titles(month.get("modifications", q="09-68")) == ["Draft one"]
    line = month.scene.lines[CARPET]
    assert titles(month.get("modifications", line=line.pk)) == ["Draft one"]
    assert "None here." in words(month.get("modifications", q="nothing"))
    assert titles(month.get("modifications", sort="moved"))[0] == "Lame"
    assert len(titles(month.get("modifications", state="x", sort="y", line="z", page="w"))) == 4
    assert "Modifications of this line" in words(month.get("line_edit", line.pk))


def test_the_list_and_one_modification_are_printed_with_lines_to_sign_on(month: Desk) -> None:
    page = words(month.get("modifications_print", state="draft"))
    assert "Draft one" in page and "Steel bought out" not in page
    one = Modification.objects.get(number=1)
    page = words(month.get("modification_print", one.pk))
    assert "Budget modification 1: Steel bought out" in page
    assert "Approved: accounting" in page and "Name, signature, date" in page


@pytest.mark.parametrize(
    ("state", "why", "said"),
    [
        ("watched", "", "Posted, confirmed by hand"),
        ("disproved", "It was rejected there.", "Confirmed by hand, CMiC says otherwise"),
        ("proved", "", "Posted"),
    ],
)
def test_what_is_posted_by_a_persons_word_is_called_so_on_screen_and_on_paper(
    desk: Desk, state: str, why: str, said: str
) -> None:
    lock(desk.scene)
    moved = modify(desk.scene, "Steel bought out", (CONCRETE, "-5.00"), (LABOR, "5.00"))
    batch = acts.accept(desk.scene, acts.send(desk.scene))
    acts.deliver(batch)
    acts.ask(batch)
    confirmations.confirm_posted(batch, user=desk.scene.mira, now=timezone.now(), note="Posting batch 4711.")
    Confirmation.objects.update(state=state, why=why)
    for name, keys in (
        ("modifications", ()),
        ("modifications_print", ()),
        ("modification", (moved.pk,)),
        ("modification_print", (moved.pk,)),
    ):
        page = desk.get(name, *keys).content.decode()
        assert re.findall(r'<span class="mark (?:good|bad)">([^<]*)</span>', page)[0] == said, name


def test_the_export_is_harmless_and_brings_nothing_twice(month: Desk) -> None:
    modify(month.scene, "=cmd|'x'!A0", (CONCRETE, "-1.00"), (CARPET, "1.00"), effective=False)
    answer = month.get("modifications_export", state="draft")
    assert answer["Content-Disposition"].startswith("attachment;")
    text = answer.content.decode("utf-8-sig")
    assert "'=cmd|'x'!A0" in text and "-1.00" in text
    page = _look(month, answer.content, "again.csv")
    assert page.context["found"].errors == []
    assert "3 look like a modification that is here already" in words(page)
    assert words(page).count("looks like a draft</a>") == 3
    month.send("modification_file", ModificationFile.objects.get().pk, effective="on")
    assert Modification.objects.filter(state="effective").count() == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_whole_list_taken_away_and_loaded_again_doubles_nothing(month: Desk, kind: str) -> None:
    file = month.get("modifications_export", **{"as": kind}).content
    page = _look(month, file, f"list.{kind}")
    said = words(page)
    assert "Modification 1 is effective already; a file brings new ones only." in said
    assert "Modification 2 is void already; a file brings new ones only." in said
    refused = month.send("modification_file", ModificationFile.objects.get().pk, effective="on")
    assert refused.status_code == 422 and Modification.objects.count() == 4


def test_a_file_loaded_twice_counts_once_unless_ticked(desk: Desk) -> None:
    lock(desk.scene)

    def load(**ticks: str) -> str:
        file = ModificationFile.objects.get()
        answer = desk.send("modification_file", file.pk, effective="on", **ticks)
        return words(desk.client.get(answer["Location"]))

    def effective() -> int:
        return Modification.objects.filter(state="effective").count()

    assert "looks like" not in words(_look(desk, GOOD))
    load()
    page = words(_look(desk, GOOD))
    assert "looks like modification 1</a>" in page and "looks like a draft</a>" in page
    assert "“Buyout” stays a draft: It looks like “Modification 1”." in load()
    assert effective() == 1
    _look(desk, GOOD)
    assert "Modification 2 is effective." in load(anyway="on")
    assert effective() == 2


def test_ticked_drafts_count_and_each_that_stays_says_why(month: Desk) -> None:
    ticked = [f"{row.pk}:{row.version}" for row in Modification.objects.filter(state="draft")]
    refused = month.send("modifications_effective", draft=ticked, together="on")
    assert refused.status_code == 409 and "out of balance by 24,000.00" in words(refused)
    answer = month.send("modifications_effective", draft=ticked)
    page = words(month.client.get(answer["Location"]))
    assert "Modification 3 is effective." in page
    assert "“Lame” stays a draft: Draft modification: Lame is out of balance by 24,000.00." in page
    assert "Tick the drafts that shall count first." in words(
        month.send("modifications_effective", draft="x")
    )


def test_ticked_drafts_that_change_the_total_want_a_second_tick(month: Desk) -> None:
    month.scene.company.allow_total_change = True
    month.scene.company.save()
    lame = Modification.objects.get(title="Lame")
    ticked = f"{lame.pk}:{lame.version}"
    asked = month.send("modifications_effective", draft=ticked)
    assert asked.status_code == 422 and "change the grand total by 24,000.00" in words(asked)
    month.send("modifications_effective", draft=ticked, sure="on")
    lame.refresh_from_db()
    assert lame.state == "effective"


# -- many from a file -------------------------------------------------------------------------------------

HEADER = "key,title,date,note,job,cost code,type,amount\n"
GOOD = (
    HEADER
    + "A,Buyout,2026-11-03,,,03-30-00,M,-5\nA,,,,,03-30-00,L,5\n"
    + "B,Correction,2026-11-04,,,03-30-00,L,7\n"
)


def _look(desk: Desk, data: str | bytes, name: str = "month.csv") -> Any:
    content = data.encode() if isinstance(data, str) else data
    answer = desk.send("modification_files", file=SimpleUploadedFile(name, content))
    return desk.client.get(answer["Location"]) if answer.status_code == 302 else answer


def test_a_file_is_looked_at_first_and_then_written_as_drafts(desk: Desk) -> None:
    lock(desk.scene)
    page = _look(desk, GOOD)
    assert "What month.csv would write" in words(page)
    assert "In balance" in words(page) and "Out of balance" in words(page)
    assert not Modification.objects.exists()
    file = ModificationFile.objects.get()
    answer = desk.send("modification_file", file.pk, effective="on")
    listed = words(desk.client.get(answer["Location"]))
    assert "Wrote 2 draft modifications from month.csv." in listed
    assert "Modification 1 is effective." in listed and "“Correction” stays a draft" in listed
    assert not ModificationFile.objects.exists()
    assert "This file was loaded already." in words(desk.send("modification_file", file.pk))
    assert Modification.objects.count() == 2


def test_errors_are_shown_and_nothing_is_written(desk: Desk) -> None:
    lock(desk.scene)
    page = _look(desk, HEADER + "A,Buyout,2026-11-03,,,03-3000,M,-5\n")
    assert "03-3000 is unknown. Did you mean 03-30-00?" in words(page)
    assert "Write them as drafts" not in words(page)
    assert desk.send("modification_file", ModificationFile.objects.get().pk).status_code == 422
    assert "No column for" in words(_look(desk, "a,b\n1,2\n"))
    assert "Choose a file first." in words(desk.send("modification_files"))
    assert not Modification.objects.exists()


def test_nobody_sees_or_loads_anothers_file(desk: Desk) -> None:
    lock(desk.scene)
    _look(desk, GOOD)
    file = ModificationFile.objects.get()
    desk.log_in(desk.scene.tom)
    assert desk.get("modification_file", file.pk).status_code == 404
    assert "Choose it again" in words(desk.send("modification_file", file.pk))
    desk.log_in(desk.scene.olga)
    assert desk.send("modification_files", file=SimpleUploadedFile("x.csv", b"x")).status_code == 404


def test_the_example_can_be_loaded_as_it_is(desk: Desk) -> None:
    lock(desk.scene)
    assert _look(desk, desk.get("modification_file_example").content).context["found"].errors == []


# -- API --------------------------------------------------------------------------------------------------


def test_the_api_writes_many_and_makes_many_effective(desk: Desk) -> None:
    lock(desk.scene)
    base = f"/api/v1/budgets/{desk.scene.project.pk}/modifications/"
    concrete, labor = desk.concrete.pk, desk.labor.pk
    new = {"cost_code": "01-31-00", "cost_type": "O"}
    one = {
        "title": "a",
        "date": "2026-11-03",
        "lines": [{"line": concrete, "amount": "-5.00"}, {"line": labor, "amount": "5.00"}],
    }
    two = {
        "title": "b",
        "date": "2026-11-03",
        "lines": [{"new_line": new, "amount": "5.00"}, {"line": labor, "amount": "-5.00"}],
    }

    def post(rest: str, body: Any) -> Any:
        return desk.client.post(base + rest, body, content_type="application/json")

    made = post("many/", {"modifications": [one, two]})
    assert (made.status_code, [row["state"] for row in made.json()]) == (201, ["draft", "draft"])
    seen = [{"id": row["id"], "version": 1} for row in made.json()]
    done = post("many/make-effective/", {"drafts": seen, "together": True})
    assert [row["number"] for row in done.json()] == [1, 2]
    again = post("many/", {"modifications": [one], "effective": True}).json()[0]
    assert (again["number"], again["state"], again["looks_like"]) == (None, "draft", "Modification 1")
    anyway = post("many/", {"modifications": [one], "effective": True, "anyway": True}).json()[0]
    assert (anyway["number"], anyway["looks_like"]) == (3, "")
    lost = {**one, "lines": [{"amount": "5.00"}]}
    assert "Give either line or new_line." in str(post("many/", {"modifications": [lost]}).json()["errors"])
    three = {**two, "lines": [{"new_line": {**new, "cost_type": "E"}, "amount": "1.00"}, *one["lines"]]}
    single = post("", three)
    assert (single.status_code, single.json()["lines"][2]["cost_type"]) == (201, "E")
