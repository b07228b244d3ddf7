"""What people write is kept whole or refused with a sentence; nothing is cut."""

from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import services as budget_services
from budgets.errors import InvalidInput
from erp import services
from erp.decision import deciding
from erp.delivery import aftercare
from erp.models import Remark
from erp.posting import confirmations
from tests.support import scene as acts

LONG, SENTENCE = "x" * 4_001, "At most 4,000 characters; this has 4,001."


def told(act, *given, by, **more) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        act(*given, user=by, now=timezone.now(), **more)
    return refused.value.errors


def test_a_note_a_reason_a_remark_and_an_answer_have_an_end(scene):
    acts.lock(scene)
    assert told(services.send, scene.budget, by=scene.dana, note=LONG) == {"note": SENTENCE}
    batch = acts.send(scene, note="\r\n".join("x" * 2_000)[:6_000])  # a browser counts a line's end once
    line = next(iter(scene.lines.values()))
    rejection = {"reason_code": "amounts", "reason": LONG, "remarks": {line.pk: LONG}}
    assert told(deciding.reject, batch, by=scene.mira, **rejection) == {
        "reason": SENTENCE,
        "remarks": "A remark has at most 4,000 characters.",
    }
    for act in (aftercare.return_to_pm, confirmations.confirm_posted):
        assert told(act, batch, by=scene.mira, note=LONG) == {"note": SENTENCE}
    acts.reject(scene, batch, remarks={line.pk: "Why?"})
    assert told(services.answer_remark, Remark.objects.get(), by=scene.dana, answer=LONG) == {
        "answer": SENTENCE
    }


def test_a_modification_has_a_title_of_a_line_and_a_note_of_a_page(scene):
    acts.lock(scene)
    given = {
        "title": "x" * 121,
        "note": LONG,
        "date": timezone.localdate(),
        "lines": [(next(iter(scene.lines.values())), Decimal("1.00"))],
    }
    errors = told(budget_services.save_modification, scene.budget, by=scene.dana, **given)
    assert errors == {"title": "At most 120 characters.", "note": SENTENCE}


def test_the_pages_and_the_api_show_the_sentence_and_what_was_typed(scene, client):
    acts.lock(scene)
    client.force_login(scene.dana)
    page = client.post(f"/projects/{scene.project.pk}/budget/send/", {"note": LONG})
    assert page.status_code == 422
    assert SENTENCE in page.content.decode() and LONG in page.content.decode()
    answer = client.post(
        f"/api/v1/budgets/{scene.project.pk}/send/", {"note": LONG}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()) == (400, {"errors": {"note": SENTENCE}})
