"""An ERP admin reads which errors nobody explained, explains one, and sees beforehand how people will read it."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from erp.models import Document, ErrorExplanation, UnknownErrorText
from erp.port import Advice, Finding, Fixer
from erp.refusals import unknown_texts
from tests.support import scene as acts
from tests.support.scene import MAIN

RAW = "rejected (HTTP 400): JAF-77014: Phase 03-30-00 sleeps <b>."
TYPED = {
    "texts": "Phase {cost_code} sleeps",
    "meaning": "Cost code {cost_code} is asleep.",
    "who": "erp_admin",
    "steps": "Wake it in CMiC.\nPress Retry.",
    "place": "connection",
    "code": "asleep",
    "sample": RAW,
}


def url(scene: Any, rest: str = "") -> str:
    return f"/admin/erp/errorexplanation/{scene.connection.pk}/{rest}"


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


@pytest.fixture
def refused(scene) -> Document:
    """A document that CMiC refused on one line in words nobody explained."""
    batch = acts.send(scene)
    acts.accept(scene, batch)
    line = batch.items.get().lines.get(line=scene.lines[MAIN, "03-30-00", "M"])
    acts.refuse(batch, "CMiC did not take 03-30-00.", line.pk)
    document = batch.documents.get()
    finding = {**document.findings[0], "raw": RAW}
    Document.objects.filter(pk=document.pk).update(findings=[finding])
    document.refresh_from_db()
    with transaction.atomic():
        told = [Finding(finding["code"], finding["message"], raw=RAW)]
        unknown_texts.note(document, told, connection=scene.connection, now=timezone.now())
    return document


def test_the_errors_nobody_explained_are_listed_with_where_they_came_from(scene, desk, refused):
    client = desk(scene.jonas)
    assert client.get("/admin/erp/errorexplanation/").url == url(scene)
    page = text(client.get(url(scene)))
    assert "Errors CMiC gave that nobody explained yet" in page
    assert "JAF-77014 Phase {cost_code} sleeps" in page
    assert "Quay Street, batch 1" in page
    row = UnknownErrorText.objects.get()
    assert f"{url(scene)}explain/?text={row.pk}" in page


def test_the_form_begins_with_the_text_as_it_came(scene, desk, refused):
    row = UnknownErrorText.objects.get()
    page = text(desk(scene.jonas).get(url(scene, f"explain/?text={row.pk}")))
    assert row.text in page and RAW in page


def test_jonas_sees_how_people_will_read_it_before_he_saves(scene, desk, refused):
    client = desk(scene.jonas)
    part = text(client.post(url(scene, "preview/"), TYPED, headers={"HX-Request": "true"}))
    assert part.lstrip().startswith("<section") and "Cost code 03-30-00 is asleep." in part
    assert "an ERP admin (Jonas Lindqvist)" in part and "Wake it in CMiC." in part
    whole = text(client.post(url(scene, "preview/"), TYPED))
    assert "<form" in whole and "Cost code 03-30-00 is asleep." in whole
    other = client.post(url(scene, "preview/"), {**TYPED, "texts": "something else entirely"})
    assert "would not explain it" in text(other)
    unfinished = text(client.post(url(scene, "preview/"), {**TYPED, "who": ""}))
    assert "Choose who puts it right." in unfinished
    assert not ErrorExplanation.objects.exists()


def test_once_saved_everybody_reads_it_on_the_batch_and_on_the_budget(scene, desk, refused):
    jonas, dana = desk(scene.jonas), desk(scene.dana)
    batch = refused.batch
    pages = (
        (jonas, f"/admin/erp/batch/{batch.pk}/change/"),
        (dana, f"/projects/{scene.project.pk}/budget/batches/{batch.number}/"),
        (dana, f"/projects/{scene.project.pk}/budget/"),
    )
    for client, page in pages:
        assert "CMiC did not take 03-30-00." in text(client.get(page)), page
    assert jonas.post(url(scene, "do/explain_error/"), TYPED).status_code == 302
    line = scene.lines[MAIN, "03-30-00", "M"]
    for client, page in pages:
        answer = client.get(page)
        shown = text(answer)
        assert "Cost code 03-30-00 is asleep." in shown, page
        assert "an ERP admin (Jonas Lindqvist)" in shown and "<li>Wake it in CMiC.</li>" in shown
        assert f'href="/projects/{scene.project.pk}/budget/#line-{line.pk}"' in shown
        assert "<summary>CMiC’s own words</summary>" in shown
        assert "sleeps &lt;b&gt;" in answer.content.decode()
    assert "Every error that came so far is explained." in text(jonas.get(url(scene)))


def test_the_api_tells_it_too(scene, desk, refused):
    desk(scene.jonas).post(url(scene, "do/explain_error/"), TYPED)
    batch = desk(scene.mira).get(f"/api/v1/batches/{refused.batch_id}/").json()
    [finding] = batch["items"][0]["document"]["findings"]
    assert (finding["meaning"], finding["known"]) == ("Cost code 03-30-00 is asleep.", True)
    assert (finding["message"], finding["who"]) == ("CMiC did not take 03-30-00.", "erp_admin")
    assert finding["steps"] == ["Wake it in CMiC.", "Press Retry."]
    assert [line["cost_code"] for line in finding["lines"]] == ["03-30-00"]
    assert finding["raw"] == RAW


def test_what_comes_with_the_adapter_can_be_said_otherwise_and_back_again(scene, desk):
    scene.sheet.advice.append(
        Advice("asleep", ("Phase {cost_code} sleeps",), "The adapter says so.", Fixer.APPROVER, ("Wait.",))
    )
    client = desk(scene.jonas)
    assert "The adapter says so." in text(client.get(url(scene, "explain/?code=asleep")))
    client.post(url(scene, "do/explain_error/"), TYPED)
    page = text(client.get(url(scene)))
    assert "replaced by yours" in page and "Cost code {cost_code} is asleep." in page
    assert client.post(url(scene, "do/drop_explanation/"), {"code": "asleep"}).status_code == 302
    page = text(client.get(url(scene)))
    assert "replaced by yours" not in page and "not used" in page


def test_mistakes_are_told_beside_what_was_typed(scene, desk):
    wrong = {**TYPED, "texts": "* {x}", "meaning": ""}
    answer = desk(scene.jonas).post(url(scene, "do/explain_error/"), wrong)
    page = text(answer)
    assert answer.status_code == 422
    assert "says too little" in page and "Say in one sentence" in page and "Wake it in CMiC." in page


def test_others_read_and_do_not_write(scene, desk, refused):
    ruth = desk(scene.ruth)
    assert "JAF-77" in text(ruth.get(url(scene)))
    answer = ruth.post(url(scene, "do/explain_error/"), TYPED)
    assert answer.status_code == 409 and "Ask Jonas Lindqvist" in text(answer)
    assert desk(scene.olga).get(url(scene)).status_code == 404
    assert not ErrorExplanation.objects.exists()


@pytest.mark.parametrize("rest", ["explain/?text=999999", "explain/?code=nothing", "do/nothing/"])
def test_what_is_not_there_is_not_found(scene, desk, rest):
    client = desk(scene.jonas)
    assert (client.post if rest.startswith("do") else client.get)(url(scene, rest)).status_code == 404
