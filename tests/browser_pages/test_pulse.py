"""An open budget page is right by itself within two seconds of whatever somebody else put right."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from budgets import services
from erp.models import Connection, CostTypeLink
from erp.setup import linking
from projects.models import Company, Membership
from tests.browser_pages.conftest import Desk
from tests.support.browser import PATIENCE, sign_in
from tests.support.scene import MAIN, PASSWORD, add_line, lock, read, send


def asks(desk: Desk) -> Callable[[], Any]:
    """Open the page, and return how it asks whether it is still right."""
    page = desk.get("page").content.decode()
    seen = re.search(r'data-seen="([^"]+)"', page)
    at = re.search(r'data-at="([^"]+)"', page)
    assert seen and at
    return lambda: desk.get("pulse", seen=seen[1], at=at[1])


# -- the small question ----------------------------------------------------------------------------------------


def test_nothing_new_is_an_empty_answer_in_five_queries(desk: Desk, django_assert_num_queries) -> None:
    ask = asks(desk)
    with django_assert_num_queries(5):  # session, person, budget, rights, what the ERP's side tells
        assert ask().status_code == 204


def a_line(desk: Desk) -> None:
    add_line(desk.scene.budget, desk.scene.tom, MAIN, "01-31-00", "E", "1.00")


def a_right(desk: Desk) -> None:
    Membership.objects.filter(user=desk.scene.mira).update(can_push=False)


def a_company_setting(desk: Desk) -> None:
    Company.objects.filter(pk=desk.scene.company.pk).update(allow_total_change=True)


def a_stopped_connection(desk: Desk) -> None:
    Connection.objects.filter(pk=desk.scene.connection.pk).update(stopped_at=timezone.now())


def a_sync(desk: Desk) -> None:
    Connection.objects.filter(pk=desk.scene.connection.pk).update(synced_at=timezone.now())


def a_confirmed_cost_type(desk: Desk) -> None:
    CostTypeLink.objects.filter(cost_type__company=desk.scene.company).update(
        confirmed_at=None, confirmed_by=None
    )
    linking.confirm_cost_types(desk.scene.connection, user=desk.scene.jonas, now=timezone.now())


def a_reading(desk: Desk) -> None:
    read(desk.scene)


@pytest.mark.parametrize(
    "news",
    [
        a_line,
        a_right,
        a_company_setting,
        a_stopped_connection,
        a_sync,
        a_confirmed_cost_type,
        a_reading,
        send,
    ],
    ids=lambda news: news.__name__,
)
def test_whatever_may_block_or_free_a_button_is_news(desk: Desk, news: Callable[[Any], Any]) -> None:
    ask = asks(desk)
    news(desk.scene if news is send else desk)
    answer = ask()
    assert answer.status_code == 200
    assert 'id="standing"' in answer.content.decode() and 'id="things-to-do"' in answer.content.decode()


def test_lines_that_others_changed_are_named_and_ones_own_are_not(desk: Desk) -> None:
    ask = asks(desk)
    theirs = add_line(desk.scene.budget, desk.scene.tom, MAIN, "01-31-00", "E", "1.00")
    add_line(desk.scene.budget, desk.scene.dana, MAIN, "01-31-00", "M", "1.00")
    assert f'data-fresh="{theirs.pk}"' in ask().content.decode()


@pytest.mark.parametrize(
    "at", ["", "yesterday", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00"]
)
def test_a_moment_that_is_none_is_answered_with_the_page_as_it_is_now(desk: Desk, at: str) -> None:
    answer = desk.get("pulse", seen="x", at=at)
    assert answer.status_code == 200
    assert 'id="standing"' in answer.content.decode()


def test_a_stranger_asks_in_vain(desk: Desk) -> None:
    desk.log_in(desk.scene.olga)
    assert desk.get("pulse").status_code == 404


# -- in a browser -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_somebody_else_puts_right_frees_the_button_where_it_stands(
    open_page: Callable[..., Page], desk: Desk
) -> None:
    lock(desk.scene)
    Connection.objects.filter(pk=desk.scene.connection.pk).update(
        stopped_at=timezone.now(), stopped_because="the password is wrong"
    )
    page = open_page()
    sign_in(page, username="dana", password=PASSWORD)
    page.goto(desk.url("page"))
    button = page.get_by_role("button", name="Send to ERP")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.focus()
    Connection.objects.filter(pk=desk.scene.connection.pk).update(stopped_at=None, stopped_because="")
    expect(button).not_to_have_attribute("aria-disabled", "true", timeout=PATIENCE)
    expect(button).to_be_focused()
    expect(page.locator("#things-to-do")).to_be_empty()
    expect(page.locator("#announcer")).to_contain_text("Nothing stands in the way any more.")


@pytest.mark.django_db(transaction=True)
def test_an_open_editor_is_left_alone_while_all_around_it_follows(
    open_page: Callable[..., Page], desk: Desk
) -> None:
    page = open_page()
    sign_in(page, username="dana", password=PASSWORD)
    page.goto(desk.url("page"))
    cell = page.locator(f"#line-{desk.concrete.pk} [data-col=description]")
    cell.dblclick()
    editor = page.locator(".editing input")
    editor.fill("Half a sen")
    services.edit_line(
        desk.labor,
        user=desk.scene.tom,
        now=timezone.now(),
        version=desk.labor.version,
        values={"description": "By Tom"},
    )
    theirs = page.locator(f"#line-{desk.labor.pk} [data-col=description]")
    expect(theirs).to_have_text("By Tom", timeout=PATIENCE)
    expect(editor).to_have_value("Half a sen")
    expect(editor).to_be_focused()
    lock(desk.scene)
    expect(page.locator("#standing .state")).to_contain_text("Locked", timeout=PATIENCE)
    expect(editor).to_have_value("Half a sen")
    expect(page.get_by_role("link", name="Show it as it is now")).to_be_visible()
