"""Dana puts quotes and mails beside a modification; they go along to accounting and stay as they were sent."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from budgets import services
from budgets.errors import Conflict, InvalidInput
from budgets.models import Attachment, AttachmentContent
from budgets.modifications import attachment_files, attachments
from erp import services as erp_services
from erp.models import BatchAttachment
from tests.support import files
from tests.support import scene as acts
from tests.support.scene import MAIN
from workflow.actions import ActionBlocked
from workflow.models import Event

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")
TRANSFER = (CONCRETE, "-5.00"), (CARPET, "5.00")


@pytest.fixture
def draft(scene):
    """A draft on a locked budget."""
    acts.lock(scene)
    return acts.modify(scene, "buyout", *TRANSFER, effective=False)


def attach(scene, modification, name="quote.pdf", data=files.PDF, who=None):
    return attachments.attach(modification, user=who or scene.dana, now=timezone.now(), name=name, data=data)


# -- what is taken ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("quote.pdf", files.PDF, "application/pdf"),
        ("Site photo.PNG", files.PNG, "image/png"),
        ("photo.jpeg", b"\xff\xd8\xff\xe0" + bytes(9), "image/jpeg"),
        ("scan.tif", b"II*\0" + bytes(9), "image/tiff"),
        ("phone.heic", b"\0\0\0\x18ftypheic" + bytes(9), "image/heic"),
        ("letter.docx", files.DOCX, attachment_files.KINDS["docx"][0]),
        ("bids.xlsx", files.XLSX, attachment_files.KINDS["xlsx"][0]),
        ("old.xls", files.OLE, "application/vnd.ms-excel"),
        ("mail.msg", files.OLE, "application/vnd.ms-outlook"),
        ("mail.eml", files.MAIL, "message/rfc822"),
    ],
)
def test_what_people_send_each_other_is_known_by_its_first_bytes(name, data, kind):
    assert attachment_files.checked(name=name, data=data) == attachment_files.Checked(name, kind)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("quote.pdf", b"", "quote.pdf is empty (0 bytes)."),
        ("quote.pdf", b"<html><script>alert(1)</script>", "quote.pdf is no PDF file"),
        ("photo.png", files.PDF, "photo.png is no PNG file"),
        ("page.html", b"<html>", "page.html is of no kind that is taken: PDF, images"),
        ("drawing.svg", b"<svg onload='x'/>", "drawing.svg is of no kind that is taken"),
        ("setup.exe", b"MZ" + bytes(60), "setup.exe is of no kind that is taken"),
        ("pdf", files.PDF, "pdf is of no kind that is taken"),
        ("bids.xlsx", files.XLSM, "bids.xlsx holds macros. Save it without them"),
        ("bids.xlsx", files.DOCX, "bids.xlsx is no XLSX file"),
        ("bids.xlsx", b"PK\x03\x04cut off", "bids.xlsx is no XLSX file"),
        ("mail.eml", b"<html>From: x\r\n\r\n", "mail.eml is no EML file"),
        ("big.pdf", files.PDF + bytes(10 * 1024 * 1024), "big.pdf has 10.0 MB; at most 10 MB are kept."),
    ],
)
def test_what_is_refused_is_told_with_its_reason(scene, draft, name, data, sentence):
    with pytest.raises(InvalidInput) as told:
        attach(scene, draft, name, data)
    assert told.value.errors["file"].startswith(sentence)
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\quotes\\steel.pdf", "steel.pdf"),
        ("a\u202efdp.exe.pdf", "afdp.exe.pdf"),
        ("two\r\nX-Header: 1.pdf", "two X-Header_ 1.pdf"),
        ("=cmd|'calc'!A0.pdf", "cmd_'calc'!A0.pdf"),
        ('a"<b>.pdf', "a__b_.pdf"),
        ("...pdf", "pdf"),
        ("", "file"),
        ("é" * 200 + ".pdf", "é" * 116 + ".pdf"),
    ],
)
def test_names_are_made_harmless(name, clean):
    assert attachment_files.cleaned(name) == clean


def test_two_files_of_one_name_can_be_told_apart(scene, draft):
    assert [attach(scene, draft).name for _ in range(3)] == ["quote.pdf", "quote (2).pdf", "quote (3).pdf"]


def test_together_they_have_a_limit_too(scene, draft, monkeypatch):
    monkeypatch.setattr(attachment_files, "LARGEST_TOGETHER", len(files.PDF) + 1)
    attach(scene, draft)
    with pytest.raises(InvalidInput, match="Take one off"):
        attach(scene, draft)


# -- who and when -----------------------------------------------------------------------------------------


def test_attaching_is_on_record_and_tells_whoever_looked_before(scene, draft):
    kept = attach(scene, draft, who=scene.tom)
    event = Event.objects.latest("seq")
    assert event.sentence == "Attached quote.pdf to draft modification"
    assert event.data["sha256"] == kept.sha256
    assert attachments.content(kept) == files.PDF
    with pytest.raises(Conflict, match="Tom Baptiste changed this modification"):
        services.make_effective(draft, user=scene.dana, now=timezone.now(), version=draft.version)


def test_a_deleted_draft_takes_its_attachments_along(scene, draft):
    attach(scene, draft)
    services.delete_modification(draft, user=scene.dana, now=timezone.now())
    assert (Attachment.objects.count(), AttachmentContent.objects.count()) == (0, 0)


def test_readers_and_strangers_attach_nothing(scene, draft):
    for who in (scene.ruth, scene.mira, scene.olga):
        with pytest.raises(ActionBlocked, match="You may not write modifications"):
            attach(scene, draft, who=who)


def test_what_was_sent_is_kept_as_the_approver_saw_it(scene, draft):
    first = attach(scene, draft)
    services.make_effective(draft, user=scene.dana, now=timezone.now())
    batch = acts.send(scene)
    for change in (
        lambda: attach(scene, draft, "late.pdf"),
        lambda: attachments.detach(first, user=scene.dana, now=timezone.now()),
    ):
        with pytest.raises(ActionBlocked, match="in a batch that is under way"):
            change()
    erp_services.retrieve(scene.budget, user=scene.dana, now=timezone.now())
    second = attach(scene, draft, "better.pdf")
    with pytest.raises(ActionBlocked, match="Accounting was sent this attachment, so it stays"):
        attachments.detach(first, user=scene.dana, now=timezone.now())
    attachments.detach(second, user=scene.dana, now=timezone.now())
    went_along = BatchAttachment.objects.filter(item__batch=batch)
    assert [row.attachment.name for row in went_along] == ["quote.pdf"]


def test_no_sql_changes_or_removes_what_was_sent(scene, draft):
    kept = attach(scene, draft)
    services.make_effective(draft, user=scene.dana, now=timezone.now())
    acts.send(scene)
    for sql in (
        "DELETE FROM erp_batchattachment",
        "UPDATE budgets_attachment SET name = 'x'",
        "UPDATE budgets_attachment SET was_sent = false",
        "UPDATE budgets_attachmentcontent SET data = ''",
        "DELETE FROM budgets_attachmentcontent; DELETE FROM budgets_attachment",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert attachments.content(kept) == files.PDF


# -- reverse ----------------------------------------------------------------------------------------------


def test_a_posted_modification_is_reversed_by_a_draft_that_knows_it(scene, draft):
    services.make_effective(draft, user=scene.dana, now=timezone.now())
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    opposite = services.reverse_modification(draft, user=scene.dana, now=timezone.now())
    assert (opposite.state, opposite.reverses, opposite.number) == ("draft", draft, None)
    assert opposite.title == "Reverse of modification 1: buyout"
    assert sorted(row.amount for row in opposite.lines.all()) == [Decimal(-5), Decimal(5)]
    assert opposite.lines.get(line=scene.lines[CONCRETE]).amount == 5
    services.make_effective(opposite, user=scene.dana, now=timezone.now())
    assert draft.reversals.get() == opposite
