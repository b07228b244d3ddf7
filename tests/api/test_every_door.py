"""Every action that people take, through page, admin and API: each door names the same blockers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.utils import timezone

from budgets.models import Attachment, Budget, BudgetLine, Modification, SavedView
from budgets.modifications import attachments
from budgets.saved_views import services as view_services
from budgets.saved_views.services import ViewValues
from erp.models import Batch, Confirmation, Connection, Delegation, LinkReset, Remark, SyncRun
from erp.posting import confirmations
from erp.reset import resetting
from erp.sync import actions as sync_actions
from projects.models import Company
from tests.erp.test_approval_steps import lend
from tests.support import files
from tests.support import scene as acts
from tests.support.scene import MAIN, Scene
from webhooks import sealing
from webhooks.models import Endpoint
from workflow import actions
from workflow.api import actions_for_people

JSON = "application/json"


@dataclass(frozen=True)
class Door:
    """Where an action is taken: method and address for an object, and what is sent."""

    address: Callable[[Scene, Any], str]
    given: Callable[[Scene, Any], dict[str, Any]] = lambda scene, obj: {}
    method: str = "post"


def page(rest: str, **given: Any) -> Door:
    return Door(lambda s, o: f"/projects/{s.project.pk}/budget/{rest.format(pk=o.pk)}", lambda s, o: given)


def api(rest: str, method: str = "post", **given: Any) -> Door:
    return Door(
        lambda s, o: f"/api/v1/budgets/{s.project.pk}/{rest.format(pk=o.pk)}", lambda s, o: given, method
    )


def batch_page(action: str, **given: Any) -> Door:
    return Door(lambda s, o: f"/admin/erp/batch/{o.pk}/do/{action}/", lambda s, o: given)


def batch_api(rest: str, **given: Any) -> Door:
    return Door(lambda s, o: f"/api/v1/batches/{o.pk}/{rest}/", lambda s, o: given)


def connection_page(action: str) -> Door:
    return Door(lambda s, o: f"/admin/erp/connection/{o.pk}/do/{action}/", lambda s, o: {})


def company_page(page: str, **given: Any) -> Door:
    return Door(lambda s, o: f"/admin/erp/{page}/{o.pk}/", lambda s, o: given)


def set_up_page(rest: str, **given: Any) -> Door:
    return Door(lambda s, o: f"/admin/erp/connection/setup/{s.company.pk}/{rest}", lambda s, o: given)


def person_page(deed: str, **given: Any) -> Door:
    return Door(
        lambda s, o: f"/admin/erp/connection/setup/{s.company.pk}/people/{s.tom.pk}/",
        lambda s, o: {"do": deed, **given},
    )


def reset_address(deed: str) -> Callable[[Scene, Any], str]:
    """The form of the page of a link's reset."""
    return lambda s, o: f"/admin/erp/connection/{s.connection.pk}/projects/{o.project_id}/reset/do/{deed}/"


def reset_page(deed: str, **given: Any) -> Door:
    return Door(reset_address(deed), lambda s, o: given)


def words_on_posted() -> dict[str, Any]:
    """Something said of a document, whatever it is."""
    return {"document": "1", "fate-1": "stays", "note-1": "Ann in accounting knows."}


def mapping_page(rest: str) -> Door:
    """Any page of the mapping; 03 and a pasted table are of use at one each."""
    given = {"code": "03", "target": "09", "text": "code,erp_code\n03,09", "seen": "0"}
    return Door(lambda s, o: f"/admin/erp/connection/{o.pk}/{rest}", lambda s, o: given)


def typed_modification(scene: Scene, obj: Any) -> dict[str, Any]:
    """The form of a modification, well filled in."""
    up, down = (scene.lines[MAIN, "03-30-00", kind].pk for kind in ("L", "M"))
    return {
        "title": "x",
        "date": "2026-11-02",
        "version": getattr(obj, "version", 0),
        "line": [up, down],
        "amount": ["5.00", "-5.00"],
    }


