"""A company whose accounting works with files: the whole way through services and tasks, without any other ERP."""

from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from erp import tasks
from erp.backends import forget_backends
from erp.decision.acceptance import erp_document
from erp.delivery import aftercare
from erp.models import Connection, Document, DocumentState, ErpReading
from erp.posting import confirmations
from erp.setup import linking, switching
from erp.setup import stopping as connections
from erp.sync import syncing as sync
from projects.models import BudgetLevel, ErpLevel, Membership, ProjectRole
from tests.file_adapter.folder import COMPANY, Folder
from tests.support.simulator import Simulator
from tests.support.story import CATEGORIES, JOB, PHASES, SUB_JOB, Story, begin, person

pytestmark = pytest.mark.django_db(transaction=True)
POSTED_ON = date(2026, 11, 23)


class Accountant(Folder):
    """The folder of the company, with the codes of the story."""

    job = JOB

    def backend_entry(self) -> dict:
        return {
            "BACKEND": "file_adapter.backend.FileBackend",
            "OPTIONS": {"folder": str(self.root), "name": "the ledger", "settle_seconds": 0},
        }

    def export_all(self, *, status: str = "started", budget: tuple[list[str], ...] = ()) -> None:
        """Put what the ledger has into the folder."""
        self.export(
            "jobs",
            ["code", "name", "parent", "status"],
            [JOB, "Quay Street", "", status],
            [SUB_JOB, "Site works", JOB, status],
        )
        self.export(
            "cost_codes",
            ["code", "name", "parent"],
            *([c, f"Phase {c}", c[:2] if "-" in c else ""] for c in PHASES),
        )
        self.export("cost_types", ["code", "name"], *([code, name] for code, name in CATEGORIES.items()))
        self.export("units", ["code", "name"], ["CY", "Cubic yard"])
        self.export("budget", ["job", "cost_code", "cost_type", "original", "current"], *budget)

    def finds(self, document: Document) -> list[tuple[str, str, str]]:
        """The rows to enter: cost code, cost type, change."""
        return [
            (row["Cost code"], row["Cost type"], row["Change"]) for row in self.rows(erp_document(document))
        ]


@pytest.fixture
def accountant(tmp_path: Path, settings):
    """Her folder is the company's ERP, and the only one."""
    made = Accountant(tmp_path)
    made.export_all()
    settings.ERP_BACKENDS = {"file": made.backend_entry()}
    forget_backends()
    yield made
    forget_backends()


@pytest.fixture
def story(accountant: Accountant) -> Story:
    """The company is read from the folder, its job linked, the cast in place."""
    now = timezone.now()
    connection = linking.open_company(
        code="001", name="Northgate Builders", currency="USD", alias="file", erp_company=COMPANY
    )
    Connection.objects.update(originals_on_started_jobs=True)
    connection.refresh_from_db()
    dana, mira = person("dana", "Dana", "Reyes"), person("mira", "Mira", "Osei", is_staff=True)
    jonas = person("jonas", "Jonas", "Lindqvist", is_staff=True)
    Membership.objects.create(
        user=mira, company=connection.company, erp_level=ErpLevel.STANDARD, can_push=True
    )
    Membership.objects.create(user=jonas, company=connection.company, erp_level=ErpLevel.ADMIN, can_push=True)
    assert connections.verify(connection, user=jonas, now=now) == []
    connection.refresh_from_db()
    sync.sync_company(connection, now=now)
    linking.confirm_cost_types(connection, user=jonas, now=now)
    project = linking.link_project(connection, JOB, user=jonas, now=now)
    sync.sync_company(connection, now=now)
    ProjectRole.objects.create(user=dana, project=project, level=BudgetLevel.ADMIN)
    return Story(None, connection, project, project.budget, dana, mira, jonas)  # type: ignore[arg-type]


def read(story: Story) -> None:
    for key in ErpReading.objects.filter(state="asked").values_list("pk", flat=True):
        tasks.make_reading(key)


def deliver() -> None:
    for key in Document.objects.values_list("pk", flat=True):
        tasks.deliver(key)


