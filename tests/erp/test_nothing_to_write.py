"""A batch that equals what the ERP holds already is posted in the moment it is accepted, and its trail is in order."""

from budgets.states import state_of
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
