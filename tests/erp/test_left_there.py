"""A document that an approver left in the ERP as somebody had changed it there is never told as taken back."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from pypdf import PdfReader

from budgets.states import state_of
from erp.delivery import verdicts
from erp.evidence.pdf import pdf
from erp.models import Batch, Notice
from tests.erp.test_evidence import pack_of, sealed_anew, verify
from tests.erp.test_returning import choose, edited, is_back
from tests.erp.test_waiting import page
from tests.support.delivery import finish, one
from tests.support.simulator import Simulator
from tests.support.story import Story

pytestmark = pytest.mark.django_db(transaction=True)
STATE = "Left in CMiC, as changed there"


def left(simulator: Simulator) -> tuple[Story, Batch]:
    """Mira asked for a document back, and left it in CMiC as an accountant had changed it."""
    story, batch = edited(simulator)
    client = Client()
    client.force_login(story.mira)
    answer = client.post(
        f"/api/v1/batches/{batch.pk}/leave-in-erp/",
        {"note": "Pat keeps it.", "document": one().pk},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.content
    finish(story)
    is_back(story, batch)
    return story, Batch.objects.get(pk=batch.pk)


def test_every_page_mail_and_the_api_say_that_it_is_still_there(brisk_cmic: Simulator):
    story, batch = left(brisk_cmic)
    hers = page(story.mira, f"/admin/erp/batch/{batch.pk}/change/")
    assert STATE in hers
    assert "0 of 1 document in CMiC, 1 left there, as changed there" in hers
    assert "1 document left in CMiC, as changed there" in page(story.mira, "/admin/erp/batch/?queue=all")
    budget = f"/projects/{story.project.pk}/budget/"
    for shown in (hers, page(story.dana, f"{budget}batches/{batch.number}/")):
        assert STATE in shown
        assert "aken back" not in shown
    assert "1 document was left in CMiC, as changed there" in page(story.dana, budget)
    assert state_of(story.reload()).next.startswith("Mira Osei returned it. 1 document was left in CMiC")
    mail = Notice.objects.get(kind="return", to=story.dana)
    assert f"but for {one().number}: left in CMiC, as changed there." in mail.text
    client = Client()
    client.force_login(story.mira)
    (item,) = client.get(f"/api/v1/batches/{batch.pk}/").json()["items"]
    assert (item["document"]["state"], item["document"]["left_there"]) == ("withdrawn", True)
    reset = page(
        story.jonas, f"/admin/erp/connection/{story.connection.pk}/projects/{story.project.pk}/reset/"
    )
    assert f'<span class="code">{one().number}</span>. Still in CMiC; the reset does not touch it.' in reset


def test_what_was_taken_out_with_its_changes_is_told_as_taken_back(brisk_cmic: Simulator):
    story, batch = edited(brisk_cmic)
    choose(story, batch, verdicts.take_out_anyway)
    finish(story)
    is_back(story, batch)
    assert "left in CMiC" not in page(story.mira, "/admin/erp/batch/?queue=all")
    hers = page(story.mira, f"/admin/erp/batch/{batch.pk}/change/")
    assert "Taken back" in hers and "0 of 1 document in CMiC, 1 taken back" in hers
    assert STATE not in hers
    assert "left in" not in Notice.objects.get(kind="return", to=story.dana).text


def test_evidence_tells_it_and_packs_of_before_still_hold(brisk_cmic: Simulator, tmp_path):
    _, batch = left(brisk_cmic)
    pack = pack_of(batch)
    printed = PdfReader(io.BytesIO(pdf(pack)))
    text = " ".join(" ".join(sheet.extract_text() for sheet in printed.pages).split())
    assert "withdrawn here and left in CMiC, as changed there, since" in text
    for data in (pack, pdf(pack)):
        assert verify(data, tmp_path, "--against-database").endswith("exit 0")
    pack["documents"][0]["left_there"] = False
    said = verify(sealed_anew(pack), tmp_path)
    assert "that it was left in the ERP is not what the event tells" in said
    del pack["documents"][0]["left_there"]  # as packs were written before
    before = sealed_anew(pack)
    for data in (before, pdf(before)):
        assert verify(data, tmp_path, "--against-database").endswith("exit 0")
