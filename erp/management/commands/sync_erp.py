"""`manage.py sync_erp COMPANY`: read a company's jobs and codes from its ERP; `--create` sets it up first."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from erp.backends import backend
from erp.models import Connection, CostTypeLink
from erp.port import CompanyRow, ErpError, ErpMisconfigured
from erp.setup import linking
from erp.setup import stopping as connections
from erp.sync import syncing as sync
from projects.models import ErpLevel, Membership


class Command(BaseCommand):
    """Reads, tells what was read, and says what is missing before anything may be sent."""

    help = (
        "Read jobs, cost codes, cost types, units and assignments of a company from its ERP. "
        "Exit code 0: read and ready to send; 1: something stands in the way, it is printed; 2: wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("company", metavar="COMPANY", help="the company's code, for example 001")
        parser.add_argument(
            "--complete",
            action="store_true",
            help="read everything, not only what changed since the last time (done by itself once a day)",
        )
        parser.add_argument(
            "--create",
            action="store_true",
            help="set the company up first, with name and currency as in the ERP",
        )
        parser.add_argument(
            "--erp-company", metavar="CODE", help="its code in the ERP, where that is another one"
        )
        parser.add_argument(
            "--alias", help="which ERP of a new company, where several are configured: cmic or file"
        )
        parser.add_argument(
            "--time-zone", default="UTC", metavar="NAME", help="of a new company (default: UTC)"
        )
        parser.add_argument(
            "--admin",
            metavar="NAME",
            help="make this user ERP admin of the company, allowed to push to accounting",
        )
        parser.add_argument(
            "--confirm-cost-types",
            action="store_true",
            help="confirm, in the admin's name, the matches of cost types that were made by name",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Set up if asked, read, verify, and report."""
        if options["confirm_cost_types"] and not options["admin"]:
            raise CommandError("--confirm-cost-types needs --admin: somebody answers for it.", returncode=2)
        admin = self._person(options["admin"])
        try:
            connection = self._connection(options)
            sync.sync_company(
                connection,
                now=timezone.now(),
                whole=options["complete"],
                progress=lambda line: self.stdout.write(f"  {line}"),
            )
            missing = connections.verify(connection, user=admin, now=timezone.now())
        except ImproperlyConfigured as problem:
            raise CommandError(
                f"No such ERP: {problem} Set CMIC_BASE_URL, CMIC_USERNAME, CMIC_PASSWORD; or FILE_ERP_FOLDER."
            ) from None
        except (ErpError, ErpMisconfigured) as problem:
            raise CommandError(f"The ERP could not be read: {problem}") from None
        if admin is not None:
            self._make_admin(connection, admin, confirm=options["confirm_cost_types"])
        self._report(connection, missing)

    def _person(self, name: str | None) -> Any:
        if name is None:
            return None
        user = get_user_model().objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"There is no user {name!r}. Make one with: manage.py createsuperuser")
        return user

    def _connection(self, options: dict[str, Any]) -> Connection:
        code = options["company"]
        found = Connection.objects.filter(company__code=code).select_related("company").first()
        if found is not None:
            return found
        if not options["create"]:
            known = ", ".join(Connection.objects.order_by("company").values_list("company__code", flat=True))
            raise CommandError(
                f"There is no company {code!r} with an ERP (known: {known or 'none'}). Add --create."
            )
        alias = options["alias"] or self._only_alias()
        row = self._company_row(alias, options["erp_company"] or code)
        try:
            made = linking.open_company(
                code=code,
                name=row.name or code,
                currency=row.currency or "USD",
                alias=alias,
                erp_company=row.code,
                time_zone=options["time_zone"],
            )
        except IntegrityError:
            raise CommandError(f"Company {row.code} of the ERP belongs to another company already.") from None
        self.stdout.write(f"Company {made.company} ({made.company.currency}) is set up.")
        return made

    def _only_alias(self) -> str:
        known = sorted(settings.ERP_BACKENDS)
        if len(known) > 1:
            raise CommandError(
                f"Several ERPs are configured: {', '.join(known)}. Choose one with --alias.", returncode=2
            )
        return known[0] if known else "cmic"

    def _company_row(self, alias: str, code: str) -> CompanyRow:
        rows = {row.code: row for row in backend(alias).companies()}
        if code not in rows:
            seen = ", ".join(sorted(rows)) or "none"
            raise CommandError(
                f"{backend(alias).name} does not show us a company {code!r}. It shows: {seen}."
            )
        return rows[code]

    def _make_admin(self, connection: Connection, user: Any, *, confirm: bool) -> None:
        Membership.objects.update_or_create(
            user=user, company=connection.company, defaults={"erp_level": ErpLevel.ADMIN, "can_push": True}
        )
        self.stdout.write(f"{user.get_username()} is ERP admin of {connection.company.code}.")
        if confirm:
            number = linking.confirm_cost_types(connection, user=user, now=timezone.now())
            self.stdout.write(f"{number} matches of cost types confirmed.")

    def _report(self, connection: Connection, missing: list[str]) -> None:
        waiting = CostTypeLink.objects.filter(erp_cost_type__connection=connection, confirmed_at=None)
        matches = ", ".join(
            f"{link.cost_type.name} = {link.erp_cost_type.code}"
            for link in waiting.select_related("cost_type", "erp_cost_type")
        )
        if matches:
            self.stdout.write(
                self.style.WARNING(
                    f"Cost types matched by name wait for an ERP admin's yes: {matches}. "
                    "Look at them, then add: --admin NAME --confirm-cost-types"
                )
            )
        if missing:
            for sentence in missing:
                self.stderr.write(f"  {sentence}")
            raise CommandError("Everything was read, but nothing can be sent until this is put right.")
        self.stdout.write(self.style.SUCCESS(f"{connection.company} is read and ready to send."))
