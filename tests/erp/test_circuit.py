"""An ERP that is silent is left in peace: one probe at a time asks, people see it, and its first answer ends it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from budgets.states import state_of
from erp import bell, tasks
from erp.backends import forget_backends
from erp.delivery import circuit, outbox, silence
from erp.models import Circuit, Connection, Document, DocumentState, ErpReading, Notice, ReadingState
from erp.port import (
    CostTypeRow,
    ErpCompany,
    ErpDocument,
    ErpMisconfigured,
    ErpNotYet,
    ErpRefused,
    ErpUnavailable,
    Finding,
    Journal,
    Posting,
    PostingState,
    Reading,
    Receipt,
)
from erp.posting import polling as posting
from erp.setup import connection_actions
from erp.setup import stopping as connections
from erp.sync import readings
from erp.sync import syncing as sync
from tests.support import scene as acts
from tests.support.paper import PaperErp
from tests.support.scene import MAIN, Scene
from workflow import events
from workflow.actions import ActionBlocked
from workflow.templatetags.figures import plain_moment_in

pytestmark = pytest.mark.django_db(transaction=True)
CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")
BACKENDS = {"paper": {"BACKEND": "tests.erp.test_circuit.Moody"}}


class Mood:
    """What the next calls meet, and how many calls there were."""

    raises: Exception | None = None
    calls = 0


class Moody(PaperErp):
    """Answers, or raises what `Mood` says."""

    def _meet(self) -> None:
        Mood.calls += 1
        if Mood.raises is not None:
            raise Mood.raises

    def reading(self, company: ErpCompany, jobs: Any) -> Reading:
        self._meet()
        return super().reading(company, jobs)

    def push(self, document: ErpDocument, journal: Journal) -> Receipt:
        self._meet()
        return Receipt(document.number, "paper", len(document.lines), document.net)

    def find(self, document: ErpDocument) -> Receipt | None:
        self._meet()
        return None

    def postings(self, documents: Any) -> list[Posting]:
        self._meet()
        return [Posting(document.number, PostingState.WAITING) for document in documents]

    def cost_types(self, company: ErpCompany, **since: object) -> Any:
        self._meet()
        yield CostTypeRow("1000", "Labor", True)

    def check(self, company: ErpCompany) -> list[str]:
        self._meet()
        return []


DOWN = ErpUnavailable("nobody listens there")


@pytest.fixture
def moody(scene: Scene, settings: LazySettings) -> Scene:
    """The scene, whose ERP has moods; one batch with three modifications is accepted."""
    settings.ERP_BACKENDS = BACKENDS
    forget_backends()
    Mood.raises, Mood.calls = None, 0
    acts.lock(scene)
    for title in ("one", "two", "three"):
        acts.modify(scene, title, (CONCRETE, "-5.00"), (CARPET, "5.00"))
    acts.accept(scene, acts.send(scene))
    return scene


def work(*, times: int = 1) -> None:
    """Workers take every document whose time has come, and their time has come."""
    for _ in range(times):
        Document.objects.filter(not_before__isnull=False).update(not_before=Now())
        for key in Document.objects.order_by("item__position").values_list("pk", flat=True):
            outbox.work_on(key)


def goes_silent(scene: Scene) -> Circuit:
    """Five calls in a row find nobody."""
    Mood.raises = DOWN
    work(times=5)
    return Circuit.objects.get(connection=scene.connection)


def ages(**by: float) -> None:
    """Let time pass for the circuit: its moments lie that much further back."""
    gone = timedelta(**by)
    rows = Circuit.objects.filter(opened_at__isnull=False)
    rows.update(
        ask_at=F("ask_at") - gone, opened_at=F("opened_at") - gone, silent_since=F("silent_since") - gone
    )
    rows.filter(asked_at__isnull=False).update(asked_at=F("asked_at") - gone)


def calls_of(act: Any) -> int:
    """How often the ERP was called meanwhile."""
    before = Mood.calls
    act()
    return Mood.calls - before


def probe(scene: Scene) -> bool:
    return connections.probe(Connection.objects.get(pk=scene.connection.pk), now=timezone.now())


# -- opening ------------------------------------------------------------------------------------------------


def test_five_calls_in_a_row_that_find_nobody_open_it_and_then_nobody_calls(moody: Scene):
    Mood.raises = DOWN
    for number in range(1, 5):
        work()
        assert circuit.open_circuit(moody.connection) is None, number
    found = goes_silent(moody)
    assert (found.failures, found.because) == (5, "nobody listens there")
    assert found.opened_at and found.ask_at
    tries = set(Document.objects.values_list("attempts", flat=True))
    assert calls_of(lambda: work(times=3)) == 0
    assert set(Document.objects.values_list("attempts", flat=True)) == tries


def test_polls_readings_syncs_and_probes_of_documents_do_not_call_either(moody: Scene):
    goes_silent(moody)
    first, second = Document.objects.order_by("pk")[:2]
    Document.objects.filter(pk=first.pk).update(
        state="sending", claim="00000000-0000-0000-0000-000000000001", lease_until=Now()
    )
    outbox.unconfirm(Document.objects.get(pk=first.pk), timezone.now, "no answer")
    reading = ErpReading.objects.create(budget=moody.budget, asked_at=timezone.now())

    def everybody_asks() -> None:
        work()
        posting.poll(now=timezone.now(), documents=[second])
        tasks.sync_reference_data(moody.connection.pk)
        readings.make(reading, now=timezone.now())
        with pytest.raises(ErpUnavailable):
            sync.sync_company(moody.connection, now=timezone.now())

    assert calls_of(everybody_asks) == 0
    reading.refresh_from_db()
    assert reading.state == ReadingState.FAILED
    assert "CMiC does not answer; Tieback keeps asking" in reading.error


@pytest.mark.parametrize(
    "answer", [ErpNotYet("the job is not started"), ErpRefused([Finding("no", "Not this one.")])]
)
def test_an_erp_that_says_no_or_not_yet_has_answered(moody: Scene, answer: Exception):
    Mood.raises = DOWN
    work(times=4)
    Mood.raises = answer
    work()
    Mood.raises = DOWN
    work(times=1)
    assert circuit.open_circuit(moody.connection) is None


def test_told_to_stay_away_for_ten_minutes_everybody_does(moody: Scene):
    Mood.raises = ErpUnavailable("HTTP 503", retry_after=600)
    work()
    assert Mood.calls == 2  # the reading of the page, and one document
    Mood.raises = None
    ages(seconds=590)
    assert circuit.probes_due() == []
    assert calls_of(lambda: probe(moody)) == 0
    ages(seconds=15)
    assert circuit.probes_due() == [moody.connection.pk]
    assert probe(moody)
    work()
    assert set(Document.objects.values_list("state", flat=True)) == {DocumentState.DELIVERED}


def test_a_worker_that_did_not_ask_says_nothing_of_the_erp(moody: Scene):
    Mood.raises = ErpUnavailable("too many calls wait for their turn", retry_after=600, asked=False)
    work(times=7)
    assert circuit.open_circuit(moody.connection) is None


def test_a_wrong_password_stops_the_connection_as_ever(moody: Scene):
    Mood.raises = ErpMisconfigured("HTTP 401")
    work(times=6)
    assert calls_of(work) == 0
    moody.connection.refresh_from_db()
    assert moody.connection.stopped_at
    assert circuit.open_circuit(moody.connection) is None


# -- probing ------------------------------------------------------------------------------------------------


def test_while_it_is_open_one_probe_at_a_time_asks_and_ever_more_rarely(moody: Scene):
    goes_silent(moody)
    seen = []
    for _ in range(6):
        asks_at = Circuit.objects.get().ask_at
        assert asks_at is not None
        seen.append(round((asks_at - timezone.now()).total_seconds(), -1))
        assert calls_of(lambda: probe(moody)) == 0  # not due yet
        Circuit.objects.update(ask_at=Now())
        assert calls_of(lambda: probe(moody)) == 1
    assert seen == [60, 120, 240, 300, 300, 300]


def test_two_workers_do_not_probe_at_once(moody: Scene):
    goes_silent(moody)
    Circuit.objects.update(ask_at=Now())
    assert [circuit.take_probe(moody.connection) for _ in range(3)] == [True, False, False]


def test_the_sweep_rings_for_the_probe_that_is_due(moody: Scene, monkeypatch: pytest.MonkeyPatch):
    rung: list[tuple[Any, ...]] = []
    monkeypatch.setattr(bell, "ring", lambda *what: rung.append(what))
    goes_silent(moody)
    outbox.sweep()
    assert ("probe_connection", moody.connection.pk) not in rung
    ages(minutes=2)
    outbox.sweep()
    assert ("probe_connection", moody.connection.pk) in rung
    assert calls_of(lambda: tasks.probe_connection(moody.connection.pk)) == 1


def test_a_probe_that_is_not_let_in_stops_the_connection(moody: Scene):
    goes_silent(moody)
    Circuit.objects.update(ask_at=Now())
    Mood.raises = ErpMisconfigured("HTTP 403")
    assert not probe(moody)
    moody.connection.refresh_from_db()
    assert moody.connection.stopped_because == "HTTP 403"
    ages(minutes=10)
    assert circuit.probes_due() == []


# -- closing ------------------------------------------------------------------------------------------------


def test_the_first_answer_closes_it_and_everything_goes_on(moody: Scene):
    goes_silent(moody)
    Mood.raises = None
    ages(minutes=2)
    assert probe(moody)
    row = Circuit.objects.get()
    assert (row.failures, row.silent_since, row.opened_at, row.ask_at) == (0, None, None, None)
    work()
    assert set(Document.objects.values_list("state", flat=True)) == {DocumentState.DELIVERED}
    said = [event.sentence for event in events.events_about(moody.connection)]
    assert said[-2:] == ["CMiC does not answer; Tieback keeps asking", "CMiC answers again"]


def test_an_administrators_check_goes_through_and_counts_as_an_answer(moody: Scene):
    goes_silent(moody)
    assert connections.verify(moody.connection, user=moody.jonas, now=timezone.now()) == [str(DOWN)]
    assert circuit.open_circuit(moody.connection)
    Mood.raises = None
    assert connections.verify(moody.connection, user=moody.jonas, now=timezone.now()) == []
    assert circuit.open_circuit(moody.connection) is None


# -- people -------------------------------------------------------------------------------------------------


def test_project_manager_and_approver_read_since_when_and_that_nothing_is_lost(moody: Scene, client: Client):
    goes_silent(moody)
    moody.reload()
    batch = moody.budget.batches.get()
    for user, page in (
        (moody.dana, reverse("budgets:page", args=[moody.project.pk])),
        (moody.mira, reverse("admin:erp_batch_change", args=[batch.pk])),
        (moody.jonas, reverse("admin:erp_connection_change", args=[moody.connection.pk])),
    ):
        client.force_login(user)
        shown = client.get(page).content.decode()
        assert "CMiC has not answered since" in shown, page
        assert "Tieback asks again at" in shown
        assert f"Nothing is lost, {Document.objects.count()} documents wait." in shown
    assert "Try now" in shown
    Mood.raises = None
    ages(minutes=2)
    probe(moody)
    assert "has not answered" not in client.get(page).content.decode()


def test_no_page_calls_the_erp(moody: Scene, client: Client):
    goes_silent(moody)
    ages(minutes=10)
    batch = moody.budget.batches.get()
    client.force_login(moody.jonas)

    def look() -> None:
        for page in (
            reverse("budgets:page", args=[moody.project.pk]),
            reverse("admin:erp_batch_changelist"),
            reverse("admin:erp_batch_change", args=[batch.pk]),
            reverse("admin:erp_connection_change", args=[moody.connection.pk]),
        ):
            assert client.get(page).status_code == 200
        client.post(reverse("admin:erp_connection_act", args=[moody.connection.pk, "try_now"]))

    assert calls_of(look) == 0


def test_try_now_asks_at_once_but_never_twice_within_half_a_minute(
    moody: Scene, monkeypatch: pytest.MonkeyPatch
):
    rung: list[tuple[Any, ...]] = []
    monkeypatch.setattr(connection_actions.bell, "ring", lambda *what: rung.append(what))
    goes_silent(moody)
    with pytest.raises(ActionBlocked):
        connection_actions.ask_to_try(moody.connection, user=moody.mira, now=timezone.now())
    connection_actions.ask_to_try(moody.connection, user=moody.jonas, now=timezone.now())
    assert ("probe_connection", moody.connection.pk) in rung
    assert calls_of(lambda: probe(moody)) == 1
    connection_actions.ask_to_try(moody.connection, user=moody.jonas, now=timezone.now())
    assert calls_of(lambda: probe(moody)) == 0
    ages(seconds=31)
    assert calls_of(lambda: probe(moody)) == 1
    (pressed, _) = events.events_about(moody.connection).filter(action="try_now")
    assert pressed.actor == "Jonas Lindqvist"


def test_the_admins_get_one_mail_when_it_lasts_and_one_when_it_is_over(moody: Scene):
    goes_silent(moody)
    ages(minutes=14)
    outbox.sweep()
    assert not Notice.objects.filter(to=moody.jonas).exists()
    ages(minutes=2)
    for _ in range(3):
        outbox.sweep()
        probe(moody)
    silent = Notice.objects.get(to=moody.jonas)
    assert "does not answer" in silent.subject
    assert "nobody listens there" in silent.text
    assert "Try now" in silent.text
    since = plain_moment_in(Circuit.objects.get(connection=moody.connection).silent_since, "America/Chicago")
    assert re.fullmatch(r"[A-Z][a-z]+\.? \d+, \d{4}, \d\d:\d\d C[DS]T", since)
    assert f"since {since}:" in silent.text and f"since {since}:" in silent.html
    Mood.raises = None
    Circuit.objects.update(ask_at=Now())
    probe(moody)
    over = Notice.objects.filter(to=moody.jonas).exclude(pk=silent.pk).get()
    assert "answers again" in over.subject
    assert "You need not do anything" in over.text
    assert f"since {since}." in over.text and f"since {since}." in over.html


def test_a_short_silence_sends_no_mail(moody: Scene):
    goes_silent(moody)
    ages(minutes=3)
    outbox.sweep()
    Mood.raises = None
    assert probe(moody)
    outbox.sweep()
    assert not Notice.objects.filter(to=moody.jonas).exists()


def test_after_an_hour_it_needs_attention_and_says_who_does_what_until_it_is_over(moody: Scene):
    goes_silent(moody)
    ages(minutes=50)
    outbox.sweep()
    assert state_of(moody.reload()).code == "exporting"
    ages(minutes=11)
    outbox.sweep()
    word = state_of(moody.reload())
    assert word.code == "attention"
    assert word.words.startswith("Needs attention: CMiC has not answered since")
    assert word.next == "Jonas Lindqvist finds out why. Tieback keeps asking, and nothing is lost."
    Mood.raises = None
    Circuit.objects.update(ask_at=Now())
    probe(moody)
    assert state_of(moody.reload()).code == "exporting"


def test_a_connection_that_answers_has_nothing_to_say(moody: Scene):
    assert silence.silence_of(moody.connection) is None
    assert silence.silence_of(None) is None
