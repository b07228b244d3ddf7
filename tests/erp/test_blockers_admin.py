"""A company's connection is its ERP admin's: others read whom to ask, and a stopped one says why."""

from django.utils import timezone

from erp.mail import actions as mail_actions
from erp.mail import sending as mail_queue
from erp.mapping import services as mapping_services
from erp.mapping.resolving import Rule
from erp.mapping.state import Edit
from erp.models import Connection, CostTypeLink, Notice
from erp.setup import connection_actions, settings_services
from erp.setup import stopping as connections
from erp.setup.settings_words import COMPANY_FIELDS, CONNECTION_FIELDS
from projects.models import ErpLevel, Membership
from tests.erp.office import sync
from tests.workflow.cases import codes, gone, met, removes, shows
from workflow.blockers import Kind

ALL = (
    *("verify", "sync", "sync_whole", "confirm_cost_types", "switch_erp"),
    *("explain_error", "drop_explanation", "edit_mapping", "retry_mails", "edit_webhooks"),
)


def now():
    return timezone.now()


@shows("not_erp_admin")
@removes("not_erp_admin")
def test_an_approver_is_no_erp_admin_until_somebody_makes_her_one(scene):
    for action in ALL:
        found = met(scene.connection, action, scene.mira, "not_erp_admin")
        assert (found.kind, found.who) == (Kind.PERMISSION, "Jonas Lindqvist")
        assert found.sentence == "You are no ERP admin of Northgate Builders. Ask Jonas Lindqvist."
        met(scene.connection, action, scene.olga, "not_erp_admin")
    Membership.objects.filter(user=scene.mira).update(erp_level=ErpLevel.ADMIN)
    for action in ALL:
        gone(scene.connection, action, scene.mira, "not_erp_admin")


@shows("connection_not_in_use")
@removes("connection_not_in_use")
def test_nothing_is_synced_over_a_stopped_connection_until_it_is_verified(scene):
    stopped = now()
    connections.stop(scene.connection, because="Wrong password.", now=stopped)
    found = met(scene.connection, "sync", scene.jonas, "connection_not_in_use")
    assert (found.kind, found.since) == (Kind.STATE, stopped)
    assert found.sentence == "The connection was stopped: Wrong password. Put that right, then verify it."
    assert codes(scene.connection, "verify", scene.jonas) == []
    connections.verify(scene.connection, user=scene.jonas, now=now())
    gone(scene.connection, "sync", scene.jonas, "connection_not_in_use")


def use(scene, *, enabled):
    """Jonas ticks or unticks that the connection is used, and confirms it."""
    connection = Connection.objects.select_related("company").get(pk=scene.connection.pk)
    values = {name: getattr(connection.company, name) for name in COMPANY_FIELDS}
    values |= {name: getattr(connection, name) for name in CONNECTION_FIELDS} | {"enabled": enabled}
    settings_services.keep(
        connection.company,
        user=scene.jonas,
        now=now(),
        values=values,
        adapter={},
        seen=settings_services.seen_of(connection.company, connection),
        confirmed=True,
    )
    scene.connection.refresh_from_db()


def test_a_connection_that_is_switched_off_is_switched_on_in_its_settings(scene):
    use(scene, enabled=False)
    found = met(scene.connection, "sync", scene.jonas, "connection_not_in_use")
    assert found.sentence == "The connection is switched off. Switch it on in the settings."
    assert found.link == f"/admin/erp/connection/setup/{scene.company.pk}/settings/"
    use(scene, enabled=True)
    gone(scene.connection, "sync", scene.jonas, "connection_not_in_use")


@shows("nothing_to_confirm")
@removes("nothing_to_confirm")
def test_matches_are_confirmed_once(scene):
    found = met(scene.connection, "confirm_cost_types", scene.jonas, "nothing_to_confirm")
    assert (found.kind, found.sentence) == (Kind.STATE, "Every match of a cost type is confirmed already.")
    CostTypeLink.objects.filter(cost_type__code="S").update(confirmed_by=None, confirmed_at=None)
    gone(scene.connection, "confirm_cost_types", scene.jonas, "nothing_to_confirm")
    shown = CostTypeLink.objects.filter(confirmed_at=None).values_list("pk", flat=True)
    confirmed = connection_actions.confirm_cost_types(
        scene.connection, user=scene.jonas, now=now(), shown=list(shown)
    )
    assert confirmed == 1
    met(scene.connection, "confirm_cost_types", scene.jonas, "nothing_to_confirm")


def test_a_match_that_changed_since_the_admin_looked_is_not_confirmed_unseen(scene):
    CostTypeLink.objects.filter(cost_type__code="S").update(confirmed_by=None, confirmed_at=None)
    shown = list(CostTypeLink.objects.filter(confirmed_at=None).values_list("pk", flat=True))
    mapping_services.apply(
        scene.connection,
        [Edit("cost_type", rules=(Rule("S", "5000"),))],
        user=scene.jonas,
        now=now(),
        sentence="S is another",
    )
    assert (
        connection_actions.confirm_cost_types(scene.connection, user=scene.jonas, now=now(), shown=shown) == 0
    )
    assert not CostTypeLink.objects.filter(cost_type__code="S").exclude(confirmed_at=None).exists()


@shows("nothing_to_map_to")
@removes("nothing_to_map_to")
def test_nothing_is_mapped_before_codes_were_read(office, scene):
    Connection.objects.filter(pk=scene.connection.pk).update(synced_at=None)
    found = met(scene.connection, "edit_mapping", scene.jonas, "nothing_to_map_to")
    assert found.kind is Kind.STATE
    assert found.sentence == ("The ERP's codes were never read, so there is nothing to map to. Sync first.")
    sync(scene)
    gone(scene.connection, "edit_mapping", scene.jonas, "nothing_to_map_to")


@shows("every_mail_goes_out")
@removes("every_mail_goes_out")
def test_mails_are_tried_again_once_some_could_not_be_sent(scene):
    mail = Notice.objects.create(company=scene.company, to=scene.dana, kind="posting", key="k", text="words")
    met(scene.connection, "retry_mails", scene.jonas, "every_mail_goes_out")
    mail.gave_up_at = mail.trying_since = now()
    mail.error = "550 no such person"
    mail.save()
    gone(scene.connection, "retry_mails", scene.jonas, "every_mail_goes_out")
    other = Connection.objects.get(company=scene.other_company)
    met(other, "retry_mails", scene.jonas, "every_mail_goes_out")
    assert mail_actions.retry_mails(scene.connection, user=scene.jonas, now=now()) == 1
    assert mail_queue.standing(scene.company).well
