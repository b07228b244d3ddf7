"""What will be sent, sending it, and the batch afterwards, as the project manager sees it."""

import re

import pytest

from tests.browser_pages.conftest import Desk, words
from tests.support.scene import accept, deliver, lock, post, read, reject, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def locked(desk: Desk) -> Desk:
    lock(desk.scene)
    return desk


def sent_back(desk: Desk) -> None:
    reject(
        desk.scene,
        send(desk.scene),
        reason_code="coding",
        reason="Please look at the concrete.",
        remarks={desk.concrete.pk: "Is this material?"},
    )


def test_before_sending_the_page_shows_documents_amounts_and_who_decides(locked: Desk) -> None:
    page = words(locked.get("preview"))
    assert "Original budget" in page
    assert "92,500.75" in page
    assert "Jonas Lindqvist, Mira Osei or Tom Baptiste" in page
    assert "about" in page


def test_before_the_erp_was_read_the_page_says_that_amounts_are_worked_out_later(locked: Desk) -> None:
    page = words(locked.get("preview"))
    assert "This is exactly what goes" not in page
    assert "What CMiC holds of this job was not read yet." in page
    read(locked.scene)
    page = words(locked.get("preview"))
    assert "This is exactly what goes to accounting" in page
    assert "was not read yet" not in page


def test_lines_that_stay_as_they_are_are_folded_until_they_are_asked_for(locked: Desk) -> None:
    for number, place in ((0, ("preview",)), (1, ("batch", 1))):
        if number:
            send(locked.scene)
        page = words(locked.get(*place))
        assert "1 line unchanged" in page and page.count('data-label="Counted already"') == 5
        whole = words(locked.get(*place, lines="all"))
        assert "unchanged" not in whole and whole.count('data-label="Counted already"') == 6


def test_sending_takes_the_note_along_and_says_who_decides_now(locked: Desk) -> None:
    answer = locked.send("preview", note="As agreed on Tuesday")
    page = words(locked.client.get(answer["Location"]))
    assert "Batch 1 waits for Jonas Lindqvist, Mira Osei or Tom Baptiste." in page
    assert "Waiting for accounting" in page
    assert "Retrieve from ERP" in page
    assert locked.scene.budget.batches.get().note == "As agreed on Tuesday"


def test_sending_twice_with_the_same_form_is_one_batch(locked: Desk) -> None:
    page = words(locked.get("preview"))
    form = page[page.index('id="send-form"') :]
    submission = re.search(r'name="submission" value="([^"]+)"', form)
    assert submission is not None
    answers = [locked.client.post(locked.url("preview"), {"submission": submission[1]}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert locked.scene.budget.batches.count() == 1


def test_a_second_send_from_another_window_is_refused_with_the_reason(locked: Desk) -> None:
    locked.send("preview")
    refused = locked.send("preview")
    assert refused.status_code == 409
    page = words(refused)
    assert "waits for accounting to decide" in page
    assert "Batch 1 of Quay Street" in page and "This is exactly what goes" not in page
    assert "Who can change it: you" in page


def test_retrieving_asks_first_and_brings_the_budget_back(locked: Desk) -> None:
    locked.send("preview")
    assert "Pull the batch back before accounting decides?" in words(locked.get("act", "retrieve"))
    answer = locked.send("act", "retrieve")
    assert "Batch 1 is back with you." in words(locked.client.get(answer["Location"]))


def test_retrieving_after_the_decision_says_who_was_faster(locked: Desk) -> None:
    sent_back(locked)
    refused = locked.send("act", "retrieve")
    assert refused.status_code == 409
    assert "Mira Osei" in words(refused)


def test_a_rejections_remark_stands_at_its_line_and_can_be_answered_there(locked: Desk) -> None:
    sent_back(locked)
    page = words(locked.get("page"))
    assert "Sent back" in page
    assert "Mira Osei remarked</strong>: Is this material?" in page
    remark = locked.scene.budget.batches.get().remarks.get()
    locked.send("answer_remark", remark.pk, answer="Yes, the labor is another line.", back="page")
    page = words(locked.get("page"))
    assert "Dana Reyes answered" in page
    assert "not answered" not in page


def test_an_empty_answer_is_not_taken(locked: Desk) -> None:
    sent_back(locked)
    remark = locked.scene.budget.batches.get().remarks.get()
    answer = locked.send("answer_remark", remark.pk, answer="  ", back="page")
    assert answer.status_code == 422
    assert "Write an answer, or change the line." in words(answer)


def test_an_answer_given_meanwhile_is_not_replaced_unread_and_may_be_changed_on_purpose(locked: Desk) -> None:
    sent_back(locked)
    remark = locked.scene.budget.batches.get().remarks.get()
    locked.send("answer_remark", remark.pk, answer="Yes, the labor is another line.", back="page")
    stale = locked.send("answer_remark", remark.pk, answer="No, it is labor.", back="page")
    page = words(stale)
    assert stale.status_code == 409
    assert "Dana Reyes has answered this remark already." in page
    assert "Yes, the labor is another line." in page and 'value="No, it is labor."' in page
    remark.refresh_from_db()
    assert remark.answer == "Yes, the labor is another line."
    seen = remark.answered_at.isoformat()
    assert "Change the answer" in words(locked.get("batch", 1))
    locked.send("answer_remark", remark.pk, answer="No, it is labor.", seen=seen, back="batch")
    page = words(locked.get("batch", 1))
    assert "No, it is labor." in page and "Changed the answer to the remark on 03-30-00 M" in page


def test_a_batch_page_keeps_the_snapshot_the_reason_and_what_happened(locked: Desk) -> None:
    sent_back(locked)
    page = words(locked.get("batch", 1))
    assert "Sent back by Mira Osei: Wrong cost code or cost type" in page
    assert "Please look at the concrete." in page
    assert "Sent batch 1 to accounting" in page
    assert "40,000.00" in page
    assert "Batch 1" in words(locked.get("batches"))


def test_the_progress_of_a_batch_is_told_only_when_it_moved(locked: Desk) -> None:
    batch = send(locked.scene)
    asked = re.search(r'hx-get="([^"]+)"', words(locked.get("batch", 1)))
    assert asked is not None
    assert locked.client.get(asked[1]).status_code == 204
    accept(locked.scene, batch)
    moved = locked.client.get(asked[1])
    assert moved.status_code == 200
    assert "Accepted, exporting" in words(moved)


def test_a_posted_budget_has_nothing_to_send_and_says_so(locked: Desk) -> None:
    batch = send(locked.scene)
    accept(locked.scene, batch)
    deliver(batch)
    post(batch)
    page = words(locked.get("page"))
    assert "Posted" in page
    assert "Nothing is new since the last posting" in page
    assert "to do before sending" not in page
    assert locked.send("preview").status_code == 409
