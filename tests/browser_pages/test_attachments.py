"""Files beside a modification, on its page and in the approver's queue."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from budgets.models import Attachment, Modification
from erp.models import Batch
from tests.browser_pages.conftest import Desk, words
from tests.support import files
from tests.support import scene as acts
from tests.support.scene import MAIN, lock, modify

pytestmark = pytest.mark.django_db
LEGS = ((MAIN, "03-30-00", "M"), "-5.00"), ((MAIN, "03-30-00", "L"), "5.00")


def upload(name: str = "quote.pdf", data: bytes = files.PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="text/html")


@pytest.fixture
def draft(desk: Desk) -> Modification:
    """A draft of Dana's."""
    lock(desk.scene)
    return modify(desk.scene, "Buyout", *LEGS, effective=False)


def the_file_is_only_ever_saved(answer: Any) -> None:
    assert answer.content == files.PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="quote.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_dana_attaches_two_files_and_takes_one_off(desk: Desk, draft: Modification) -> None:
    answer = desk.send("attachment_add", draft.pk, file=[upload(), upload("site.png", files.PNG)])
    page = words(desk.client.get(answer["Location"]))
    assert "Attached quote.pdf, site.png." in page
    quote, photo = Attachment.objects.all()
    the_file_is_only_ever_saved(desk.get("attachment", draft.pk, quote.pk))
    answer = desk.send("attachment_remove", draft.pk, photo.pk)
    assert "Took site.png off." in words(desk.client.get(answer["Location"]))
    assert desk.get("attachment", draft.pk, photo.pk).status_code == 404


def test_one_bad_file_among_good_ones_keeps_none_and_says_which(desk: Desk, draft: Modification) -> None:
    answer = desk.send("attachment_add", draft.pk, file=[upload(), upload("page.pdf", b"<html>")])
    assert answer.status_code == 422
    assert "page.pdf is no PDF file" in words(answer)
    assert "Attached" not in words(answer)
    assert not Attachment.objects.exists()
    assert "Choose a file first." in words(desk.send("attachment_add", draft.pk))


def test_a_stranger_finds_no_file_and_a_reader_downloads_it(desk: Desk, draft: Modification) -> None:
    desk.send("attachment_add", draft.pk, file=upload())
    kept = Attachment.objects.get()
    desk.log_in(desk.scene.olga)
    assert desk.get("attachment", draft.pk, kept.pk).status_code == 404
    assert desk.send("attachment_remove", draft.pk, kept.pk).status_code == 404
    desk.log_in(desk.scene.ruth)
    the_file_is_only_ever_saved(desk.get("attachment", draft.pk, kept.pk))
    assert "You may not write modifications" in words(desk.send("attachment_remove", draft.pk, kept.pk))


def test_the_approver_downloads_what_the_sender_attached(desk: Desk, draft: Modification) -> None:
    desk.send("attachment_add", draft.pk, file=upload())
    desk.send("modification_act", draft.pk, "make_effective", version=2)
    acts.send(desk.scene)
    batch, kept = Batch.objects.get(), Attachment.objects.get()
    mira = Client()
    mira.force_login(desk.scene.mira)
    page = words(mira.get(f"/admin/erp/batch/{batch.pk}/change/"))
    address = f"/admin/erp/batch/{batch.pk}/attachments/{kept.pk}/"
    assert "Sender’s attachments" in page and f'href="{address}">quote.pdf' in page
    the_file_is_only_ever_saved(mira.get(address))
    assert mira.get(f"/admin/erp/batch/{batch.pk}/attachments/{kept.pk + 1}/").status_code == 404
    stranger = Client()
    stranger.force_login(desk.scene.olga)
    assert stranger.get(address).status_code == 404


def test_a_posted_modification_is_reversed_once_on_its_page_and_through_the_api(desk: Desk) -> None:
    lock(desk.scene)
    one = modify(desk.scene, "Buyout", *LEGS)
    batch = acts.accept(desk.scene, acts.send(desk.scene))
    acts.deliver(batch)
    acts.post(batch)
    assert "Write the opposite" in words(desk.get("modification_act", one.pk, "reverse"))
    made = desk.send("modification_act", one.pk, "reverse")["Location"]
    draft = words(desk.client.get(made))
    assert "Reverses <a" in draft and "Reverse of modification 1: Buyout" in draft
    assert "Reversed by" in words(desk.get("modification", one.pk))
    said = "Modification 1 is reversed already"
    for page in (desk.get("modification_act", one.pk, "reverse"), desk.get("modification", one.pk)):
        assert said in words(page) and f'href="{made}"' in words(page)
    assert desk.send("modification_act", one.pk, "reverse").status_code == 409
    api = desk.client.post(f"/api/v1/budgets/{desk.scene.project.pk}/modifications/{one.pk}/reverse/")
    assert (api.status_code, api.json()["blockers"][0]["code"]) == (409, "modification_reversed")
    assert one.reversals.count() == 1


def test_a_reversal_keeps_its_amounts_on_its_page_and_through_the_api(desk: Desk) -> None:
    lock(desk.scene)
    one = modify(desk.scene, "Buyout", *LEGS)
    batch = acts.accept(desk.scene, acts.send(desk.scene))
    acts.deliver(batch)
    acts.post(batch)
    desk.send("modification_act", one.pk, "reverse")
    draft = one.reversals.get()
    said = "This takes back Modification 1, so its lines and amounts stay as they are."
    assert "its lines and amounts stay as they are" in words(desk.get("modification_edit", draft.pk))
    form = {"title": "x", "date": "2026-11-20", "note": "", "version": draft.version, "then": "draft"}
    lines = [str(row.line_id) for row in draft.lines.all()]
    amounts = [str(row.amount) for row in draft.lines.all()]
    refused = desk.send("modification_edit", draft.pk, line=lines, amount=["7.00", "-7.00"], **form)
    assert refused.status_code == 422 and said in words(refused)
    sent = [
        {"line": int(line), "amount": amount} for line, amount in zip(lines, ["7.00", "-7.00"], strict=True)
    ]
    api = desk.client.put(
        f"/api/v1/budgets/{desk.scene.project.pk}/modifications/{draft.pk}/",
        {"title": "x", "date": "2026-11-20", "version": draft.version, "lines": sent},
        content_type="application/json",
    )
    assert api.status_code == 400 and said in api.json()["errors"]["lines"]
    assert desk.send("modification_edit", draft.pk, line=lines, amount=amounts, **form).status_code == 302
    draft.refresh_from_db()
    assert (draft.title, draft.reverses) == ("x", one)


def test_the_api_attaches_hands_out_and_takes_off(desk: Desk, draft: Modification) -> None:
    base = f"/api/v1/budgets/{desk.scene.project.pk}/modifications/{draft.pk}/"
    made = desk.client.post(f"{base}attachments/", {"file": upload()})
    assert (made.status_code, made.json()["name"], made.json()["size"]) == (201, "quote.pdf", len(files.PDF))
    shown = desk.client.get(base).json()["attachments"]
    assert [file["address"] for file in shown] == [made.json()["address"]]
    the_file_is_only_ever_saved(desk.client.get(shown[0]["address"]))
    refused = desk.client.post(f"{base}attachments/", {"file": upload("x.svg", b"<svg/>")})
    assert "x.svg is of no kind" in refused.json()["errors"]["file"]
    assert desk.client.delete(shown[0]["address"]).status_code == 204
    assert desk.client.get(shown[0]["address"]).status_code == 404
