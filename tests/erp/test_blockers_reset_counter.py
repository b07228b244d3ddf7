"""Each reason why another entry in the ERP is not believed to have taken a posted document back, on paper."""

from __future__ import annotations

import pytest
from django.utils import timezone

from erp.models import Document, LinkReset
from erp.posting import confirmations
from erp.reset import cutting, resetting
from tests.erp.test_blockers_reset import answered
from tests.support import scene as acts
from tests.support.drift import PLACES
from tests.support.scene import LINES, MAIN, Scene
from tests.workflow.cases import gone, met, met_among, removes, shows
from workflow.actions import ActionBlocked
from workflow.blockers import Kind

NOTE = "Entry COO0900, says Ann in accounting."


def now():
    return timezone.now()


OWN_CREW = (((MAIN, "03-30-00", "L"), "500.00"), ((MAIN, "03-30-00", "M"), "-500.00"))


def paper(scene: Scene, labor: str, material: str) -> None:
    """What the paper holds of all lines, two of them as given."""
    for job, code, kind, amount in LINES:
        there = {(MAIN, "03-30-00", "L"): labor, (MAIN, "03-30-00", "M"): material}.get(
            (job, code, kind), amount
        )
        scene.sheet.hold(job, code, PLACES[kind], there)


def on_paper(scene: Scene) -> tuple[LinkReset, Document, Document]:
    """Original and transfer are posted, and a reset is asked for."""
    acts.lock(scene)
    acts.modify(scene, "Own crew", *OWN_CREW)
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    original, transfer = batch.documents.order_by("item__position")
    asked = resetting.ask_reset(scene.reload(), user=scene.jonas, now=now(), reason="The wrong job.")
    return asked, original, transfer


def said(scene: Scene, asked: LinkReset, document: Document, fate: str = "offset") -> None:
    resetting.speak_of(asked, user=scene.jonas, now=now(), words={document.pk: (fate, NOTE)})


@shows("counter_entry_not_read", "no_counter_entry", "original_taken_back_by_entry")
@removes("counter_entry_not_read", "no_counter_entry", "original_taken_back_by_entry")
def test_each_reason_why_another_entry_is_not_believed_and_how_it_ends(scene: Scene):
    asked, original, transfer = on_paper(scene)
    action, jonas = "speak_of_posted", scene.jonas
    with pytest.raises(ActionBlocked) as refused:
        said(scene, asked, transfer)
    found = met_among(refused.value.blockers, asked, action, jonas, "counter_entry_not_read")
    assert found.kind is Kind.WAITING
    paper(scene, "15500.00", "39500.00")
    acts.read(scene)
    with pytest.raises(ActionBlocked) as refused:
        said(scene, asked, original)
    met_among(refused.value.blockers, asked, action, jonas, "original_taken_back_by_entry")
    with pytest.raises(ActionBlocked) as refused:
        said(scene, asked, transfer)
    met_among(refused.value.blockers, asked, action, jonas, "no_counter_entry")
    paper(scene, "15000.00", "40000.00")
    acts.read(scene)
    said(scene, asked, original, "stays")
    said(scene, asked, transfer)
    for code in ("counter_entry_not_read", "no_counter_entry", "original_taken_back_by_entry"):
        gone(asked, action, jonas, code)
        gone(asked, "confirm_reset", jonas, code)


def test_an_entry_that_is_gone_again_is_neither_confirmed_nor_cut(scene: Scene):
    asked, original, transfer = on_paper(scene)
    paper(scene, "15000.00", "40000.00")
    acts.read(scene)
    said(scene, asked, original, "stays")
    said(scene, asked, transfer)
    paper(scene, "15500.00", "39500.00")
    acts.read(scene)
    found = met(asked, "confirm_reset", scene.jonas, "no_counter_entry")
    assert found.sentence.endswith("Else: have it put right there, or cancel this reset.")
    paper(scene, "15000.00", "40000.00")
    acts.read(scene)
    resetting.confirm_reset(asked, user=scene.jonas, now=now(), typed=MAIN, note="Looked at it.")
    paper(scene, "15500.00", "39500.00")
    acts.read(scene)
    assert cutting.go_on(asked, now=now()).state == "clearing"
    asked.refresh_from_db()
    assert "would hold 15,000.00" in asked.waits_for
    paper(scene, "15000.00", "40000.00")
    acts.read(scene)
    assert cutting.go_on(asked, now=now()).state == "done"


def test_what_was_only_confirmed_by_hand_and_is_not_posted_was_not_taken_back_by_an_entry(scene: Scene):
    acts.lock(scene)
    acts.modify(scene, "Own crew", *OWN_CREW)
    batch = acts.accept(scene, acts.send(scene), by=scene.jonas)
    acts.deliver(batch)
    acts.ask(batch)
    confirmations.confirm_posted(batch, user=scene.jonas, now=now(), note="Posting batch 4711.")
    _, transfer = batch.documents.order_by("item__position")
    asked = resetting.ask_reset(scene.reload(), user=scene.jonas, now=now(), reason="The wrong job.")
    paper(scene, "15000.00", "40000.00")  # as if another entry had taken it back
    acts.read(scene)
    for answer, code in (("", "word_not_looked_up"), ("waiting", "counts_by_a_word_alone")):
        if answer:
            answered(transfer, answer)
        with pytest.raises(ActionBlocked) as refused:
            said(scene, asked, transfer)
        met_among(refused.value.blockers, asked, "speak_of_posted", scene.jonas, code)
    answered(transfer, "posted")
    said(scene, asked, transfer)