def sent_modification(scene: Scene, obj: Any) -> dict[str, Any]:
    """The same for the API."""
    form = typed_modification(scene, obj)
    rows = zip(form["line"], form["amount"], strict=True)
    lines = [{"line": line, "amount": amount} for line, amount in rows]
    return {"title": "x", "date": form["date"], "version": form["version"], "lines": lines}


def errors_page(action: str, **given: Any) -> Door:
    return Door(lambda s, o: f"/admin/erp/errorexplanation/{o.pk}/do/{action}/", lambda s, o: given)


def webhook(scene: Scene, obj: Any) -> dict[str, Any]:
    """The form of a webhook, well filled in."""
    kinds = {"kind": ["batch.sent"], "format": "slack"}
    return {"company": obj.company_id, "url": "https://127.0.0.1/", "description": "x", **kinds}


def webhook_pages(*rests: str) -> tuple[Door, ...]:
    """Pages of one webhook, which is there."""

    def there(company: Any) -> int:
        made = {"description": "x", "kinds": ["batch.sent"], "nonce": "x", "fingerprint": "x"}
        sealed = {"sealed": sealing.sealed("https://x/"), "place": "https://x/…"}
        found, _ = Endpoint.objects.get_or_create(
            company=company, mark="x", defaults={**made, **sealed, "created_at": timezone.now()}
        )
        return found.pk

    return tuple(
        Door(lambda s, o, r=rest: f"/admin/webhooks/endpoint/{there(o.company)}/{r}", webhook)  # type: ignore[misc]
        for rest in rests
    )


LINE = {"cost_code": "01-31-00", "cost_type": "M", "amount": "0.00"}
VIEW = {"name": "x", "column": ["revised"], "show": ["revised"], "version": 1, "do": "save"}
REASON = {"reason_code": "amounts", "reason": "Concrete is too high."}
NOTE = {"note": "because"}
TAKE = {"kind": "take", "reading_hash": "x"}
EXPLANATION = {
    "texts": "Phase is inactive",
    "meaning": "The phase is closed.",
    "who": "erp_accountant",
    "steps": "Open it.",
    "place": "lines",
}


def answer_page(scene: Scene, obj: Any) -> str:
    return f"/projects/{scene.project.pk}/budget/remarks/{Remark.objects.get().pk}/answer/"


def answer_api(scene: Scene, obj: Any) -> str:
    return f"/api/v1/budgets/{scene.project.pk}/remarks/{Remark.objects.get().pk}/answer/"


def verdict_on(scene: Scene, batch: Any) -> dict[str, Any]:
    """A person's word on the batch's first document."""
    document = batch.documents.first()
    return {**NOTE, "document": document.pk if document else 999_999}


def page_of_modification(rest: str) -> Door:
    return Door(
        lambda s, o: f"/projects/{s.project.pk}/budget/modifications/{rest.format(pk=o.pk)}",
        typed_modification,
    )


def api_of_modification(rest: str, method: str) -> Door:
    return Door(
        lambda s, o: f"/api/v1/budgets/{s.project.pk}/modifications/{rest.format(pk=o.pk)}",
        sent_modification,
        method,
    )


def file_of_modification(root: str) -> Door:
    """A file for a modification; doors that take files read them anew each time."""
    between = "/budget" if root == "projects" else ""
    return Door(
        lambda s, o: f"/{root}/{s.project.pk}{between}/modifications/{o.pk}/attachments/",
        lambda s, o: {"file": SimpleUploadedFile("quote.pdf", files.PDF)},
        "file",
    )


def file_of_many(scene: Scene, obj: Any) -> dict[str, Any]:
    """A file of one modification, well filled in."""
    text = "title,date,cost code,type,amount\nx,2026-11-02,03-30-00,M,5.00\n"
    return {"file": SimpleUploadedFile("month.csv", text.encode())}


def file_taken_off(rest: str, method: str = "post") -> Door:
    root, between = ("projects", "/budget") if rest else ("api/v1/budgets", "")
    return Door(
        lambda s, o: (
            f"/{root}/{s.project.pk}{between}/modifications/{o.modification_id}/attachments/{o.pk}/{rest}"
        ),
        method=method,
    )


