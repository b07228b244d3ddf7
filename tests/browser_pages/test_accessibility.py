"""No page has a serious fault that axe-core finds, by day or by night; none scrolls sideways on a phone.

The pages come from the list of addresses: one that is not told here how to be reached fails the test.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

import budgets.urls
import erp.urls
import webhooks.services
from budgets.importing import staging as import_staging
from budgets.models import ModificationFile, SavedView, StagedImport
from budgets.saved_views import services as view_services
from budgets.saved_views.calculated import Formula
from budgets.saved_views.services import ViewValues
from erp.models import Batch, Remark, SyncChange, SyncRun
from erp.reset import resetting
from tests.erp.test_approval_steps import lend, rule
from tests.support import drift
from tests.support import scene as acts
from tests.support.browser import scrolls_sideways, sign_in
from tests.support.scene import MAIN, PASSWORD, Scene
from webhooks import sealing
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db(transaction=True)

# Addresses that answer with a part of a page, a file, or take a form alone.
NO_PAGES = {
    "add_here",
    "answer_remark",
    "attachment",
    "attachment_add",
    "attachment_remove",
    "batch_call",
    "batch_evidence",
    "batch_timeline",
    "cell",
    "choose",
    "compare_reading",
    "delete_many",
    "import_from_erp_asked",
    "import_from_erp_read",
    "last_asked",
    "pieces",
    "progress",
    "read_erp",
    "reconciliation_asked",
    "reconciliation_read",
    "pulse",
    "restore",
    "row",
    "rows",
    "view_default",
    "view_export",
    "view_open",
    "view_share",
    "withdraw_request",
    "modifications_effective",
    "modifications_export",
    "modification_file_example",
}
NO_PAGES |= {
    f"import_{deed}" for deed in ("progress", "decimals", "fix", "again", "load", "discard", "repair")
}
NO_PAGES |= {"export", "row", "rows", "line_about", "density"}


def examples(scene: Scene) -> dict[str, list[tuple[Any, ...]]]:
    """What stands behind each address of a budget, for a budget that was sent back with a remark."""
    line = scene.lines[MAIN, "03-30-00", "M"]
    view = SavedView.objects.get()
    effective, draft = scene.budget.modifications.order_by("pk")
    return {
        "page": [()],
        "print": [()],
        "act": [("lock",), ("unlock",), ("send",)],
        "import": [()],
        "import_look": [(staged.pk,) for staged in StagedImport.objects.order_by("pk")],
        "import_columns": [(StagedImport.objects.filter(state="columns")[0].pk,)],
        "copy": [()],
        "import_from_erp": [()],
        "ask": [("ask_unlock",), ("ask_return",)],
        "decline_unlock": [()],
        "line_add": [()],
        "line_edit": [(line.pk,)],
        "line_delete": [(line.pk,)],
        "modifications": [()],
        "modification_new": [()],
        "modifications_print": [()],
        "modification_print": [(effective.pk,)],
        "modification_files": [()],
        "modification_file": [(_file(scene),)],
        "modification": [(effective.pk,), (draft.pk,)],
        "modification_edit": [(draft.pk,)],
        "modification_act": [(draft.pk, "make_effective"), (effective.pk, "void")],
        "preview": [()],
        "batches": [()],
        "charts": [()],
        "forecast": [()],
        "forecast_line": [(line.pk,)],
        "compare": [()],
        "reconciliation": [()],
        "history": [()],
        "views": [()],
        "view_new": [()],
        "view_edit": [(view.pk,)],
        "view_delete": [(view.pk,)],
        "batch": [(Batch.objects.get().number,)],
    }


def _file(scene: Scene) -> uuid.UUID:
    """A file of modifications that Dana has not confirmed yet, with an error in it."""
    text = "title,date,cost code,type,amount\nA,2026-11-03,03-30-00,M,5\nB,2026-11-03,03-3000,M,5\n"
    return ModificationFile.objects.create(
        budget=scene.budget, user=scene.dana, name="month.csv", data=text.encode()
    ).pk


@pytest.fixture
def sent_back(scene: Scene) -> Scene:
    """Locked, with an effective modification and a draft; sent, and sent back with a remark."""
    bring_files(scene)
    acts.lock(scene)
    legs = ((MAIN, "03-30-00", "L"), "5.00"), ((MAIN, "03-30-00", "M"), "-5.00")
    acts.modify(scene, "Effective", *legs)
    acts.modify(scene, "Draft", *legs, effective=False)
    wished = ViewValues("Mine", ["twice", "over_under"], [Formula("twice", "Twice", "original * 2")])
    view_services.create(scene.company, wished, user=scene.dana, now=timezone.now())
    acts.reject(scene, acts.send(scene), remarks={scene.lines[MAIN, "03-30-00", "M"].pk: "Why so much?"})
    return scene


def bring_files(scene: Scene) -> None:
    """One import in each of its states: columns to choose, a preview with everything in it, under way, loaded."""
    header = "cost_code,cost_type,description,amount\n"
    files = {
        "columns": "Konto;Art;Betrag\n03-30-00;M;1,50\n",
        "preview": f"{header}03-30-00,M,Ready-mix,1.50\n03-3000,E,,2\n09-68-00,M,Tiles,x\n09-68-00,S,,12500.50\n",
        "reading": f"{header}03-30-00,M,,1\n",
        "done": f"{header}03-30-00,M,,40000\n",
    }
    for state, text in files.items():
        staged = import_staging.stage(
            scene.reload(), user=scene.dana, now=timezone.now(), source=f"{state}.csv", content=text.encode()
        )
        assert staged.state == ("columns" if state == "columns" else "preview")
        result = {"new": 1, "changed": 2, "unchanged": 3, "removed": 0, "left_out": 2, "unknown": 1}
        StagedImport.objects.filter(pk=staged.pk).update(state=state, result=result)


def addresses(scene: Scene) -> Iterator[str]:
    """Every page of the budget."""
    for name, places in examples(scene).items():
        for place in places:
            yield reverse(f"budgets:{name}", args=[scene.project.pk, *place])


def faults(page: Page) -> list[str]:
    """What axe-core finds on the page that is open, each with its place."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{page.url}: {fault['id']} ({fault['impact']}) {node['html'][:160]}"
        for fault in found
        for node in fault["nodes"]
    ]


