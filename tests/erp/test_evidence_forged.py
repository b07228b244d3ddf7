"""Whoever changes a pack and seals it anew, and what has gone on since it was made: told apart by the database."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from erp import services
from erp.decision import deciding
from erp.delivery import aftercare
from erp.models import Batch
from erp.posting import confirmations
from tests.erp.test_evidence import Pack, deliver, pack_of, posted, rejected, sealed_anew, verify  # noqa: F401  fixtures among them
from tests.erp.test_timeline import called
from tests.support import scene as acts
from workflow import events

LATER = timedelta(minutes=5)
SOMEBODY = {"id": 1, "name": "Somebody Else"}
WORD = {
    **{"confirmed_by": SOMEBODY, "confirmed_at": None, "note": "forged", "against": "", "state": "proved"},
    **{"why": "", "posted_on": None, "evidence": {}, "differs": [], "closed_by": None, "closed_note": ""},
}


def put(value: Any, *path: Any) -> Callable[[Pack], None]:
    def change(pack: Pack) -> None:
        place: Any = pack
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


FORGED: dict[str, tuple[Callable[[Pack], None], ...]] = {
    "state of the batch": (
        put("exported", "batch", "state"),
        put(None, "batch", "posted_at"),
        put("Accepted and in the ERP, not posted yet", "decision", "words"),
    ),
    "since when": (put("2026-11-01T00:00:00+00:00", "batch", "state_since"),),
    "posted when": (put("2026-11-01T00:00:00+00:00", "batch", "posted_at"),),
    "words of the decision": (put("Sent back", "decision", "words"),),
    "state of a document": (
        put("delivered", "documents", 0, "state"),
        put("2026-11-01T00:00:00+00:00", "documents", 0, "state_since"),
        put(None, "documents", 0, "posted_at"),
    ),
    "receipt": (put({"ok": "forged"}, "documents", 0, "receipt"),),
    "findings": (put([{"code": "forged"}], "documents", 0, "findings"),),
    "number in the ERP": (put("999999", "documents", 0, "erp_number"),),
    "a word by hand": (put(WORD, "documents", 0, "by_hand"),),
    "name of the approver": (put("Somebody Else", "decision", "accepted_by", "name"),),
    "name of the sender": (put("Somebody Else", "batch", "sent_by", "name"),),
    "name of a preparer": (put("Somebody Else", "preparers", 0, "name"),),
    "who opened it": (put(SOMEBODY, "batch", "opened_by"), put("2026-11-01T00:00:00+00:00", "batch", "opened_at")),
    "lines changed": (put(1, "batch", "lines_changed"),),
    "all calls": (put([], "calls"),),
    "all readings": (put([], "readings"),),
    "all steps": (put([], "approvals"),),
    "one who took a step": (put("Somebody Else", "approvals", 0, "taken_by", "name"),),
    "on whose behalf": (put(SOMEBODY, "approvals", 0, "on_behalf_of"),),
    "currency": (put("JPY", "company", "currency"),),
    "time zone": (put("Pacific/Auckland", "company", "time_zone"),),
    "name of the company": (put("Other Ltd", "company", "name"),),
    "name of the ERP": (put("Other", "company", "erp"),),
    "name of the project": (put("Other", "project", "name"),),
    "description of a line": (put("forged", "items", 0, "lines", 0, "description"),),
    "a part more": (put("Approved by the auditors", "audit_note"),),
    "a field more": (put("by the auditors", "decision", "approved"),),
    "a remark": (
        put([{"line": 1, "code": "", "text": "", "answer": "", "answered_by": None, "answered_at": None}],
            "decision", "remarks"),
    ),
}  # fmt: skip


def test_what_is_forged_and_sealed_anew_does_not_hold_against_the_database(posted, tmp_path):  # noqa: F811
    with time_machine.travel(timezone.now() + LATER):
        whole = pack_of(posted)
        assert verify(whole, tmp_path, "--against-database").endswith("exit 0")
        for name, changes in FORGED.items():
            pack = copy.deepcopy(whole)
            if name in ("one who took a step", "on whose behalf"):
                assert pack["approvals"], "a batch has the steps of its route"
            for change in changes:
                change(pack)
            said = verify(sealed_anew(pack), tmp_path, "--against-database")
            assert "exit 1: This pack does not hold." in said, name
            assert "not built as one" not in said, f"{name}: {said}"


def test_an_earlier_pack_holds_only_as_things_stood_then(scene, tmp_path):
    batch = acts.accept(scene, acts.send(scene))
    called(batch.documents.first(), 2)
    deliver(batch)
    with time_machine.travel(timezone.now() + LATER):
        early = pack_of(batch)
    with time_machine.travel(timezone.now() + 2 * LATER):
        acts.ask(batch)
        confirmations.confirm_posted(
            Batch.objects.get(pk=batch.pk), user=scene.mira, now=timezone.now(), note="I saw it"
        )
        said = verify(early, tmp_path, "--against-database")
        assert said.endswith("exit 0"), said
        assert "1 moved on since, and then stood as the events tell" in said
        for change in (
            put("posted", "batch", "state"),
            put("refused", "documents", 0, "state"),
            put("2026-11-01T00:00:00+00:00", "documents", 0, "delivered_at"),
            put([], "calls"),
        ):
            pack = copy.deepcopy(early)
            change(pack)
            said = verify(sealed_anew(pack), tmp_path, "--against-database")
            assert "exit 1: This pack does not hold." in said, said
        assert verify(pack_of(batch), tmp_path, "--against-database").endswith("exit 0")


def test_an_answer_since_and_names_changed_since_leave_a_pack_whole(scene, rejected, tmp_path):  # noqa: F811
    early = pack_of(rejected)
    with time_machine.travel(timezone.now() + LATER):
        services.answer_remark(
            rejected.remarks.get(), user=scene.dana, now=timezone.now(), answer="It is so."
        )
        scene.dana.last_name = "Reyes-Holm"
        scene.dana.save()
        root = scene.mira
        root.is_superuser = True
        root.save()
        client = Client()
        client.force_login(root)
        project = {"company": scene.company.pk, "name": "Quay Street West"}
        inlines = {
            f"{name}-{key}": 0 for name in ("jobs", "roles") for key in ("TOTAL_FORMS", "INITIAL_FORMS")
        }
        answer = client.post(f"/admin/projects/project/{scene.project.pk}/change/", {**project, **inlines})
        assert answer.status_code == 302, answer.content.decode()
        said = verify(early, tmp_path, "--against-database")
        assert said.endswith("exit 0"), said
        late = pack_of(rejected)
        assert late["project"]["name"] == "Quay Street West"
        assert late["batch"]["sent_by"]["name"] == "Dana Reyes-Holm"
        assert verify(late, tmp_path, "--against-database").endswith("exit 0")
        late["decision"]["remarks"][0]["answer"] = "forged"
        said = verify(sealed_anew(late), tmp_path)
        assert "the answer to the remark on 26-0288 03-30-00 M is not what the event tells" in said


def test_an_answer_that_was_changed_leaves_packs_of_before_and_after_whole(scene, rejected, tmp_path):  # noqa: F811
    remark, packs = rejected.remarks.get(), []
    for answer in ("It is so.", "It is so, see the tender.", "It is so, see page 4 of the tender."):
        remark = services.answer_remark(
            remark, user=scene.dana, now=timezone.now(), answer=answer, seen=remark.answered_at
        )
        packs.append(pack_of(rejected))
    for pack in packs:
        said = verify(pack, tmp_path, "--against-database")
        assert said.endswith("exit 0"), said
    for forged in ("answer", "answered_by", "answered_at"):  # the last, as it was before it was changed
        pack = copy.deepcopy(packs[2])
        pack["decision"]["remarks"][0][forged] = packs[0]["decision"]["remarks"][0][forged]
        if forged == "answered_by":
            pack["decision"]["remarks"][0][forged] = None
        assert "the answer to the remark on" in verify(sealed_anew(pack), tmp_path)
    taken_out = copy.deepcopy(packs[2])
    taken_out["decision"]["remarks"][0] |= {"answer": "", "answered_by": None, "answered_at": None}
    assert "the answer to the remark on" in verify(sealed_anew(taken_out), tmp_path)


def test_an_answer_whose_event_says_nothing_of_the_line_is_known_by_its_moment(scene, rejected, tmp_path):  # noqa: F811
    """Events are for good: those of before say no line."""
    remark, record = rejected.remarks.get(), events.record
    with pytest.MonkeyPatch.context() as before:
        before.setattr(events, "record", lambda **told: record(**{**told, "data": None}))
        remark = services.answer_remark(remark, user=scene.dana, now=timezone.now(), answer="It is so.")
        early = pack_of(rejected)
        services.answer_remark(
            remark, user=scene.dana, now=timezone.now(), answer="Look again.", seen=remark.answered_at
        )
    for pack in (early, pack_of(rejected)):
        said = verify(pack, tmp_path, "--against-database")
        assert said.endswith("exit 0"), said
    early["decision"]["remarks"][0]["answer"] = "forged"
    assert "the answer to the remark on" in verify(sealed_anew(early), tmp_path)


def test_a_batch_that_two_approvers_opened_holds_and_names_the_first(scene, tmp_path):
    batch, packs, moment = acts.send(scene), [], timezone.now()
    for approver in (scene.mira, scene.jonas):
        deciding.open_batch(Batch.objects.get(pk=batch.pk), user=approver, now=moment)
        packs.append(pack_of(batch))
        moment += timedelta(seconds=1)
    acts.accept(scene, batch)
    packs.append(pack_of(batch))
    for pack in packs:
        assert pack["batch"]["opened_by"]["name"] == "Mira Osei"
        said = verify(pack, tmp_path, "--against-database")
        assert said.endswith("exit 0"), said
    second = next(event for event in packs[2]["events"] if event["actor_pk"] == scene.jonas.pk)
    packs[2]["batch"]["opened_by"] = {"id": scene.jonas.pk, "name": "Jonas Lindqvist"}
    assert "who opened it is not what the event tells" in verify(sealed_anew(packs[2]), tmp_path)
    packs[2]["batch"]["opened_at"] = second["at"]
    assert "opened at is not what the event tells" in verify(sealed_anew(packs[2]), tmp_path)


@pytest.mark.parametrize("amount", ["1e1000000", "1e-1000000", "NaN", "9" * 40, "Infinity", "1_0"])
def test_no_number_keeps_the_check_busy(rejected, tmp_path, amount):  # noqa: F811
    pack = pack_of(rejected)
    pack["items"][0]["lines"][0] |= {"target": None, "base": amount}
    assert "base is no amount" in verify(sealed_anew(pack), tmp_path)


def test_a_pack_nested_without_end_does_not_hold(rejected, tmp_path):  # noqa: F811
    pack, deep = pack_of(rejected), '{"a":' * 900 + "1" + "}" * 900
    data = sealed_anew(pack)
    text = json.dumps(data).replace('"made": {', f'"made": {{"deep": {deep}, ', 1)
    assert "exit 1: " in verify(text.encode(), tmp_path) or "exit 2: " in verify(text.encode(), tmp_path)


def test_a_batch_that_was_returned_holds_before_and_after(scene, tmp_path):
    batch = acts.accept(scene, acts.send(scene))
    with time_machine.travel(timezone.now() + LATER):
        early = pack_of(batch)
    with time_machine.travel(timezone.now() + 2 * LATER):
        returned = aftercare.return_to_pm(batch, user=scene.mira, now=timezone.now(), note="Wrong job")
        assert returned.state == "returned"
        for pack in (early, pack_of(batch)):
            said = verify(pack, tmp_path, "--against-database")
            assert said.endswith("exit 0"), said
        late = pack_of(batch)
        late["decision"]["reason"] = "forged"
        assert "the reason is not what the event tells" in verify(sealed_anew(late), tmp_path)