def api_import() -> Door:
    """A file sent to the API."""

    def given(scene: Scene, obj: Any) -> dict[str, Any]:
        return {"file": SimpleUploadedFile("lines.csv", LINES.encode())}

    return Door(lambda s, o: f"/api/v1/budgets/{s.project.pk}/import/", given, "file")


LINES = "cost_code,cost_type,amount\n01-31-00,M,1.00\n"
# Changing an effective modification has the doors of changing any; a currency is one of the company's settings.
WITHOUT_A_DOOR_OF_THEIR_OWN = {(Modification, "change_effective"), (Company, "change_currency")}

DOORS: dict[tuple[type, str], tuple[Door, ...]] = {
    (Budget, "lock"): (page("do/lock/"), api("lock/")),
    (Budget, "unlock"): (page("do/unlock/"), api("unlock/")),
    (Budget, "add_line"): (
        page("lines/add/", **LINE),
        page("lines/add/here/", **LINE),
        page("lines/restore/", line=1),
        api("lines/", **LINE),
    ),
    (Budget, "import_file"): (page("import/", pasted=LINES), api_import()),
    (Budget, "modify"): (
        page_of_modification("new/"),
        api_of_modification("", "post"),
        Door(lambda s, o: f"/projects/{s.project.pk}/budget/modifications/file/", file_of_many),
        Door(
            lambda s, o: f"/api/v1/budgets/{s.project.pk}/modifications/many/",
            lambda s, o: {"modifications": [sent_modification(s, o)]},
        ),
    ),
    (Budget, "send"): (page("send/"), page("do/send/"), api("send/")),
    (Budget, "retrieve"): (page("do/retrieve/"), api("retrieve/")),
    (Budget, "ask_unlock"): (page("ask/ask_unlock/", **NOTE), api("requests/unlock/", **NOTE)),
    (Budget, "decline_unlock"): (
        page("ask/unlock/decline/", **NOTE),
        api("requests/unlock/decline/", **NOTE),
    ),
    (Budget, "withdraw_unlock_request"): (page("ask/unlock/withdraw/"), api("requests/unlock/withdraw/")),
    (Budget, "ask_return"): (page("ask/ask_return/", **NOTE), api("requests/return/", **NOTE)),
    (Budget, "withdraw_return_request"): (page("ask/return/withdraw/"), api("requests/return/withdraw/")),
    (Budget, "import_from_erp"): (
        page("import-from-erp/read/"),
        page("import-from-erp/", mode="add", seen="x"),
        api("import-from-erp/reading/"),
        api("import-from-erp/", mode="add", seen="x"),
    ),
    (Budget, "answer_remark"): (
        Door(answer_page, lambda s, o: {"answer": "Yes"}),
        Door(answer_api, lambda s, o: {"answer": "Yes"}),
    ),
    (Budget, "read_erp"): (
        page("batches/compare/read-again/"),
        page("reconciliation/read/"),
        Door(lambda s, o: f"/admin/erp/driftdecision/{o.pk}/read/"),
        api("read-erp/"),
    ),
    (Budget, "see_history"): (replace(page("history/"), method="get"), api("history/", "get")),
    (BudgetLine, "edit_line"): (
        page("lines/{pk}/", **LINE, version=0, job=MAIN),
        page("lines/{pk}/cell/", version=0, description="x"),
        api("lines/{pk}/", "patch", version=0, description="x"),
    ),
    (BudgetLine, "delete_line"): (
        page("lines/{pk}/delete/"),
        Door(lambda s, o: f"/projects/{s.project.pk}/budget/lines/delete/", lambda s, o: {"line": o.pk}),
        api("lines/{pk}/", "delete"),
    ),
    (Modification, "change_modification"): (
        page_of_modification("{pk}/edit/"),
        api_of_modification("{pk}/", "put"),
    ),
    (Modification, "make_effective"): (
        page("modifications/{pk}/do/make_effective/"),
        api("modifications/{pk}/make-effective/"),
    ),
    (Modification, "void"): (page("modifications/{pk}/do/void/"), api("modifications/{pk}/void/")),
    (Modification, "delete_modification"): (
        page("modifications/{pk}/do/delete_modification/"),
        api("modifications/{pk}/", "delete"),
    ),
    (Modification, "reverse"): (
        page("modifications/{pk}/do/reverse/"),
        api("modifications/{pk}/reverse/"),
    ),
    (Modification, "attach"): (file_of_modification("projects"), file_of_modification("api/v1/budgets")),
    (Attachment, "detach"): (file_taken_off("remove/"), file_taken_off("", "delete")),
    (BudgetLine, "forecast"): (
        Door(
            lambda s, o: f"/projects/{s.project.pk}/budget/forecast/",
            lambda s, o: {"line": o.pk, "version": 0, "amount": "1.00", "note": "x"},
        ),
        page("forecast/{pk}/", amount="1.00", note="x", version=0),
        api("lines/{pk}/forecast/", "put", amount="1.00", note="x", version=0),
    ),
    (SavedView, "change_view"): (
        page("views/{pk}/", **VIEW),
        api("views/{pk}/", "put", name="x", columns=["revised"], version=1),
    ),
    (SavedView, "share_view"): (page("views/{pk}/share/"), api("views/{pk}/share/")),
    (SavedView, "delete_view"): (page("views/{pk}/delete/"), api("views/{pk}/", "delete")),
    (Batch, "accept"): (
        batch_page("accept", reading_hash="x"),
        batch_api("accept", reading_hash="x"),
    ),
    (Batch, "name_for_step"): (
        batch_page("name_for_step", person="1"),
        batch_api("name-for-step", person=1),
    ),
    (Batch, "reject"): (batch_page("reject", **REASON), batch_api("reject", **REASON)),
    (Batch, "read_again"): (batch_page("read_again"), batch_api("read-again")),
    (Batch, "retry"): (batch_page("retry"), batch_api("retry")),
    (Batch, "return_to_pm"): (batch_page("return_to_pm", **NOTE), batch_api("return-to-pm", **NOTE)),
    (Batch, "decline_return"): (batch_page("decline_return", **NOTE), batch_api("decline-return", **NOTE)),
    (Batch, "check_now"): (batch_page("check_now"), batch_api("check-now")),
    (Batch, "confirm_posted"): (batch_page("confirm_posted", **NOTE), batch_api("confirm-posted", **NOTE)),
    **{
        (Batch, verdict): (
            Door(lambda s, o, v=verdict: f"/admin/erp/batch/{o.pk}/do/{v}/", verdict_on),  # type: ignore[misc]
            Door(
                lambda s, o, v=verdict: f"/api/v1/batches/{o.pk}/{v.replace('_', '-')}/",  # type: ignore[misc]
                verdict_on,
            ),
        )
        for verdict in ("say_arrived", "say_not_arrived", "take_out_anyway", "leave_in_erp")
    },
    (Batch, "close_alarm"): (batch_page("close_alarm", **NOTE), batch_api("close-alarm", **NOTE)),
    (Connection, "verify"): (connection_page("verify"),),
    (Connection, "try_now"): (connection_page("try_now"),),
    (Connection, "sync"): (connection_page("sync"),),
    (Connection, "sync_whole"): (connection_page("sync_whole"),),
    (Budget, "reset_link"): (reset_page("ask", reason="The wrong job."),),
    (Budget, "link_again"): (reset_page("link", job_code=MAIN),),
    (LinkReset, "speak_of_posted"): (
        Door(reset_address("speak"), lambda s, o: {"reset": o.pk, **words_on_posted()}),
    ),
    (LinkReset, "confirm_reset"): (
        Door(reset_address("confirm"), lambda s, o: {"reset": o.pk, "typed": MAIN, "note": "Looked at it."}),
    ),
    (LinkReset, "cancel_reset"): (Door(reset_address("cancel"), lambda s, o: {"reset": o.pk}),),
    (SyncRun, "cancel_sync"): (
        Door(lambda s, o: f"/admin/erp/connection/{o.connection_id}/syncs/{o.pk}/cancel/", lambda s, o: {}),
    ),
    (Connection, "confirm_cost_types"): (connection_page("confirm_cost_types"),),
    (Connection, "switch_erp"): (connection_page("switch_erp"),),
    (Connection, "explain_error"): (errors_page("explain_error", **EXPLANATION),),
    (Connection, "drop_explanation"): (errors_page("drop_explanation", code="nothing"),),
    (Connection, "edit_mapping"): tuple(
        mapping_page(f"codes/{rest}") for rest in ("do/set/", "rules/", "file/", "history/0/")
    )
    + (
        Door(
            lambda s, o: f"/api/v1/companies/{o.company_id}/mapping/cost-code/03/",
            lambda s, o: {"erp_code": "09", "seen": 0},
            "put",
        ),
    ),
    (Company, "set_approval_rules"): (
        company_page("approvalrule", do="save", name="x"),
        company_page("approvalrule", do="remove", rule=1),
        company_page("approvalrule", do="reauthenticate", above="1"),
    ),
    (Company, "delegate"): (company_page("delegation", do="delegate", giver=1, taker=2),),
    (Delegation, "revoke_delegation"): (
        Door(
            lambda s, o: f"/admin/erp/delegation/{o.company_id}/",
            lambda s, o: {"do": "revoke", "delegation": o.pk},
        ),
    ),
    (Connection, "set_reminder"): (connection_page("set_reminder"),),
    (Connection, "retry_mails"): (connection_page("retry_mails"),),
    (Connection, "test_send"): (set_up_page("test/", job=MAIN),),
    (Connection, "link_jobs"): (set_up_page("jobs/", job=MAIN),),
    (Company, "connect_erp"): (set_up_page("", alias="paper", erp_company="9"),),
    (Company, "change_company"): (set_up_page("settings/", time_zone="UTC", currency="USD", digest_hour=7),),
    (Company, "review_access"): (set_up_page("access/", note="All looked at."),),
    (Company, "change_people"): (
        set_up_page("people/", login="x"),
        person_page("level", erp_level=1, direction="both"),
        person_page("roles"),
        person_page("link"),
    ),
    (Company, "take_admin_right"): (person_page("take"),),
    (Company, "lock_login"): (person_page("lock"), person_page("open")),
    (Budget, "settle_drift"): (
        Door(lambda s, o: f"/admin/erp/driftdecision/{o.pk}/settle/", lambda s, o: {**TAKE, "all": "on"}),
        api("reconciliation/", **TAKE),
    ),
    (Connection, "read_all"): (
        Door(lambda s, o: f"/admin/erp/driftdecision/read-all/{o.pk}/"),
        Door(lambda s, o: f"/api/v1/companies/{o.company_id}/reconciliation/"),
    ),
    (Connection, "edit_webhooks"): (
        Door(lambda s, o: "/admin/webhooks/endpoint/add/", webhook),
        *webhook_pages("save/", "do/rotate/", "do/test/", "do/off/", "do/remove/"),
    ),
}