def test_every_address_of_a_budget_is_a_page_here_or_known_to_be_none(sent_back: Scene) -> None:
    names = {pattern.name for pattern in (*budgets.urls.urlpatterns, *erp.urls.urlpatterns)}
    assert names == {*examples(sent_back), *NO_PAGES}


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_page_of_a_budget_has_a_fault(
    sent_back: Scene, open_page: Callable[..., Page], colours: str
) -> None:
    page = open_page(color_scheme=colours)
    sign_in(page, username="dana", password=PASSWORD)
    found = []
    for address in ("/", *addresses(sent_back)):
        page.goto(address)
        found += faults(page)
    assert found == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_page_of_the_queue_has_a_fault(
    sent_back: Scene, open_page: Callable[..., Page], colours: str
) -> None:
    Remark.objects.update(
        answer="Prices rose.", answered_by=sent_back.dana, answered_at=sent_back.budget.state_since
    )
    rule(sent_back, "Approver", sent_back.jonas, sent_back.mira, needed=2)
    lend(sent_back, sent_back.jonas, sent_back.mira)
    sent_back.company.reauthenticate_above = Decimal("1.00")
    sent_back.company.save()
    batch = acts.send(sent_back)
    page = open_page(color_scheme=colours)
    page.goto("/login/")
    found = faults(page)
    sign_in(page, username="jonas", password=PASSWORD)
    places = ["batch/", f"batch/{batch.pk}/change/", f"batch/{batch.pk}/posting-list/", "connection/"]
    set_up = f"connection/setup/{sent_back.company.pk}/"
    parts = ("", "jobs/", "people/", f"people/{sent_back.mira.pk}/", "settings/", "test/", "access/")
    places += [f"{set_up}{part}" for part in parts]
    places += [f"approvalrule/?amount=1&rule={sent_back.company.approval_rules.get().pk}", "delegation/"]
    places += [f"batch/{batch.pk}/change/?against={against}&show=all" for against in ("erp", "last")]
    places += [
        "batch/?queue=all&low=x",
        "batch/filters/?list=queue%3Dmine",
        f"batch/{batch.answers_id}/change/",
    ]
    for place in (*places, f"connection/{sent_back.connection.pk}/change/"):
        page.goto(f"/admin/erp/{place}")
        found += faults(page)
    assert found == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_page_of_syncs_health_and_links_has_a_fault_or_scrolls_sideways(
    sent_back: Scene, open_page: Callable[..., Page], colours: str
) -> None:
    now = timezone.now()
    run = SyncRun.objects.create(
        connection=sent_back.connection,
        asked_at=now,
        state="partly",
        finished_at=now,
        changed=1,
        error="Down.",
    )
    SyncChange.objects.create(run=run, kind="jobs", change="changed", code="1", fields={"name": ["a", "b"]})
    resetting.ask_reset(sent_back.reload(), user=sent_back.jonas, now=now, reason="The wrong job.")
    page = open_page(color_scheme=colours, viewport={"width": 320, "height": 800})
    sign_in(page, username="jonas", password=PASSWORD)
    found, wide = [], []
    reset = f"projects/{sent_back.project.pk}/reset/"
    for place in ("health/", "syncs/", f"syncs/{run.pk}/", "projects/", reset):
        page.goto(f"/admin/erp/connection/{sent_back.connection.pk}/{place}")
        found += faults(page)
        wide += [place] if scrolls_sideways(page) else []
    assert (found, wide) == ([], [])


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_page_of_mails_and_webhooks_has_a_fault_or_scrolls_sideways(
    sent_back: Scene, open_page: Callable[..., Page], colours: str
) -> None:
    endpoint = Endpoint(
        description="Slack, #budgets",
        format="slack",
        company=sent_back.company,
        kinds=["batch.sent"],
        nonce="x",
        fingerprint="x",
        created_at=timezone.now(),
    )
    sealing.seal(endpoint, f"https://hooks.example.com/{'a1b2' * 40}")
    endpoint.save()
    sent = webhooks.services.send_test(endpoint, user=sent_back.jonas, now=timezone.now())
    sent.attempts.create(at=timezone.now(), status=500, milliseconds=31, answer="<b>no</b>" * 50)
    Delivery.objects.update(tries=1)
    page = open_page(color_scheme=colours, viewport={"width": 320, "height": 800})
    sign_in(page, username="jonas", password=PASSWORD)
    one = f"/admin/webhooks/endpoint/{endpoint.pk}"
    found, wide = [], []
    places = ("/admin/webhooks/endpoint/", "/admin/webhooks/endpoint/add/", f"{one}/change/")
    for address in ("/notices/", *places, f"{one}/deliveries/{sent.pk}/"):
        page.goto(address)
        found += faults(page)
        wide += [address] if scrolls_sideways(page) else []
    assert (found, wide) == ([], [])


