"""The page of a link's reset, without JavaScript: what will happen, both confirmations, what was said, a new link."""

import re

from django.utils import timezone

from erp import tasks
from erp.models import Document, JobLink, LinkReset
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from workflow.models import Event


def url(scene, rest: str = "") -> str:
    return f"/admin/erp/connection/{scene.connection.pk}/projects/{scene.project.pk}/reset/{rest}"


def posted(scene) -> Document:
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    acts.post(batch)
    scene.reload()
    return Document.objects.get()


def read(client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_jonas_resets_a_link_and_links_it_again(scene, desk):
    document, client = posted(scene), desk(scene.jonas)
    page = read(client, url(scene))
    for words in (f'job <span class="code">{MAIN}</span>', SUB, "1 posted document, moving", document.number):
        assert words in page, words
    assert "Second confirmation" not in page
    client.post(url(scene, "do/ask/"), {"reason": "It was linked to the wrong job."})
    reset = LinkReset.objects.get()
    page = read(client, url(scene))
    for words in (
        "Waits for the second confirmation",
        "1 posted document cannot be taken out",
        "stays closed",
    ):
        assert words in page, words
    key = document.pk
    said = {"reset": reset.pk, "document": key, f"fate-{key}": "stays", f"note-{key}": "Ann looked <b>."}
    assert client.post(url(scene, "do/speak/"), said).status_code == 302
    assert "Ann looked &lt;b&gt;." in read(client, url(scene))
    wrong = {"reset": reset.pk, "typed": "26", "note": "Looked at all of it."}
    answer = client.post(url(scene, "do/confirm/"), wrong)
    assert answer.status_code == 422 and "exactly" in answer.content.decode()
    assert "Looked at all of it.</textarea>" in answer.content.decode()
    assert client.post(url(scene, "do/confirm/"), {**wrong, "typed": MAIN}).status_code == 302
    assert "Being taken out of the ERP" in read(client, url(scene))
    tasks.clear_link(reset.pk)
    assert not JobLink.objects.filter(job__project=scene.project).exists()
    page = read(client, url(scene))
    for words in ("Not linked", "Link to a job", "Ann looked &lt;b&gt;.", "Resets of this link"):
        assert words in page, words
    assert client.post(url(scene, "do/link/"), {"job_code": " nothing "}).status_code == 422
    assert client.post(url(scene, "do/link/"), {"job_code": MAIN}).status_code == 302
    assert JobLink.objects.filter(job__project=scene.project).count() == 2
    told = Event.objects.filter(action__in=["ask_reset", "speak_of_posted", "confirm_reset", "reset_link"])
    assert [event.actor for event in told] == ["Jonas Lindqvist"] * 4
    assert told.get(action="reset_link").data["posted"] == {document.number: "stays"}


def test_what_is_refused_is_told_once_and_what_was_typed_stays(scene, desk):
    document, client = posted(scene), desk(scene.jonas)
    client.post(url(scene, "do/ask/"), {"reason": "It was linked to the wrong job."})
    key = document.pk
    said = {"document": key, f"fate-{key}": "reversed", f"note-{key}": "Ann took it out."}
    answer = client.post(url(scene, "do/speak/"), {"reset": LinkReset.objects.get().pk, **said})
    page = answer.content.decode()
    assert (answer.status_code, page.count("This stands in the way:")) == (409, 1)
    assert 'value="reversed" checked' in page
    assert 'value="Ann took it out."' in page
    without_note = {"reset": LinkReset.objects.get().pk, **said, f"note-{key}": ""}
    answer = client.post(url(scene, "do/speak/"), without_note)
    assert answer.status_code == 422
    assert 'value="reversed" checked' in answer.content.decode()


def test_pressing_twice_has_one_effect(scene, desk):
    client = desk(scene.jonas)
    token = re.search(r'name="submission" value="([^"]+)"', read(client, url(scene)))
    given = {"reason": "It was linked to the wrong job.", "submission": token.group(1) if token else ""}
    for _ in range(2):
        assert client.post(url(scene, "do/ask/"), given).status_code == 302
    assert LinkReset.objects.count() == 1


def test_a_reason_is_wanted_and_one_more_for_opening_the_import(scene, desk):
    posted(scene)
    client = desk(scene.jonas)
    answer = client.post(url(scene, "do/ask/"), {"reason": " ", "reopen_import": "on"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Say in a sentence why the link is reset" in page
    assert "Say why a budget may be imported" in page
    assert not LinkReset.objects.exists()


def test_others_see_the_page_and_whom_to_ask_and_another_company_sees_nothing(scene, desk):
    assert "Ask Jonas Lindqvist." in read(desk(scene.mira), url(scene))
    assert desk(scene.mira).post(url(scene, "do/ask/"), {"reason": "The wrong job."}).status_code == 409
    theirs = desk(scene.olga)
    assert theirs.get(url(scene)).status_code == 404
    assert theirs.post(url(scene, "do/ask/"), {"reason": "The wrong job."}).status_code == 404
    own = scene.other_company.erp_connection.pk
    assert theirs.get(f"/admin/erp/connection/{own}/projects/{scene.project.pk}/reset/").status_code == 404
    assert desk(scene.jonas).post(url(scene, "do/rubbish/")).status_code == 404
    assert desk(scene.jonas).post(url(scene, "do/confirm/"), {"typed": MAIN}).status_code == 404


def test_projects_are_listed_with_their_jobs(scene, desk):
    page = read(desk(scene.ruth), f"/admin/erp/connection/{scene.connection.pk}/projects/")
    assert "Quay Street" in page and MAIN in page and "Harbor Wall" not in page


def test_a_reset_is_cancelled_before_the_second_confirmation(scene, desk):
    client = desk(scene.jonas)
    client.post(url(scene, "do/ask/"), {"reason": "It was linked to the wrong job."})
    client.post(url(scene, "do/cancel/"), {"reset": LinkReset.objects.get().pk})
    page = read(client, url(scene))
    assert "Linked" in page and "cancelled, job" in page
    assert Event.objects.filter(action="cancel_reset").get().at <= timezone.now()
