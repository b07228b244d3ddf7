"""Where the set-up pages of a company are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.urls import URLPattern, path

from erp.people import admin as admin_people
from erp.people import admin_report as access_pages
from erp.setup import admin_checklist as setup_pages
from erp.setup import admin_settings, admin_trial

COMPANY = "setup/<int:company>/"
PAGES: tuple[tuple[str, Callable[..., HttpResponse], str], ...] = (
    ("", setup_pages.checklist, "erp_setup"),
    ("jobs/", setup_pages.jobs, "erp_setup_jobs"),
    ("settings/", admin_settings.page, "erp_settings"),
    ("test/", admin_trial.page, "erp_test_send"),
    ("access/", access_pages.page, "erp_access_report"),
    ("access/file.<slug:kind>", access_pages.file, "erp_access_file"),
    ("people/", admin_people.people, "erp_people"),
    ("people/<int:user>/", admin_people.person, "erp_person"),
)


def urls(behind: Callable[[Any], Any]) -> list[URLPattern]:
    """This function will list the addresses, each behind the admin's login."""
    return [path(f"{COMPANY}{at}", behind(view), name=name) for at, view, name in PAGES]
