"""Saved filters of the queue: a person's own, shared ones, the one that opens; and nothing of companies one lost."""

from decimal import Decimal

import pytest
from django.utils import timezone

from budgets.errors import InvalidInput
from erp.desk import desk_memberships
from erp.models import DefaultQueueFilter, QueueFilter
from erp.queue import filters as queue_filters
from erp.queue.narrowing import Narrowing, read
from projects.models import ErpLevel, Membership
from tests.admin.test_queue import QUEUE, another_batch, projects_on
from tests.support import scene as acts
from workflow.models import Event

FILTERS = f"{QUEUE}filters/"


def save(client, name: str, query: str, **more):
    return client.post(FILTERS, {"do": "save", "name": name, "list": query, **more})


def chips(client) -> dict[str, int]:
    return {one.row.name: one.count for one in client.get(f"{QUEUE}?queue=waiting").context["saved"]}


def test_a_filter_is_saved_counted_and_opened(scene, desk):
    acts.send(scene)
    another_batch(scene)
    client = desk(scene.mira)
    answer = save(client, "Large", "queue=waiting&low=1000")
    assert answer.url == f"{QUEUE}?queue=waiting&low=1000.00"
    assert chips(client) == {"Large": 1}
    shown = client.get(answer.url)
    assert [b.budget.project.name for b in shown.context["cl"].result_list] == ["Quay Street"]
    assert [one.chosen for one in shown.context["saved"]] == [True]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("queue=all&q=quay", ["Quay Street"]),
        ("queue=all&q=reyes+0310", ["Project 26-0310"]),
        ("queue=all&low=500.00&high=500.00", ["Project 26-0310"]),
        ("queue=posted", []),
        ("queue=waiting&sender={tom}", ["Project 26-0310"]),
    ],
)
def test_the_count_on_a_chip_is_the_number_of_rows_behind_it(scene, desk, query, found):
    acts.send(scene)
    another_batch(scene, by=scene.tom)
    client = desk(scene.mira)
    query = query.format(tom=scene.tom.pk).replace("reyes", "baptiste")
    link = save(client, "Mine", query).url
    rows = [b.budget.project.name for b in client.get(link).context["cl"].result_list]
    assert rows == found
    assert chips(client) == {"Mine": len(found)}


def test_own_filters_are_private_and_shared_ones_are_the_companys(scene, desk):
    save(desk(scene.mira), "Hers", "queue=mine")
    save(desk(scene.jonas), "Everybody's", "queue=all", shared="on")
    assert set(chips(desk(scene.mira))) == {"Hers", "Everybody's"}
    assert set(chips(desk(scene.ruth))) == {"Everybody's"}
    assert chips(desk(scene.olga)) == {}
    assert QueueFilter.objects.get(shared=True).company == scene.company
    assert Event.objects.get(action="share_filter").actor_pk == scene.jonas.pk


def test_who_is_no_erp_admin_shares_nothing_and_changes_nothing_shared(scene, desk):
    refused = save(desk(scene.mira), "Everybody's", "queue=all", shared="on")
    assert refused.status_code == 422
    save(desk(scene.jonas), "Everybody's", "queue=all", shared="on")
    row = QueueFilter.objects.get()
    for what in ("rename", "delete"):
        given = {"do": what, "filter": row.pk, "name": "Mine now"}
        assert desk(scene.mira).post(FILTERS, given).status_code == 404
    assert QueueFilter.objects.get().name == "Everybody's"


def test_another_persons_filter_does_not_exist(scene, desk):
    save(desk(scene.mira), "Hers", "queue=mine")
    row = QueueFilter.objects.get()
    for what in ("rename", "delete", "open"):
        given = {"do": what, "filter": row.pk, "name": "x"}
        for person in (scene.jonas, scene.olga):
            assert desk(person).post(FILTERS, given).status_code == 404


def test_a_filter_is_renamed_and_deleted(scene, desk):
    client = desk(scene.mira)
    save(client, "Large", "queue=waiting&low=1000")
    row = QueueFilter.objects.get()
    client.post(FILTERS, {"do": "rename", "filter": row.pk, "name": "  Very large "})
    assert list(chips(client)) == ["Very large"]
    client.post(FILTERS, {"do": "delete", "filter": row.pk})
    assert chips(client) == {}


def test_the_queue_opens_on_the_chosen_filter_until_it_is_told_otherwise(scene, desk):
    client = desk(scene.mira)
    save(client, "Mine first", "queue=mine", opens="on")
    assert client.get(QUEUE).url == f"{QUEUE}?queue=mine"
    assert client.get(f"{QUEUE}?queue=waiting").status_code == 200
    client.post(FILTERS, {"do": "usual"})
    assert client.get(QUEUE).status_code == 200
    row = QueueFilter.objects.get()
    client.post(FILTERS, {"do": "open", "filter": row.pk})
    assert client.get(QUEUE).status_code == 302
    client.post(FILTERS, {"do": "delete", "filter": row.pk})
    assert not DefaultQueueFilter.objects.exists()
    assert client.get(QUEUE).status_code == 200