def poll() -> None:
    Document.objects.filter(state=DocumentState.DELIVERED).update(poll_at=timezone.now())
    tasks.poll_postings()


def in_the_folder(story: Story, *lines: tuple[str, str, str]) -> Document:
    """Dana's lines are sent, accepted and lie in the folder."""
    for code, kind, amount in lines:
        story.add_line(code, kind, amount)
    story.lock()
    batch = story.send()
    read(story)
    story.accept(batch)
    deliver()
    return Document.objects.get(batch=batch)


def test_a_budget_goes_into_the_folder_and_comes_back_posted(story, accountant):
    document = in_the_folder(
        story, ("01-31-00", "L", "20000.00"), ("03-30-00", "M", "0.30"), ("09-68-00", "O", "0.00")
    )
    assert story.reload().batches.get().state == "exported"
    assert (document.state, document.route) == ("delivered", "file")
    assert accountant.finds(document) == [
        ("01-31-00", "1000", "20000.00"),
        ("03-30-00", "4000", "0.30"),
        ("09-68-00", "5000", "0.00"),
    ]
    assert [call.step for call in document.calls.order_by("pk")] == ["csv", "xlsx", "json", "ready"]
    poll()
    document.refresh_from_db()
    assert document.state == "delivered"

    accountant.post(erp_document(document), on=POSTED_ON)
    poll()
    read(story)
    document.refresh_from_db()
    assert (document.state, document.posted_on, document.differs) == ("posted", POSTED_ON, [])
    budget = story.reload()
    assert (budget.state, budget.hold, budget.batches.get().state) == ("locked", "posted", "posted")
    assert "drift" not in budget.hold_data or not budget.hold_data["drift"].get("lines")


def test_the_next_modification_carries_only_what_is_new(story, accountant):
    first = in_the_folder(story, ("01-31-00", "L", "20000.00"), ("03-30-00", "M", "500.00"))
    accountant.post(erp_document(first), on=POSTED_ON)
    poll()
    read(story)
    labor, material = story.reload().lines.order_by("pk")
    story.modify("Shift", (labor, "-100.00"), (material, "100.00"))
    batch = story.send()
    read(story)
    story.accept(batch)
    deliver()
    second = Document.objects.get(batch=batch)
    assert accountant.finds(second) == [("01-31-00", "1000", "-100.00"), ("03-30-00", "4000", "100.00")]


def test_other_amounts_than_were_sent_are_shown_line_by_line(story, accountant):
    document = in_the_folder(story, ("01-31-00", "L", "20000.00"), ("03-30-00", "M", "500.00"))

    def fill(rows: list[dict[str, str]]) -> None:
        rows[1]["Posted"] = "450.00"
        rows[0].update({"Status": "posted", "Posted on": "2026-11-23"})

    accountant.fill_in(erp_document(document), fill)
    poll()
    document.refresh_from_db()
    [differs] = document.differs
    assert (document.state, differs["sent"], differs["found"]) == ("posted", "500.00", "450.00")


def test_a_form_with_a_mistake_changes_nothing_and_says_what_to_put_right(story, accountant):
    document = in_the_folder(story, ("01-31-00", "L", "20000.00"))
    accountant.fill_in(
        erp_document(document), lambda rows: rows[0].update({"Status": "posted", "Posted on": "23.11.2026"})
    )
    poll()
    document.refresh_from_db()
    assert document.state == "delivered"
    assert "Row 2, posted on: '23.11.2026' is no day. Write it like 2026-11-23." in document.waiting_for
    accountant.post(erp_document(document), on=POSTED_ON)
    poll()
    document.refresh_from_db()
    assert (document.state, document.waiting_for) == ("posted", "")


def test_rejected_papers_go_back_to_the_project_manager(story, accountant):
    document = in_the_folder(story, ("01-31-00", "L", "20000.00"))
    accountant.reject(erp_document(document))
    poll()
    document.refresh_from_db()
    assert document.state == "refused"
    aftercare.return_to_pm(
        story.budget.batches.get(), user=story.mira, now=timezone.now(), note="See the form."
    )
    deliver()
    assert (story.reload().state, story.budget.batches.get().state) == ("locked", "returned")


