"""What an ERP says is told in plain words; what nobody explained is counted until somebody does."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import Error, transaction
from django.utils import timezone

from budgets.errors import InvalidInput
from erp.delivery import aftercare
from erp.models import Document, ErrorExplanation, Notice, UnknownErrorText
from erp.port import Advice, Finding, Fixer, Place
from erp.refusals import explaining, unknown_texts
from erp.refusals import explanation_actions as services
from erp.refusals.advice import BadPattern, Dictionary, compiled, match, words
from erp.refusals.dictionary import dictionary_of
from projects.models import ErpLevel, Membership
from tests.support import scene as acts
from tests.support.delivery import assert_books_agree, fill
from tests.support.scene import MAIN, Scene
from tests.support.simulator import Simulator
from tests.support.story import begin
from workflow.models import Event

ENTRY = {
    "texts": "Phase {cost_code} sleeps",
    "meaning": "Cost code {cost_code} is asleep.",
    "who": "erp_accountant",
    "steps": "Wake {cost_code}.\nRetry.",
    "place": "lines",
}


def advice(code: str, *matches: str, meaning: str = "It means something.") -> Advice:
    return Advice(code, matches, meaning, Fixer.ERP_ACCOUNTANT, ("Do it.",))


def found(pattern: str, text: str) -> dict[str, str] | None:
    return match(compiled(pattern), words(text))


def explain(scene: Scene, **changes: Any) -> ErrorExplanation:
    return services.explain_error(
        scene.connection, user=scene.jonas, now=timezone.now(), values={**ENTRY, **changes}
    )


# -- patterns ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text", "kept"),
    [
        ("code {code} is bad", "JBO-1: Code 03-100 is BAD.", {"code": "03-100"}),
        ("code {code} is bad", "code A is fine, code B is bad", {"code": "B"}),
        (
            "code {code} * job {job}",
            'Code "0100" was seen, long ago, on (job 24-1).',
            {"code": "0100", "job": "24-1"},
        ),
        ("code {code} * job {job}", "job 24-1 has code 0100", None),
        ("ORA-20*", "ORA-20001: no", {}),
        ("ORA-20*", "ORA-20", None),
        ("field={name} missing", "Field=CmmName missing", {"name": "CmmName"}),
        ("status is {a} or {b}", "status is x or y", {"a": "x", "b": "y"}),
        ("already there", "It is already not there", None),
        ("already there", "", None),
    ],
)
def test_a_pattern_fits_by_its_words(pattern: str, text: str, kept: dict[str, str] | None):
    assert found(pattern, text) == kept


@pytest.mark.parametrize(
    "pattern", ["", "*", "{a} {b}", "JBO*", "is a", "strange {a}{b} word", "**strange**"]
)
def test_a_pattern_that_says_too_little_is_no_pattern(pattern: str):
    with pytest.raises(BadPattern):
        compiled(pattern)


def test_the_entry_with_most_letters_wins_and_a_companys_own_wins_a_draw():
    broad, narrow = advice("broad", "cost code"), advice("narrow", "cost code {code} is closed")
    ours = advice("ours", "cost code {code} is closed")
    text = "The cost code 1 is closed."
    assert Dictionary(own=[], built_in=[narrow, broad]).explain(text).advice is narrow
    assert Dictionary(own=[broad], built_in=[narrow]).explain(text).advice is narrow
    assert Dictionary(own=[ours], built_in=[narrow]).explain(text).advice is ours


def test_a_hostile_text_takes_no_time():
    known = Dictionary(
        own=[], built_in=[advice(f"e{n}", "a {x} a * a {y} a * a * ends here") for n in range(100)]
    )
    started = time.process_time()
    assert known.explain("a " * 50_000) is None
    assert time.process_time() - started < 5


# -- what people read -------------------------------------------------------------------------------------


@pytest.fixture
def refused(scene: Scene) -> Document:
    """A document refused on one line, in words that only the paper knows: its phase sleeps."""
    batch = acts.send(scene)
    acts.accept(scene, batch)
    line = batch.items.get().lines.get(line=scene.lines[MAIN, "03-30-00", "M"])
    acts.refuse(batch, "CMiC did not take 03-30-00.", line.pk)
    document = batch.documents.get()
    finding = {**document.findings[0], "raw": "JAF-1: Phase 03-30-00 sleeps."}
    Document.objects.filter(pk=document.pk).update(findings=[finding])
    document.refresh_from_db()
    return document


def test_a_refusal_nobody_explained_keeps_the_adapters_sentence_and_asks_the_erp_admin(scene, refused):
    [one] = explaining.explained(refused)
    assert (one.known, one.meaning) == (False, "CMiC did not take 03-30-00.")
    assert one.fixer == "an ERP admin (Jonas Lindqvist)"
    assert one.raw == "JAF-1: Phase 03-30-00 sleeps."
    assert one.needs_raw  # shown at once: there is nothing else to go by
    line = scene.lines[MAIN, "03-30-00", "M"]
    assert [(shown.label, shown.url) for shown in one.lines] == [
        (f"{MAIN} 03-30-00 M", f"/projects/{scene.project.pk}/budget/#line-{line.pk}")
    ]


def test_what_is_put_right_in_one_way_is_explained_once_with_all_its_lines(scene, refused):
    labor = refused.item.lines.get(line=scene.lines[MAIN, "03-30-00", "L"])
    second = {
        "code": "line_refused",
        "message": "CMiC did not take the labor.",
        "refs": [labor.pk],
        "raw": "",
    }
    first = refused.findings[0]
    explain(scene)
    refused.findings = [first, {**first, "refs": [labor.pk]}, second]
    one, other = explaining.together(explaining.explained(refused))
    assert [line.cost_type for line in one.lines] == ["M", "L"]
    assert one.meaning == "Cost code 03-30-00 is asleep."
    assert other.meaning == "CMiC did not take the labor."


def test_once_explained_also_what_was_refused_before_is_told_in_plain_words(scene, refused):
    explain(scene)
    [one] = explaining.explained(refused)
    assert (one.known, one.meaning) == (True, "Cost code 03-30-00 is asleep.")
    assert one.steps == ("Wake 03-30-00.", "Retry.")
    assert one.fixer == "an accountant in CMiC"


def test_the_adapters_entries_count_until_the_company_says_it_otherwise(scene, refused):
    scene.sheet.advice.append(
        advice("asleep", "Phase {cost_code} sleeps", meaning="The adapter explains it.")
    )
    assert explaining.explained(refused)[0].meaning == "The adapter explains it."
    explain(scene, code="asleep")
    assert explaining.explained(refused)[0].meaning == "Cost code 03-30-00 is asleep."
    services.drop_explanation(scene.connection, user=scene.jonas, now=timezone.now(), code="asleep")
    assert explaining.explained(refused)[0].meaning == "The adapter explains it."
    with pytest.raises(InvalidInput):
        services.drop_explanation(scene.connection, user=scene.jonas, now=timezone.now(), code="asleep")


def test_who_puts_it_right_is_named_where_tieback_knows_them(scene, refused):
    for who, said in (
        ("project_manager", "the project manager (Dana Reyes)"),
        ("approver", "the accounting approver (Mira Osei)"),
        ("erp_admin", "an ERP admin (Jonas Lindqvist)"),
        ("erp_administrator", "an administrator of CMiC"),
    ):
        explain(scene, code="asleep", who=who)
        assert explaining.explained(refused)[0].fixer == said


def test_another_companys_explanation_says_nothing_here(scene, refused):
    other = scene.other_company.erp_connection
    Membership.objects.filter(user=scene.olga).update(erp_level=ErpLevel.ADMIN)
    services.explain_error(other, user=scene.olga, now=timezone.now(), values=ENTRY)
    assert not explaining.explained(refused)[0].known


def test_a_finding_without_words_of_the_erp_is_explained_by_its_code(scene, refused):
    moved = {"code": "erp_moved", "message": "01-31-00 L held 1 and holds 2 now.", "refs": [], "raw": ""}
    Document.objects.filter(pk=refused.pk).update(findings=[moved])
    refused.refresh_from_db()
    [one] = explaining.explained(refused)
    assert (one.known, one.meaning) == (True, "01-31-00 L held 1 and holds 2 now.")
    assert one.fixer == "the accounting approver (Mira Osei)" and one.steps


# -- versions ---------------------------------------------------------------------------------------------


def test_every_version_is_kept_and_told(scene):
    first = explain(scene, code="asleep")
    second = explain(scene, code="asleep", meaning="It sleeps.")
    assert [(row.version, row.in_use) for row in (first, second)] == [(1, True), (2, True)]
    assert dictionary_of(scene.connection).entry("asleep").meaning == "It sleeps."
    event = Event.objects.filter(action="explain_error").last()
    assert (event.actor, event.note, event.data["version"]) == ("Jonas Lindqvist", "It sleeps.", 2)
    for change in (
        lambda: ErrorExplanation.objects.filter(pk=first.pk).update(meaning="x"),
        lambda: ErrorExplanation.objects.filter(pk=first.pk).delete(),
    ):
        with pytest.raises(Error), transaction.atomic():
            change()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("texts", ""),
        ("texts", "* is {bad}"),
        ("texts", "x" * 500),
        ("texts", "\n".join(f"a long enough text {n}" for n in range(21))),
        ("meaning", ""),
        ("meaning", "x" * 301),
        ("meaning", "Cost code {phase} sleeps."),
        ("steps", "\n".join("Do it." for _ in range(9))),
        ("who", "somebody"),
        ("place", "nowhere"),
        ("code", "Not a code"),
    ],
)
def test_what_cannot_be_used_is_not_kept(scene, field: str, value: str):
    with pytest.raises(InvalidInput) as wrong:
        explain(scene, **{field: value})
    assert wrong.value.errors
    assert not ErrorExplanation.objects.exists()


# -- texts nobody explained -------------------------------------------------------------------------------


def note(scene: Scene, document: Document, *texts: str, code: str = "line_refused") -> None:
    findings = [Finding(code, "CMiC did not take it.", raw=text) for text in texts]
    with transaction.atomic():
        unknown_texts.note(document, findings, connection=scene.connection, now=timezone.now())


def test_the_same_error_counts_once_whatever_codes_and_numbers_are_in_it(scene, refused):
    for code, kind, number in (("03-30-00", "M", 17), ("01-31-00", "L", 3)):
        row = refused.item.lines.get(line=scene.lines[MAIN, code, kind])
        kind = row.erp_cost_type
        note(
            scene, refused, f"JAF-14012: Phase {code} of job {MAIN} is odd ({number} of 20), category {kind}."
        )
    row = UnknownErrorText.objects.get()
    assert row.count == 2 and row.last_seen_at > row.first_seen_at and row.document == refused
    assert row.text == "JAF-14012 Phase {cost_code} of job {job} is odd * of * category {cost_type}"
    assert "01-31-00" in row.sample
    assert found(row.text, row.sample) is not None, "the text is a pattern that explains its sample"


def test_what_is_explained_is_not_counted_and_leaves_the_list(scene, refused):
    note(scene, refused, "JAF-1: Phase 03-30-00 sleeps.", "Something else entirely.")
    assert UnknownErrorText.objects.count() == 2
    explain(scene)
    left = unknown_texts.not_explained(scene.connection, dictionary_of(scene.connection))
    assert [row.text for row in left] == ["Something else entirely"]
    note(scene, refused, "JAF-1: Phase 03-30-00 sleeps.")
    assert not UnknownErrorText.objects.filter(count__gt=1).exists()


def test_an_entry_that_only_says_whose_rule_it_is_leaves_the_text_to_be_explained(scene, refused):
    entry = replace(advice("their_rule", "JAF-20*", meaning="A rule says no."), says_only_where=True)
    scene.sheet.advice.append(entry)
    text = "JAF-20001: Contract is on hold."
    Document.objects.update(findings=[{**refused.findings[0], "raw": text}])
    refused.refresh_from_db()
    [one] = explaining.explained(refused)
    assert (one.meaning, one.known, one.needs_raw) == ("A rule says no.", True, True)
    note(scene, refused, text)
    assert [row.sample for row in UnknownErrorText.objects.all()] == [text]
    left = unknown_texts.not_explained(scene.connection, dictionary_of(scene.connection))
    assert len(left) == 1


def test_what_an_adapter_found_itself_is_no_unknown_text(scene, refused):
    note(scene, refused, "the name of a change item", code="erp_moved")
    assert not UnknownErrorText.objects.exists()


def test_no_secret_is_kept(scene, refused):
    note(scene, refused, "No: Authorization Bearer abc.def-123456 with password=hunter2 and Token: s3cr3t")
    row = UnknownErrorText.objects.get()
    for secret in ("abc.def", "hunter2", "s3cr3t"):
        assert secret not in row.sample + row.text


@pytest.mark.parametrize(
    "told",
    [
        '{"user": "tb", "password": "s3cr3t, too"}',
        "grant_type=x&client_secret=s3cr3t&scope=all",
        "access_token=s3cr3t",
        "Authorization: Bearer s3cr3t",
        "Connect to https://bob:s3cr3t@cmic.example/ failed",
        "{'api_key': 's3cr3t'}",
    ],
)
def test_secrets_are_hidden_however_an_erp_writes_them(told):
    hidden = unknown_texts.without_secrets(told)
    assert "s3cr3t" not in hidden
    assert "***" in hidden


def test_a_flood_of_texts_stays_small(scene, refused, monkeypatch):
    monkeypatch.setattr(unknown_texts, "MOST_KEPT", 5)
    begun = timezone.now()
    for n in range(9):
        findings = [Finding("line_refused", "No.", raw=f"{'abcdefghi'[n] * 5} went wrong " + "y " * 5000)]
        with transaction.atomic():
            unknown_texts.note(
                refused, findings, connection=scene.connection, now=begun + timedelta(seconds=n)
            )
    kept = UnknownErrorText.objects.all()
    assert [row.text[0] for row in kept] == ["i", "h", "g", "f", "e"]
    assert all(len(row.text) <= 600 and len(row.sample) <= 2000 for row in kept)


# -- from CMiC to people ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_batch_refused_on_two_lines_tells_both_and_retry_sends_only_what_is_missing(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    brisk_cmic.fault("refuse_nth_line", n=1)
    brisk_cmic.fault(
        "refuse", match={"method": "POST", "resource": "cmdetail", "nth": 2}, message="The moon is wrong."
    )
    batch = story.send()
    story.accept(batch)
    story.work()
    document = batch.documents.get()
    told = explaining.explained(document)
    assert len(told) == 2 and all(one.lines for one in told)
    assert {one.known for one in told} == {True, False}
    assert [row.text for row in UnknownErrorText.objects.all()][0].endswith("The moon is wrong")
    mail = Notice.objects.filter(kind="failure", to=story.dana).get().text
    for one in told:
        assert one.meaning in mail and one.lines[0].label in mail and one.role in mail
    brisk_cmic.clear_faults()
    before = len(brisk_cmic.journal(resource="cmdetail", method="POST"))
    aftercare.retry(batch, user=story.mira, now=timezone.now())
    story.work()
    assert len(brisk_cmic.journal(resource="cmdetail", method="POST")) - before == 2
    assert_books_agree(story)
    document.refresh_from_db()
    assert explaining.explained(document) == []


def test_where_an_entry_sends_people_is_one_of_the_places(scene):
    assert Place(explain(scene).place) is Place.LINES