def draft(scene: Scene) -> None:
    """As it is at first; Jonas lets Tom act for him."""
    lend(scene, scene.jonas, scene.tom)
    _views(scene)


def _views(scene: Scene) -> None:
    """Nothing has happened yet, but that Dana shared a view and kept another to herself, and so did Ruth."""
    now = timezone.now()
    for person, name in ((scene.dana, "Ours"), (scene.dana, "Mine"), (scene.ruth, "Mine")):
        view = view_services.create(scene.company, ViewValues(name, ["revised"]), user=person, now=now)
        if name == "Ours":
            view_services.share(view, user=person, now=now)


def locked(scene: Scene) -> None:
    """Locked, with an effective modification and a draft."""
    acts.lock(scene)
    legs = ((MAIN, "03-30-00", "L"), "5.00"), ((MAIN, "03-30-00", "M"), "-5.00")
    one = acts.modify(scene, "Effective", *legs)
    attachments.attach(one, user=scene.dana, now=timezone.now(), name="quote.pdf", data=files.PDF)
    acts.modify(scene, "Draft", *legs, effective=False)


def waiting(scene: Scene) -> None:
    """Sent, before the decision; the ERP moved after Mira looked."""
    locked(scene)
    acts.send(scene)


def sent_back(scene: Scene) -> None:
    """Rejected with a remark."""
    locked(scene)
    line = scene.lines[MAIN, "03-30-00", "M"]
    acts.reject(scene, acts.send(scene), remarks={line.pk: "Why?"})


