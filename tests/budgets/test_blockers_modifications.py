"""What stops a modification, and how it gets through."""

import pytest
from django.utils import timezone

from budgets import links, services
from budgets.errors import InvalidInput
from budgets.models import Modification
from budgets.modifications import attachments
from erp import services as erp_services
from projects.models import Company
from tests.support import files
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.cases import gone, met, removes, shows, stays
from workflow.actions import ActionBlocked
from workflow.blockers import Kind

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")
BALANCED = (CONCRETE, "-5.00"), (CARPET, "5.00")


def now():
    return timezone.now()


@pytest.fixture
def written(scene):
    """A draft of a transfer, on a locked budget."""
    acts.lock(scene)
    return acts.modify(scene, "buyout", *BALANCED, effective=False)


def make_effective(scene, modification):
    return services.make_effective(modification, user=scene.dana, now=now())


def save(scene, modification, *lines):
    return services.save_modification(
        scene.budget,
        user=scene.dana,
        now=now(),
        title="buyout",
        date=now().date(),
        lines=[(scene.lines[key], acts.Decimal(amount)) for key, amount in lines],
        modification=modification,
    )


@shows("modification_sent")
@removes("modification_sent")
def test_a_modification_under_way_is_frozen_until_its_batch_is_retrieved(scene, written):
    make_effective(scene, written)
    acts.send(scene)
    for action in ("change_modification", "void"):
        found = met(written, action, scene.dana, "modification_sent")
        assert found.kind is Kind.STATE
        assert found.sentence.endswith("under way. Retrieve the batch to change it.")
        assert found.link == links.page(scene.budget, "actions")
    erp_services.retrieve(scene.budget, user=scene.dana, now=now())
    for action in ("change_modification", "void"):
        gone(written, action, scene.dana, "modification_sent")
    services.void_modification(written, user=scene.dana, now=now())


def test_a_posted_modification_is_answered_by_its_opposite(scene, written):
    make_effective(scene, written)
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    acts.post(batch)
    found = met(written, "void", scene.dana, "modification_sent")
    assert found.sentence.endswith("Write one with the opposite amounts instead.")
    acts.modify(scene, "back", (CONCRETE, "5.00"), (CARPET, "-5.00"))
    stays(written, "void", scene.dana, "modification_sent")


@shows("modification_not_draft")
@removes("modification_not_draft")
def test_an_effective_modification_cannot_become_effective_twice_but_a_new_draft_can(scene, written):
    make_effective(scene, written)
    for action in ("make_effective", "delete_modification"):
        found = met(written, action, scene.dana, "modification_not_draft")
        assert found.sentence == "This modification is effective already."
    another = acts.modify(scene, "again", *BALANCED, effective=False)
    gone(another, "make_effective", scene.dana, "modification_not_draft")
    make_effective(scene, another)
    stays(written, "make_effective", scene.dana, "modification_not_draft")


@shows("modification_not_effective")
@removes("modification_not_effective")
def test_a_draft_is_not_voided_until_it_is_effective(scene, written):
    found = met(written, "void", scene.dana, "modification_not_effective")
    assert found.sentence == "This modification is draft; only an effective one is voided."
    make_effective(scene, written)
    gone(written, "void", scene.dana, "modification_not_effective")


@shows("modification_void")
@removes("modification_void")
def test_a_void_modification_is_history_and_a_new_one_takes_its_place(scene, written):
    make_effective(scene, written)
    gone(written, "change_modification", scene.dana, "modification_void")
    services.void_modification(written, user=scene.dana, now=now())
    found = met(written, "change_modification", scene.dana, "modification_void")
    assert found.sentence == "This modification is void. Write a new one."
    new = acts.modify(scene, "instead", *BALANCED)
    assert new.number == 2
    stays(written, "change_modification", scene.dana, "modification_void")


@shows("modification_empty")
@removes("modification_empty")
def test_a_modification_without_amounts_wants_a_line(scene):
    acts.lock(scene)
    bare = Modification.objects.create(
        budget=scene.budget, title="later", date=now().date(), changed_by=scene.dana
    )
    found = met(bare, "make_effective", scene.dana, "modification_empty")
    assert (found.kind, found.link_label) == (Kind.PROBLEM, "Draft modification: later")
    assert found.link == links.modification(bare, scene.project.pk)
    save(scene, bare, *BALANCED)
    gone(bare, "make_effective", scene.dana, "modification_empty")


@shows("modification_unbalanced")
@removes("modification_unbalanced")
def test_a_transfer_out_of_balance_says_by_how_much_and_takes_it_from_another_line(scene):
    acts.lock(scene)
    lame = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "4999.99"), effective=False)
    found = met(lame, "make_effective", scene.dana, "modification_unbalanced")
    assert found.kind is Kind.PROBLEM
    assert "Draft modification: buyout is out of balance by 4,994.99." in found.sentence
    assert "take the difference from another line" in found.sentence
    assert found.link == links.modification(lame, scene.project.pk)
    with pytest.raises(ActionBlocked, match="out of balance by 4,994.99"):
        make_effective(scene, lame)
    save(scene, lame, (CONCRETE, "-5.00"), (CARPET, "5.00"))
    gone(lame, "make_effective", scene.dana, "modification_unbalanced")