def test_papers_an_accountant_has_stop_for_a_person_who_says_what_became_of_them(story, accountant):
    document = in_the_folder(story, ("01-31-00", "L", "20000.00"))
    batch = story.budget.batches.get()
    accountant.take(erp_document(document))
    aftercare.return_to_pm(batch, user=story.mira, now=timezone.now(), note="A wrong code.")
    deliver()
    document.refresh_from_db()
    assert document.state == "refused"
    assert "Ask whether it was entered." in document.findings[0]["message"]
    assert story.reload().state == "sent"

    accountant.reject(erp_document(document))  # the person says: it was not entered
    batch.refresh_from_db()
    aftercare.return_to_pm(batch, user=story.mira, now=timezone.now(), note="It was not entered.")
    deliver()
    assert (story.reload().state, story.budget.batches.get().state) == ("locked", "returned")


def test_an_approver_may_confirm_by_hand_what_nobody_returns(story, accountant):
    in_the_folder(story, ("01-31-00", "L", "20000.00"))
    batch = story.budget.batches.get()
    story.poll()  # the folder holds no form: that is no "not posted"
    confirmations.confirm_posted(
        batch, user=story.mira, now=timezone.now(), note="Seen in the ledger, batch 41."
    )
    assert (story.reload().state, story.budget.batches.get().state) == ("locked", "posted")


# -- the way out -------------------------------------------------------------------------------------------


def test_a_company_moves_from_cmic_to_files_and_goes_on_where_it_was(cmic: Simulator, tmp_path, settings):
    story = begin(cmic, status="I")
    labor, material = story.add_line("01-31-00", "L", "20000.00"), story.add_line("03-30-00", "M", "500.00")
    story.lock()
    story.accept(story.send())
    story.work()
    story.post_everything()
    story.poll()
    assert story.reload().hold == "posted"

    accountant = Accountant(tmp_path)
    held = ([JOB, "01-31-00", "1000", "20000.00", "20000.00"], [JOB, "03-30-00", "4000", "500.00", "500.00"])
    accountant.export_all(budget=held)
    with override_settings(ERP_BACKENDS=settings.ERP_BACKENDS | {"file": accountant.backend_entry()}):
        now, writes = timezone.now(), len(cmic.journal())
        moved = switching.switch_erp(
            story.connection, user=story.jonas, now=now, alias="file", erp_company=COMPANY
        )
        assert connections.verify(moved, user=story.jonas, now=now) == []
        moved.refresh_from_db()
        sync.sync_company(moved, now=now)
        linking.confirm_cost_types(moved, user=story.jonas, now=now)
        story.reload()
        labor.refresh_from_db(), material.refresh_from_db()
        story.modify("Shift", (labor, "-100.00"), (material, "100.00"))
        batch = story.send()
        story.accept(batch)
        deliver()
        document = Document.objects.get(batch=batch)
        assert accountant.finds(document) == [("01-31-00", "1000", "-100.00"), ("03-30-00", "4000", "100.00")]
        accountant.post(erp_document(document), on=POSTED_ON)
        poll()
        assert story.reload().hold == "posted"
        assert sum((c.amount for c in labor.changes.all()), Decimal(0)) == Decimal("-100.00")
        assert len(cmic.journal()) == writes, "CMiC was not asked for anything any more"


def test_a_newcomer_sets_a_company_up_from_the_folder_alone(accountant, settings):
    person("nora", "Nora", "Lind")
    said = StringIO()
    call_command("sync_erp", "001", "--create", "--admin", "nora", "--confirm-cost-types", stdout=said)
    assert "Company 001 Acme Builders (USD) is set up." in said.getvalue()
    assert "is read and ready to send" in said.getvalue()
    settings.ERP_BACKENDS = settings.ERP_BACKENDS | {"second": accountant.backend_entry()}
    with pytest.raises(
        CommandError, match="Several ERPs are configured: file, second. Choose one with --alias."
    ):
        call_command("sync_erp", "002", "--create")