def in_the_erp(scene: Scene) -> None:
    """Accepted and delivered."""
    locked(scene)
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    acts.ask(batch)


def disproved(scene: Scene) -> None:
    """Confirmed by hand, and the ERP says otherwise."""
    in_the_erp(scene)
    batch = Batch.objects.get()
    confirmations.confirm_posted(batch, user=scene.mira, now=timezone.now(), note="Seen on paper.")
    Confirmation.objects.update(state="disproved", why="It was rejected there.")


def stopped(scene: Scene) -> None:
    """The connection was stopped."""
    Connection.objects.filter(pk=scene.connection.pk).update(
        stopped_at=timezone.now(), stopped_because="Wrong password."
    )


def being_read(scene: Scene) -> None:
    """The ERP is being read, and Jonas has cancelled that; a run of yesterday is over."""
    long_ago = timezone.now() - timedelta(days=1)
    SyncRun.objects.create(
        connection=scene.connection,
        asked_at=long_ago,
        state="done",
        started_at=long_ago,
        finished_at=long_ago,
    )
    run = sync_actions.ask_to_sync(scene.connection, user=scene.jonas, now=timezone.now())
    SyncRun.objects.filter(pk=run.pk).update(
        state="running", claim=uuid.uuid4(), lease_until=timezone.now(), started_at=timezone.now()
    )
    sync_actions.cancel(run, user=scene.jonas, now=timezone.now())


