"""The scene walks through the whole lifecycle without an ERP."""

from budgets.selectors import state_of, totals
from erp.models import Batch
from tests.support import scene as acts


def test_the_scene_is_as_its_docstring_says(scene):
    assert totals(scene.budget).original == acts.TOTAL
    assert state_of(scene.budget).code == "draft"


def test_a_batch_can_be_walked_from_sent_to_posted(scene):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    assert state_of(scene.reload()).code == "in_erp"
    acts.post(batch)
    assert Batch.objects.get().state == "posted"
    assert state_of(scene.reload()).code == "posted"


def test_a_refused_batch_needs_attention(scene):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.refuse(batch)
    assert state_of(scene.reload()).code == "attention"
