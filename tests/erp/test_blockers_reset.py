"""The reset of a link: each reason why it, its confirmation or what follows is not to be had, and how that ends."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from erp import services
from erp.models import Document, JobLink, LinkReset
from erp.posting import confirmations
from erp.reset import cutting, resetting
from projects.models import Company, ErpLevel, Membership
from tests.erp.test_waiting import page
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.cases import gone, met, met_among, removes, shows
from workflow.actions import SYSTEM, ActionBlocked
from workflow.blockers import Kind
from workflow.models import Event


def now():
    return timezone.now()


def ask(scene, by=None) -> LinkReset:
    return resetting.ask_reset(scene.reload(), user=by or scene.jonas, now=now(), reason="The wrong job.")


def confirm(scene, reset, by=None) -> LinkReset:
    return resetting.confirm_reset(reset, user=by or scene.jonas, now=now(), typed=MAIN, note="Looked at it.")


def cut(scene) -> LinkReset:
    return cutting.go_on(confirm(scene, ask(scene)), now=now())


def posted(scene):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    acts.post(batch)
    scene.reload()
    return Document.objects.get()


def reset_page(scene) -> str:
    return f"/admin/erp/connection/{scene.connection.pk}/projects/{scene.project.pk}/reset/"


def say(scene, reset, document, fate="stays"):
    words = {document.pk: (fate, "Ann in accounting knows.")}
    return resetting.speak_of(reset, user=scene.jonas, now=now(), words=words)


def test_a_link_is_the_erp_admins(scene):
    for action in ("reset_link", "link_again"):
        found = met(scene.budget, action, scene.mira, "not_erp_admin")
        assert found.sentence == "You are no ERP admin of Northgate Builders. Ask Jonas Lindqvist."
        met(scene.budget, action, scene.olga, "not_erp_admin")
    reset = ask(scene)
    for action in ("confirm_reset", "cancel_reset", "speak_of_posted"):
        met(reset, action, scene.mira, "not_erp_admin")
    Membership.objects.filter(user=scene.mira).update(erp_level=ErpLevel.ADMIN)
    gone(scene.budget, "reset_link", scene.mira, "not_erp_admin")
    gone(reset, "confirm_reset", scene.mira, "not_erp_admin")


@shows("nothing_linked", "linked_already")
@removes("nothing_linked", "linked_already")
def test_what_is_linked_is_reset_and_what_is_not_is_linked(scene):
    found = met(scene.budget, "link_again", scene.jonas, "linked_already")
    assert found.sentence == f"This project is linked to job {MAIN}. Reset that link first."
    assert cut(scene).state == "done"
    gone(scene.budget, "link_again", scene.jonas, "linked_already")
    met(scene.budget, "reset_link", scene.jonas, "nothing_linked")
    resetting.link_again(scene.reload(), user=scene.jonas, now=now(), job_code=MAIN)
    gone(scene.budget, "reset_link", scene.jonas, "nothing_linked")


@shows("link_reset_open")
@removes("link_reset_open")
def test_one_reset_at_a_time(scene):
    reset = ask(scene)
    found = met(scene.budget, "reset_link", scene.jonas, "link_reset_open")
    assert (found.kind, found.since) == (Kind.WAITING, reset.asked_at)
    assert found.link == f"/admin/erp/connection/{scene.connection.pk}/projects/{scene.project.pk}/reset/"
    resetting.cancel_reset(reset, user=scene.jonas, now=now())
    gone(scene.budget, "reset_link", scene.jonas, "link_reset_open")


@shows("link_being_reset")
@removes("link_being_reset")
def test_nothing_is_sent_while_what_was_sent_is_taken_out(scene):
    acts.lock(scene)
    reset = ask(scene)
    gone(scene.budget, "send", scene.dana, "link_being_reset")
    confirm(scene, reset)
    met(scene.budget, "send", scene.dana, "link_being_reset")
    resetting.cancel_reset(reset, user=scene.jonas, now=now())
    gone(scene.budget, "send", scene.dana, "link_being_reset")


@shows("reset_not_clearing")
@removes("reset_not_clearing")
def test_a_batch_is_taken_out_only_while_a_reset_is_under_way(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    reset = ask(scene)
    met(batch, "clear_for_reset", SYSTEM, "reset_not_clearing")
    seen_by_a_worker = confirm(scene, reset)
    gone(batch, "clear_for_reset", SYSTEM, "reset_not_clearing")
    resetting.cancel_reset(reset, user=scene.jonas, now=now())
    met(batch, "clear_for_reset", SYSTEM, "reset_not_clearing")
    assert cutting.go_on(seen_by_a_worker, now=now()).state == "cancelled"
    assert Document.objects.get().state == "delivered", "what was cancelled takes nothing out"
    cutting.go_on(confirm(scene, ask(scene)), now=now())
    assert Document.objects.get().state == "withdrawing"


@shows("batch_waits_for_decision", "batch_waits_at_reset")
@removes("batch_waits_for_decision", "batch_waits_at_reset")
def test_a_waiting_batch_is_decided_first(scene):
    reset = ask(scene)
    acts.send(scene)
    found = met(reset, "confirm_reset", scene.jonas, "batch_waits_at_reset")
    assert found.sentence == "Batch 1 waits for a decision. Have it rejected or retrieved first."
    met(scene.budget, "reset_link", scene.jonas, "batch_waits_for_decision")
    services.retrieve(scene.reload(), user=scene.dana, now=now())
    gone(reset, "confirm_reset", scene.jonas, "batch_waits_at_reset")
    gone(scene.budget, "reset_link", scene.jonas, "batch_waits_for_decision")


@shows("reset_needs_another")
@removes("reset_needs_another")
def test_whoever_asked_does_not_confirm_where_another_admin_can(scene):
    reset = ask(scene)
    gone(reset, "confirm_reset", scene.jonas, "reset_needs_another")
    Membership.objects.filter(user=scene.mira).update(erp_level=ErpLevel.ADMIN)
    found = met(reset, "confirm_reset", scene.jonas, "reset_needs_another")
    assert found.sentence == "You asked for this reset, so another ERP admin confirms it. Ask Mira Osei."
    gone(reset, "confirm_reset", scene.mira, "reset_needs_another")
    Company.objects.filter(pk=scene.company.pk).update(four_eyes=False)
    gone(reset, "confirm_reset", scene.jonas, "reset_needs_another")


@shows("posted_not_spoken_of", "nothing_to_speak_of")
@removes("posted_not_spoken_of", "nothing_to_speak_of")
def test_of_each_posted_document_somebody_says_what_becomes_of_it(scene):
    reset = ask(scene)
    met(reset, "speak_of_posted", scene.jonas, "nothing_to_speak_of")
    document = posted(scene)
    gone(reset, "speak_of_posted", scene.jonas, "nothing_to_speak_of")
    found = met(reset, "confirm_reset", scene.jonas, "posted_not_spoken_of")
    assert found.sentence.startswith("1 posted document cannot be taken out from here.")
    say(scene, reset, document)
    gone(reset, "confirm_reset", scene.jonas, "posted_not_spoken_of")


def answered(document: Document, answer: str, unanswered: str = "") -> None:
    """A worker asked about it, and this is what came back."""
    at = now()
    Document.objects.filter(pk=document.pk).update(
        asked_at=at, answered_at=at, answer=answer, unanswered=unanswered
    )


@shows("still_stands_there", "reversal_not_looked_up")
@removes("still_stands_there", "reversal_not_looked_up")
def test_nothing_is_called_reversed_that_the_erp_was_not_asked_about_or_still_shows(scene):
    document = posted(scene)
    reset = ask(scene)
    document.refresh_from_db()
    assert document.poll_at is not None, "it is asked about"
    shown = page(scene.jonas, reset_page(scene))
    assert "CMiC: not asked since the reset was asked for; asked again" in shown
    with pytest.raises(ActionBlocked) as refused:
        say(scene, reset, document, "reversed")
    action = "speak_of_posted"
    met_among(refused.value.blockers, reset, action, scene.jonas, "reversal_not_looked_up")
    for answer in ("posted", "posted_different", "waiting"):
        answered(document, answer)
        with pytest.raises(ActionBlocked) as refused:
            say(scene, reset, document, "reversed")
        found = met_among(refused.value.blockers, reset, action, scene.jonas, "still_stands_there")
        assert ("or say that it stays" in found.sentence) == (answer != "waiting"), (
            "that would be refused too"
        )
    assert found.sentence.startswith(
        f"CMiC still shows what is said to be reversed: {document.number} (Original budget): not posted yet."
    )
    answered(document, "absent")
    [word] = say(scene, reset, document, "reversed")
    told = Event.objects.get(action=action).data
    assert told == {document.number: ["reversed", word.note, "not found"]}
    for code in ("still_stands_there", "reversal_not_looked_up"):
        gone(reset, action, scene.jonas, code)


def test_what_was_called_reversed_and_shows_again_is_neither_confirmed_nor_cut(scene):
    document = posted(scene)
    reset = ask(scene)
    answered(document, "absent")
    say(scene, reset, document, "reversed")
    answered(document, "posted")
    found = met(reset, "confirm_reset", scene.jonas, "still_stands_there")
    assert "or cancel this reset" in found.sentence
    answered(document, "absent")
    confirm(scene, reset)
    answered(document, "posted")
    assert cutting.go_on(reset, now=now()).state == "clearing"
    reset.refresh_from_db()
    assert reset.waits_for.startswith("CMiC still shows what is said to be reversed")
    answered(document, "absent")
    assert cutting.go_on(reset, now=now()).state == "done"


def test_where_the_erp_cannot_be_asked_the_word_counts_and_that_is_kept(scene):
    document = posted(scene)
    reset = ask(scene)
    answered(document, "", "The ERP did not answer in time.")
    say(scene, reset, document, "reversed")
    told = Event.objects.get(action="speak_of_posted").data[document.number]
    assert told[2] == "no answer (The ERP did not answer in time.)"


@shows("counts_by_a_word_alone", "word_not_looked_up")
@removes("counts_by_a_word_alone", "word_not_looked_up")
def test_what_was_only_confirmed_by_hand_does_not_stay_before_the_erp_shows_it_posted(scene):
    batch = acts.send(scene)
    acts.accept(scene, batch, by=scene.jonas)
    acts.deliver(batch)
    acts.ask(batch)
    confirmations.confirm_posted(batch, user=scene.jonas, now=now(), note="Posting batch 4711.")
    document = Document.objects.get()
    scene.reload()
    reset = ask(scene)
    shown = page(scene.jonas, reset_page(scene))
    assert "posted, by hand alone" in shown
    assert "1 was only confirmed by hand:" in shown
    action = "speak_of_posted"
    with pytest.raises(ActionBlocked) as refused:
        say(scene, reset, document)
    met_among(refused.value.blockers, reset, action, scene.jonas, "word_not_looked_up")
    answered(document, "", "The ERP did not answer in time.")
    with pytest.raises(ActionBlocked) as refused:
        say(scene, reset, document)
    found = met_among(refused.value.blockers, reset, action, scene.jonas, "word_not_looked_up")
    assert "gives no answer whether it is posted there" in found.sentence
    for answer in ("waiting", "staging"):
        answered(document, answer)
        with pytest.raises(ActionBlocked) as refused:
            say(scene, reset, document)
        found = met_among(refused.value.blockers, reset, action, scene.jonas, "counts_by_a_word_alone")
        assert "CMiC does not count what is said to stay and count" in found.sentence
    answered(document, "posted")
    say(scene, reset, document)
    for code in ("counts_by_a_word_alone", "word_not_looked_up"):
        gone(reset, action, scene.jonas, code)
    answered(document, "waiting")
    found = met(reset, "confirm_reset", scene.jonas, "counts_by_a_word_alone")
    assert "or cancel this reset" in found.sentence
    answered(document, "posted")
    confirm(scene, reset)
    answered(document, "staging")
    assert cutting.go_on(reset, now=now()).state == "clearing"
    reset.refresh_from_db()
    assert reset.waits_for.startswith("CMiC does not count what is said to stay and count")
    answered(document, "posted")
    assert cutting.go_on(reset, now=now()).state == "done"


@shows("reset_confirmed_already", "reset_is_over")
@removes("reset_confirmed_already", "reset_is_over")
def test_what_was_confirmed_or_ended_stays_so(scene):
    reset = ask(scene)
    gone(reset, "cancel_reset", scene.jonas, "reset_is_over")
    confirm(scene, reset)
    found = met(reset, "confirm_reset", scene.jonas, "reset_confirmed_already")
    assert found.sentence == "Jonas Lindqvist confirmed this reset already."
    resetting.cancel_reset(reset, user=scene.jonas, now=now())
    gone(reset, "confirm_reset", scene.jonas, "reset_confirmed_already")
    met(reset, "cancel_reset", scene.jonas, "reset_is_over")
    another = ask(scene)
    gone(another, "cancel_reset", scene.jonas, "reset_is_over")


@pytest.mark.parametrize("change", [{"state": "done"}, {"reason": "Another."}, {"job_code": "X"}])
def test_the_database_keeps_what_was_asked_and_its_order(scene, change):
    reset = ask(scene)
    with pytest.raises(DatabaseError), transaction.atomic():
        LinkReset.objects.filter(pk=reset.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        LinkReset.objects.filter(pk=reset.pk).delete()
    assert JobLink.objects.filter(job__project=scene.project).count() == 2


def test_a_note_that_is_too_short_names_its_document(scene):
    document = posted(scene)
    reset = ask(scene)
    client = Client()
    client.force_login(scene.jonas)
    given = {"document": document.pk, f"fate-{document.pk}": "stays", f"note-{document.pk}": "Ann"}
    refused = client.post(f"{reset_page(scene)}do/speak/", {"reset": reset.pk, **given})
    assert refused.status_code == 422
    wanted = (
        f"{document.number}: say who in accounting knows, or where it is written, in at least 5 characters."
    )
    assert wanted in refused.content.decode()


def test_each_reset_that_is_over_tells_who_confirmed_it(scene):
    for _ in range(2):
        assert cut(scene).state == "done"
        resetting.link_again(scene.reload(), user=scene.jonas, now=now(), job_code=MAIN)
    resetting.cancel_reset(ask(scene), user=scene.jonas, now=now())
    ask(scene)
    told = page(scene.jonas, reset_page(scene)).partition("Resets of this link")[2]
    assert told.count("asked for by Jonas Lindqvist") == 3
    assert told.count("confirmed by Jonas Lindqvist") == 2