def test_a_company_that_allows_changes_of_the_total_takes_an_unbalanced_one(scene):
    acts.lock(scene)
    more = acts.modify(scene, "owner's change", (CONCRETE, "100.00"), effective=False)
    met(more, "make_effective", scene.dana, "modification_unbalanced")
    Company.objects.filter(pk=scene.company.pk).update(allow_total_change=True)
    gone(more, "make_effective", scene.dana, "modification_unbalanced")
    assert make_effective(scene, more).number == 1


def posted(scene):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    acts.post(batch)


@shows("modification_not_posted")
@removes("modification_not_posted")
def test_only_what_was_posted_is_reversed(scene, written):
    make_effective(scene, written)
    found = met(written, "reverse", scene.dana, "modification_not_posted")
    assert "Change it, void it or delete it instead." in found.sentence
    posted(scene)
    gone(written, "reverse", scene.dana, "modification_not_posted")


@shows("modification_reversed")
@removes("modification_reversed")
def test_an_amount_is_taken_back_once_and_again_when_the_first_is_gone(scene, written):
    make_effective(scene, written)
    posted(scene)
    first = services.reverse_modification(written, user=scene.dana, now=now())
    found = met(written, "reverse", scene.dana, "modification_reversed")
    assert found.link == links.modification(first, scene.project.pk)
    assert found.sentence.endswith("Delete that one first, or use it.")
    with pytest.raises(ActionBlocked, match="reversed already"):
        services.reverse_modification(written, user=scene.tom, now=now())
    services.delete_modification(first, user=scene.dana, now=now())
    gone(written, "reverse", scene.dana, "modification_reversed")
    second = make_effective(scene, services.reverse_modification(written, user=scene.dana, now=now()))
    found = met(written, "reverse", scene.dana, "modification_reversed")
    assert "by “Modification 2”. Void that one first" in found.sentence
    services.void_modification(second, user=scene.dana, now=now())
    gone(written, "reverse", scene.dana, "modification_reversed")


def test_a_posted_reversal_is_itself_reversed_but_never_repeated(scene, written):
    make_effective(scene, written)
    posted(scene)
    back = make_effective(scene, services.reverse_modification(written, user=scene.dana, now=now()))
    posted(scene)
    found = met(written, "reverse", scene.dana, "modification_reversed")
    assert found.sentence.endswith("To bring Modification 1 back, reverse that one.")
    gone(back, "reverse", scene.dana, "modification_reversed")
    services.reverse_modification(back, user=scene.dana, now=now())
    stays(written, "reverse", scene.dana, "modification_reversed")


@shows("modification_reversed_by_another")
@removes("modification_reversed_by_another")
def test_of_two_reversals_written_before_only_one_counts(scene, written):
    make_effective(scene, written)
    posted(scene)
    first = services.reverse_modification(written, user=scene.dana, now=now())
    second = acts.modify(scene, "again", (CONCRETE, "5.00"), (CARPET, "-5.00"), effective=False)
    Modification.objects.filter(pk=second.pk).update(reverses=written)
    second.refresh_from_db()
    met(second, "make_effective", scene.dana, "modification_reversed_by_another")
    services.delete_modification(first, user=scene.dana, now=now())
    gone(second, "make_effective", scene.dana, "modification_reversed_by_another")
    make_effective(scene, second)


def test_a_reversal_takes_back_exactly_what_it_says(scene, written):
    make_effective(scene, written)
    posted(scene)
    back = services.reverse_modification(written, user=scene.dana, now=now())
    sub_line = next(key for key in scene.lines if key not in (CONCRETE, CARPET))
    for lines in (
        [(CONCRETE, "6.00"), (CARPET, "-6.00")],
        [(CONCRETE, "5.00")],
        [(CONCRETE, "5.00"), (sub_line, "-5.00")],
    ):
        with pytest.raises(InvalidInput, match="takes back Modification 1, so its lines and amounts stay"):
            save(scene, back, *lines)
    saved = save(scene, back, (CARPET, "-5.00"), (CONCRETE, "5.00"))
    assert (saved.title, saved.reverses) == ("buyout", written)


def attach(scene, modification):
    return attachments.attach(modification, user=scene.dana, now=now(), name="quote.pdf", data=files.PDF)


@shows("too_many_attachments")
@removes("too_many_attachments")
def test_a_modification_holds_so_many_files_and_no_more(scene, written):
    kept = [attach(scene, written) for _ in range(20)]
    found = met(written, "attach", scene.dana, "too_many_attachments")
    assert found.sentence == "This modification has 20 attachments, which is the most. Take one off first."
    attachments.detach(kept[0], user=scene.dana, now=now())
    gone(written, "attach", scene.dana, "too_many_attachments")


@shows("attachment_was_sent")
@removes("attachment_was_sent")
def test_what_accounting_was_sent_stays_and_the_right_one_comes_beside_it(scene, written):
    kept = attach(scene, written)
    make_effective(scene, written)
    acts.send(scene)
    erp_services.retrieve(scene.budget, user=scene.dana, now=now())
    found = met(kept, "detach", scene.dana, "attachment_was_sent")
    assert found.sentence.endswith("so it stays. Attach the right one beside it.")
    attach(scene, written)
    stays(kept, "detach", scene.dana, "attachment_was_sent")
