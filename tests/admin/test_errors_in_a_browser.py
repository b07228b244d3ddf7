"""The errors' pages in a real browser: the preview follows what is typed, a phone is wide enough."""

from django.db import transaction
from django.utils import timezone

from erp.models import Document, UnknownErrorText
from erp.port import Finding
from erp.refusals import unknown_texts
from tests.support import scene as acts
from tests.support.browser import scrolls_sideways, sign_in
from tests.support.scene import MAIN, PASSWORD

RAW = "rejected (HTTP 400): JAF-77014: Phase 03-30-00 sleeps on job 26-0288 " + "verylongword" * 12


def refuse(scene) -> Document:
    """A document refused on one line in words nobody explained."""
    batch = acts.send(scene)
    acts.accept(scene, batch)
    line = batch.items.get().lines.get(line=scene.lines[MAIN, "03-30-00", "M"])
    acts.refuse(batch, "CMiC did not take 03-30-00.", line.pk)
    document = batch.documents.get()
    finding = {**document.findings[0], "raw": RAW}
    Document.objects.filter(pk=document.pk).update(findings=[finding])
    with transaction.atomic():
        told = [Finding(finding["code"], finding["message"], raw=RAW)]
        unknown_texts.note(document, told, connection=scene.connection, now=timezone.now())
    return document


def test_jonas_explains_an_error_and_sees_it_as_he_types(scene, transactional_db, browser_page):
    document = refuse(scene)
    page = browser_page
    sign_in(page, username="jonas", password=PASSWORD)
    page.goto(f"/admin/erp/batch/{document.batch_id}/change/")
    page.click("text=Explain it for everybody")
    page.click("a:has-text('Explain rejected')")
    page.fill("#meaning", "Cost code {cost_code} is asleep on job {job}.")
    page.wait_for_selector("#preview >> text=Choose who puts it right.")
    page.select_option("#who", "erp_accountant")
    page.fill("#steps", "Wake it in CMiC.")
    page.wait_for_selector("#preview >> text=Cost code 03-30-00 is asleep on job 26-0288.")
    page.wait_for_selector("#preview >> text=Wake it in CMiC.")
    page.click("button:has-text('Save explanation')")
    page.wait_for_selector("text=Every error that came so far is explained.")
    page.goto(f"/admin/erp/batch/{document.batch_id}/change/")
    page.wait_for_selector("text=Cost code 03-30-00 is asleep on job 26-0288.")
    page.click("a.code:has-text('26-0288 03-30-00 M')")
    assert page.url.endswith(f"#line-{scene.lines[MAIN, '03-30-00', 'M'].pk}")


def test_at_320_pixels_nothing_of_the_errors_scrolls_sideways(scene, transactional_db, narrow_page):
    document = refuse(scene)
    sign_in(narrow_page, username="jonas", password=PASSWORD)
    errors = f"/admin/erp/errorexplanation/{scene.connection.pk}/"
    text = UnknownErrorText.objects.get().pk
    pages = [errors, f"{errors}explain/?text={text}", f"/admin/erp/batch/{document.batch_id}/change/"]
    for path in [*pages, f"/projects/{scene.project.pk}/budget/"]:
        narrow_page.goto(path)
        assert not scrolls_sideways(narrow_page), path