def reconciliation(scene: Scene) -> tuple[str, ...]:
    """The pages of a project that was changed in the ERP, once where somebody may decide."""
    at_budget, desk = f"/projects/{scene.project.pk}/budget/", "/admin/erp/driftdecision/"
    return (
        at_budget,
        f"{at_budget}reconciliation/?show=all",
        desk,
        f"{desk}{scene.budget.pk}/",
        "/admin/erp/batch/",
    )


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_no_page_of_the_reconciliation_has_a_fault(
    scene: Scene, open_page: Callable[..., Page], colours: str
) -> None:
    drift.posted(scene)
    drift.edit(scene, "13000.00")
    page = open_page(color_scheme=colours)
    sign_in(page, username="jonas", password=PASSWORD)
    found = []
    for address in reconciliation(scene):
        page.goto(address)
        found += faults(page)
    assert found == []


def test_no_page_of_the_reconciliation_scrolls_sideways_on_a_phone(scene: Scene, narrow_page: Page) -> None:
    drift.posted(scene)
    drift.edit(scene, "13000.00")
    sign_in(narrow_page, username="jonas", password=PASSWORD)
    wide = []
    for address in reconciliation(scene):
        narrow_page.goto(address)
        wide += [address] if scrolls_sideways(narrow_page) else []
    assert wide == []


def test_no_page_of_a_budget_scrolls_sideways_on_a_phone(sent_back: Scene, narrow_page: Page) -> None:
    sign_in(narrow_page, username="dana", password=PASSWORD)
    wide = []
    for address in ("/", *addresses(sent_back)):
        narrow_page.goto(address)
        wide += [address] if scrolls_sideways(narrow_page) else []
    assert wide == []


def test_no_page_of_approvals_scrolls_sideways_on_a_phone(sent_back: Scene, narrow_page: Page) -> None:
    one = rule(sent_back, "Controller of the whole company", sent_back.jonas, sent_back.mira)
    lend(sent_back, sent_back.jonas, sent_back.mira)
    sign_in(narrow_page, username="jonas", password=PASSWORD)
    for address in (f"approvalrule/?amount=120000&rule={one.pk}", "delegation/"):
        narrow_page.goto(f"/admin/erp/{address}")
        assert not scrolls_sideways(narrow_page), address