def being_reset(scene: Scene) -> None:
    """A reset was asked for, confirmed and cancelled; another one is open, and a batch waits."""
    given = {"user": scene.jonas, "now": timezone.now()}
    first = resetting.ask_reset(scene.budget, reason="The wrong job.", **given)
    resetting.confirm_reset(first, typed=MAIN, note="Looked at it.", **given)
    resetting.cancel_reset(first, **given)
    resetting.ask_reset(scene.reload(), reason="The wrong job.", **given)
    acts.send(scene)


STATES = (draft, locked, waiting, sent_back, in_the_erp, disproved, stopped)


def objects(scene: Scene, model: type) -> list[Any]:
    """Every object of a model that the scene has in company 001, fresh."""
    related = {
        Budget: ("project__company",),
        BudgetLine: ("budget__project__company", "job", "cost_code", "cost_type"),
        Modification: ("budget__project__company",),
        Attachment: ("modification__budget__project__company",),
        Batch: ("budget__project__company",),
        Connection: ("company",),
        Company: (),
        Delegation: ("company", "from_user", "revoked_by"),
        SavedView: ("company",),
        SyncRun: ("connection__company",),
        LinkReset: ("project__company",),
    }[model]
    rows = model.objects.select_related(*related or [None]).order_by("pk")  # type: ignore[attr-defined]
    if model is Company:
        return [scene.company]
    if model in (Connection, Delegation, SavedView):
        return list(rows.filter(company=scene.company))
    if model is SyncRun:
        return list(rows.filter(connection=scene.connection))
    if model is LinkReset:
        return list(rows.filter(project=scene.project))
    where = {Budget: "project", Attachment: "modification__budget__project"}.get(model, "budget__project")
    return list(rows.filter(**{where: scene.project}))[:3]


