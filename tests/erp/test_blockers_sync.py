"""Asking for a sync and ending one: each reason why not, and how it goes away."""

import uuid
from datetime import timedelta

from django.utils import timezone

from erp.models import Connection, SyncRun
from erp.setup import stopping as connections
from erp.sync import actions as sync_actions
from erp.sync import runs as sync_runs
from erp.sync import syncing as sync
from projects.models import ErpLevel, Membership
from tests.workflow.cases import codes, gone, met, removes, shows
from workflow.blockers import Kind


def now():
    return timezone.now()


def asked(scene, **more):
    return sync_actions.ask_to_sync(scene.connection, user=scene.jonas, now=now(), **more)


def at_work(scene):
    run = asked(scene)
    SyncRun.objects.filter(pk=run.pk).update(
        state="running", claim=uuid.uuid4(), lease_until=now() + timedelta(minutes=5), started_at=now()
    )
    return SyncRun.objects.get(pk=run.pk)


@shows("connection_unverified")
@removes("connection_unverified")
def test_a_connection_is_verified_before_people_have_it_read(scene):
    Connection.objects.filter(pk=scene.connection.pk).update(verified_at=None)
    found = met(scene.connection, "sync", scene.jonas, "connection_unverified")
    assert (found.kind, found.sentence[-16:]) == (Kind.STATE, "Verify it first.")
    met(scene.connection, "sync_whole", scene.jonas, "connection_unverified")
    connections.verify(scene.connection, user=scene.jonas, now=now())
    gone(scene.connection, "sync", scene.jonas, "connection_unverified")
    gone(scene.connection, "sync_whole", scene.jonas, "connection_unverified")


@shows("sync_under_way")
@removes("sync_under_way")
def test_one_run_at_a_time_and_whoever_is_second_is_told_who_was_first(office, scene):
    run = asked(scene)
    found = met(scene.connection, "sync", scene.jonas, "sync_under_way")
    assert found.sentence == "CMiC waits to be read already, asked for by Jonas Lindqvist."
    assert (found.kind, found.since) == (Kind.WAITING, run.asked_at)
    assert found.link == f"/admin/erp/connection/{scene.connection.pk}/syncs/{run.pk}/"
    sync.make_asked(run, now=now())
    gone(scene.connection, "sync", scene.jonas, "sync_under_way")


def test_a_run_is_ended_by_an_erp_admin(scene):
    run = asked(scene)
    found = met(run, "cancel_sync", scene.mira, "not_erp_admin")
    assert found.sentence == "You are no ERP admin of Northgate Builders. Ask Jonas Lindqvist."
    met(run, "cancel_sync", scene.olga, "not_erp_admin")
    Membership.objects.filter(user=scene.mira).update(erp_level=ErpLevel.ADMIN)
    gone(run, "cancel_sync", scene.mira, "not_erp_admin")


@shows("sync_ends_already")
@removes("sync_ends_already")
def test_cancelling_twice_is_told_who_did_before(scene):
    run = at_work(scene)
    sync_actions.cancel(run, user=scene.jonas, now=now())
    found = met(run, "cancel_sync", scene.jonas, "sync_ends_already")
    assert found.sentence == "Jonas Lindqvist cancelled this run; it ends before the next kind."
    sync_runs.end(SyncRun.objects.get(pk=run.pk), "cancelled", now=now())
    gone(run, "cancel_sync", scene.jonas, "sync_ends_already")


@shows("sync_is_over")
@removes("sync_is_over")
def test_what_is_over_cannot_be_ended_but_the_next_can(office, scene):
    run = asked(scene)
    assert codes(run, "cancel_sync", scene.jonas) == []
    sync.make_asked(run, now=now())
    found = met(run, "cancel_sync", scene.jonas, "sync_is_over")
    assert found.sentence == "This run is over. What it read is kept."
    SyncRun.objects.filter(pk=run.pk).update(state="asked", finished_at=None)  # as before it was read
    gone(run, "cancel_sync", scene.jonas, "sync_is_over")
