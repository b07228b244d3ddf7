"""A batch that equals what the ERP holds already is posted in the moment it is accepted, and its trail is in order."""

from budgets.states import state_of
from erp.models import Notice
from tests.support import scene as acts
from tests.support.scene import LINES, Scene
from workflow.events import events_about

CATEGORIES = {"L": "1000", "M": "2000", "E": "3000", "S": "4000", "O": "5000"}


def test_a_batch_that_changes_nothing_is_accepted_and_then_posted_and_handed_back(scene: Scene):
    for job, code, kind, amount in LINES:
        scene.sheet.hold(job, code, CATEGORIES[kind], amount)
    batch = acts.accept(scene, acts.send(scene))
    assert batch.state == "posted"
    assert (scene.budget.state, scene.budget.hold, state_of(scene.budget).code) == (
        "locked",
        "posted",
        "posted",
    )
    moves = [
        (event.action, event.from_state, event.to_state) for event in events_about(batch) if event.from_state
    ]
    assert moves == [
        ("send", "locked", "sent"),
        ("accept", "waiting", "accepted"),
        ("mark_posted", "accepted", "posted"),
    ]


def test_what_was_never_written_is_told_without_a_number_on_the_pages_and_in_the_mail(scene: Scene, client):
    for job, code, kind, amount in LINES:
        scene.sheet.hold(job, code, CATEGORIES[kind], amount)
    batch = acts.accept(scene, acts.send(scene))
    number = batch.documents.get().number
    notice = Notice.objects.get(kind="posting", to=scene.dana)
    assert "- Original budget, needed no entry in CMiC\n" in notice.text
    assert "Original budget, needed no entry in CMiC</li>" in notice.html
    assert number not in notice.text + notice.html
    of_dana = f"/projects/{scene.project.pk}/budget/batches/{batch.number}/progress/"
    for person, page in ((scene.mira, f"/admin/erp/batch/{batch.pk}/change/"), (scene.dana, of_dana)):
        client.force_login(person)
        shown = client.get(page).content.decode()
        assert '<span class="soft">needed no entry in CMiC</span>' in shown
        assert f'code">{number}<' not in shown, "only its event names it"