def test_a_filter_of_a_company_one_lost_is_dropped_also_where_it_opened_the_queue(scene, desk):
    Membership.objects.create(user=scene.mira, company=scene.other_company, erp_level=ErpLevel.STANDARD)
    client = desk(scene.mira)
    save(client, "South", f"queue=all&company={scene.other_company.pk}", opens="on")
    assert chips(client) == {"South": 0}
    Membership.objects.filter(user=scene.mira, company=scene.other_company).delete()
    assert chips(client) == {}
    assert client.get(QUEUE).status_code == 200  # opens as usual
    again = save(client, "South again", f"queue=all&company={scene.other_company.pk}")
    assert again.status_code == 422
    assert "You do not see the queue of that company." in again.content.decode()


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("", "queue=all", "Give the filter a name."),
        ("x" * 41, "queue=all", "At most 40 characters."),
        ("Odd", "queue=elsewhere", "There is no such shelf."),
        ("Odd", "queue=all&low=abc", "is not a number"),
        ("Odd", "queue=all&low=10&high=5", "The second amount is smaller than the first."),
        ("Odd", "queue=all&sender=999999", "The person in this filter is not there any more."),
    ],
)
def test_what_makes_no_sense_is_not_saved(scene, desk, name, query, said):
    answer = save(desk(scene.mira), name, query)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not QueueFilter.objects.exists()


def test_names_are_once_per_person_and_their_number_is_limited(scene, desk, monkeypatch):
    client = desk(scene.mira)
    save(client, "Large", "queue=all")
    assert "There is a filter named Large already." in save(client, "Large", "queue=mine").content.decode()
    monkeypatch.setattr(queue_filters, "MOST_FILTERS", 1)
    assert "There are 1 filters already." in save(client, "Other", "queue=mine").content.decode()
    assert save(desk(scene.jonas), "Large", "queue=all").status_code == 302


def test_a_narrowing_reads_what_it_writes():
    narrowing = Narrowing("posted", 3, 4, Decimal("1.00"), Decimal("2.50"), "a b & c")
    from urllib.parse import parse_qsl

    assert read(dict(parse_qsl(narrowing.query))) == (narrowing, {})


def test_a_filter_counts_only_batches_of_companies_the_person_sees(scene, desk):
    acts.send(scene)
    save(desk(scene.olga), "Everything", "queue=all")
    assert chips(desk(scene.olga)) == {"Everything": 0}
    assert projects_on(desk(scene.mira), "all") == ["Quay Street"]


def test_an_id_that_nothing_has_finds_nothing_in_the_list_and_behind_the_chip(scene, desk):
    acts.send(scene)
    client = desk(scene.mira)
    shown = client.get(f"{QUEUE}?queue=waiting&company=0")
    assert list(shown.context["cl"].result_list) == []
    batch = scene.budget.batches.get()
    assert (
        client.get(f"{QUEUE}{batch.pk}/change/?list=queue%3Dwaiting%26company%3D0").context["pane"].count == 0
    )


def test_a_filter_that_somebody_deleted_meanwhile_and_one_that_is_not_theirs_are_refused(scene, desk):
    save(desk(scene.jonas), "Everybody's", "queue=all", shared="on")
    row = QueueFilter.objects.get()
    with pytest.raises(InvalidInput):
        queue_filters.rename(row, "Mine now", user=scene.mira, now=timezone.now())
    with pytest.raises(InvalidInput):
        queue_filters.delete(row, user=scene.mira, now=timezone.now())
    QueueFilter.objects.filter(pk=row.pk).delete()
    with pytest.raises(InvalidInput, match="no such filter of yours any more"):
        queue_filters.rename(row, "Gone", user=scene.jonas, now=timezone.now())


def test_the_trail_says_who_deleted_what_everybody_used(scene):
    mine = desk_memberships(scene.jonas)
    row = queue_filters.save(
        "All", Narrowing("all"), user=scene.jonas, now=timezone.now(), memberships=mine, shared=True
    )
    queue_filters.delete(row, user=scene.jonas, now=timezone.now())
    assert Event.objects.get(action="delete_filter").sentence == "Deleted the shared filter All of the queue"


FIELDS_IN_ALL = "&".join(f"a{place}=1" for place in range(40))


def test_a_query_carried_along_that_says_too_much_says_nothing(scene, desk):
    batch, client = acts.send(scene), desk(scene.mira)
    for address in (f"/admin/erp/batch/{batch.pk}/change/", f"{QUEUE}filters/"):
        assert client.get(address, {"list": FIELDS_IN_ALL}).status_code == 200
    assert save(client, "Odd", FIELDS_IN_ALL).status_code == 302


@pytest.mark.parametrize(
    "address",
    [
        *(f"{QUEUE}?{said}" for said in ("note__regex=(", "sent_at__year=99999999999999", "moved=1e9999999")),
        *(
            f"/admin/workflow/event/?{said}"
            for said in ("sentence__regex=(", "about__contains=x", "at__year=9999999999999")
        ),
    ],
)
def test_lists_are_narrowed_by_nothing_but_the_filters_they_show(scene, desk, address):
    acts.send(scene)
    assert desk(scene.mira).get(address).status_code == 400


def test_the_filters_of_the_trail_still_narrow_it(scene, desk):
    acts.send(scene)
    answer = desk(scene.mira).get("/admin/workflow/event/", {"chain": scene.company.pk, "q": "Sent"})
    assert answer.status_code == 200
    assert answer.context["cl"].result_count == 1