def knock(door: Door, scene: Scene, obj: Any, person: Any) -> tuple[int, list[str], list[str]]:
    """Take the action: status, the blockers' codes, and the sentences that were not told."""
    client = Client()
    client.force_login(person)
    address, given = door.address(scene, obj), door.given(scene, obj)
    if address.startswith("/api/"):
        form = {} if door.method in ("file", "get") else {"content_type": JSON}
        answer = getattr(client, "post" if door.method == "file" else door.method)(address, given, **form)
        told = answer.json()["blockers"] if answer.status_code == 409 else []
        return answer.status_code, [b["code"] for b in told], [b["code"] for b in told if not b["sentence"]]
    answer = (client.get if door.method == "get" else client.post)(address, given)
    found = answer.context["refused"].blockers if answer.status_code == 409 else []
    html = answer.content.decode()
    return (
        answer.status_code,
        [b.code for b in found],
        [b.code for b in found if escape(b.sentence) not in html],
    )


def people(scene: Scene, door: Door, obj: Any) -> list[Any]:
    """Those who can see the object behind this door."""
    address = door.address(scene, obj)
    if isinstance(obj, SavedView) and not obj.shared:
        return [obj.owner]
    if address.startswith("/projects/") or address.startswith("/api/v1/budgets/"):
        return [scene.dana, scene.ruth]
    return [scene.mira, scene.ruth]


def expected(scene: Scene, model: type, name: str, obj: Any, person: Any) -> list[str]:
    """What the registry says, asked of a fresh object."""
    fresh = next(o for o in objects(scene, model) if o.pk == obj.pk)
    if name == "accept":
        fresh.__dict__["read_hash"] = "x"  # what both doors send
    if name == "settle_drift":
        fresh.__dict__["drift_hash"] = ("x", {})
    return [b.code for b in actions.blockers(fresh, name, person)]


def test_every_action_that_people_take_has_its_doors():
    models = {model for model, _ in actions.REGISTRY}
    taken = {(model, action.name) for model in models for action in actions_for_people(model)}
    assert taken == set(DOORS) | WITHOUT_A_DOOR_OF_THEIR_OWN


@pytest.mark.parametrize("key", DOORS, ids=lambda key: f"{key[0].__name__}-{key[1]}")
def test_every_door_names_the_same_blockers(key, scene):
    model, name = key
    met: set[tuple[Any, ...]] = set()  # the same answer at the same door is asked for once
    for state in _states_for(model, name):
        with _undone():
            state(scene)
            scene.reload()
            for obj in objects(scene, model):
                for door in DOORS[key]:
                    for person in people(scene, door, obj):
                        codes = expected(scene, model, name, obj, person)
                        case = (door, person.pk, *codes)
                        if codes and case not in met:
                            met.add(case)
                            assert knock(door, scene, obj, person) == (409, codes, []), (state, person)
    assert met, "the test never met a closed door"


def _states_for(model: type, name: str) -> tuple[Callable[[Scene], None], ...]:
    if name == "answer_remark":
        return (sent_back,)
    if model is SavedView:
        return (draft,)
    if model is SyncRun:
        return (being_read,)
    if model in (Company, Delegation):
        return (draft,)
    if model is LinkReset:
        return (being_reset,)
    return (draft, stopped, being_read) if model is Connection else STATES


@contextmanager
def _undone() -> Iterator[None]:
    """A transaction whose work is thrown away; to the code under test it is the test's own, not one of its making."""
    around: Any = transaction.atomic()
    around._from_testcase = True
    with around:
        yield
        transaction.set_rollback(True)


def test_a_budget_a_line_a_modification_and_a_batch_list_their_actions_with_the_same_blockers(scene):
    in_the_erp(scene)
    client = Client()
    client.force_login(scene.dana)
    shown = {
        Budget: lambda o: f"/api/v1/budgets/{scene.project.pk}/",
        BudgetLine: lambda o: f"/api/v1/budgets/{scene.project.pk}/lines/{o.pk}/",
        Modification: lambda o: f"/api/v1/budgets/{scene.project.pk}/modifications/{o.pk}/",
        Batch: lambda o: f"/api/v1/batches/{o.pk}/",
    }
    for model, address in shown.items():
        for obj in objects(scene, model):
            told = {
                action["name"]: [b["code"] for b in action["blockers"]]
                for action in client.get(address(obj)).json()["actions"]
            }
            assert told == {
                action.name: [b.code for b in actions.blockers(obj, action.name, scene.dana)]
                for action in actions_for_people(model)
            }
