"""`manage.py erp_check COMPANY`: what works with a company's ERP, what is missing, what a person has to confirm."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from erp.backends import backend
from erp.models import Connection
from erp.port import CheckItem, ErpBackend, ErpCompany, ErpError, ErpMisconfigured
from erp.setup import checkup

MISSING, NO_ANSWER = 1, 3
FIRST_ALIAS = "cmic"


class Command(BaseCommand):
    """Reads from the ERP and changes nothing, neither there nor here."""

    help = (
        "Look at a company's ERP: what works, what is missing, which ways are open, what a person must confirm. "
        "Writes nothing, neither there nor here; the company need not be set up yet. "
        "Exit code 0: nothing is missing; 1: something is missing, nothing could be sent; 2: wrong usage; "
        "3: the ERP gave no answer, try again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("company", metavar="COMPANY", help="the company's code, for example 001")
        parser.add_argument(
            "--alias", help="another ERP than the company's; cmic for a company that is not set up yet"
        )
        parser.add_argument(
            "--record",
            type=Path,
            metavar="DIR",
            help="save what the ERP declares of itself as files, without log-ins and addresses",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, record if asked, print; raise CommandError where something is missing."""
        alias, company = self._company(options["company"], options["alias"])
        try:
            erp = backend(alias)
            found = erp.report(company)
            files = self._record(erp, options["record"]) if options["record"] else []
        except ImproperlyConfigured as problem:
            raise CommandError(f"No such ERP: {problem}") from None
        except ErpError as problem:
            raise CommandError(f"The ERP gave no answer: {problem}", returncode=NO_ANSWER) from None
        lacking = checkup.missing(found)
        if options["json"]:
            shown = {"company": options["company"], "erp": erp.name, "ready": not lacking}
            items = {"items": checkup.rows(found), "recorded": files}
            self.stdout.write(json.dumps({**shown, **items}, indent=2))
        else:
            self._print(found, files)
        if lacking:
            raise CommandError(
                f"{len(lacking)} of these are missing: nothing can be sent to {erp.name} until they are put right.",
                returncode=MISSING,
            )
        if not options["json"]:
            self.stdout.write(self.style.SUCCESS(f"Nothing is missing: {erp.name} can be sent to."))

    def _company(self, code: str, alias: str | None) -> tuple[str, ErpCompany]:
        """The company as it is set up here; as it is called there, for one that is new here or in another ERP."""
        known = Connection.objects.filter(company__code=code).first()
        if known and alias in (None, known.alias):
            return known.alias, known.erp
        return alias or FIRST_ALIAS, ErpCompany(code=code)

    def _record(self, erp: ErpBackend, folder: Path) -> list[str]:
        try:
            texts = erp.record()
        except ErpMisconfigured as problem:
            self.stderr.write(f"Nothing was recorded: {problem}")
            return []
        if not texts:
            self.stderr.write(f"Nothing was recorded: {erp.name} does not declare itself.")
            return []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8")
        except OSError as problem:
            raise CommandError(f"{folder} cannot be written: {problem.strerror}") from None
        return [str(folder / name) for name in sorted(texts)]

    def _print(self, found: list[CheckItem], files: list[str]) -> None:
        styles = {"good": self.style.SUCCESS, "bad": self.style.ERROR, "warn": self.style.WARNING}
        for area, lines in checkup.by_area(checkup.rows(found)):
            self.stdout.write(self.style.MIGRATE_HEADING(area))
            for line in lines:
                mark = styles.get(line.tone, str)(f"{line.word:<8}")
                self.stdout.write(f"  {mark}{line.sentence}")
        for file in files:
            self.stdout.write(f"Recorded {file}")
