"""`manage.py verify_evidence FILE`: whether an evidence pack holds; if not, the first thing that does not is named."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from erp.evidence.against import NotNamed, check_against_database
from erp.evidence.check import check
from erp.evidence.events import Broken
from erp.evidence.pdf import pdf, printed_by, printer
from erp.evidence.seal import Unreadable, read


class Command(BaseCommand):
    """Recomputes every hash of a pack; with the database also holds it against what is on record there."""

    help = (
        "Verify an evidence pack (JSON, or the PDF as it was downloaded) and name the first thing that does not hold. "
        "Exit code 0: it holds; 1: it does not; 2: it could not be verified (the file is no evidence pack, settings "
        "are missing, wrong usage); 3: the JSON attached to a PDF holds, but its pages could not be compared with it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument("file", type=Path, metavar="FILE", help="the evidence pack")
        parser.add_argument(
            "--against-database",
            action="store_true",
            help="also compare it with this installation's database, and walk the company's chain of events",
        )

        parser.add_argument(
            "--print",
            type=Path,
            metavar="PDF",
            help="write a PDF printed from what was verified, to be read instead of pages that nobody compared",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check part by part and say what holds; raise CommandError at the first part that does not."""
        try:
            data = options["file"].read_bytes()
            pack = read(data)
        except OSError as problem:
            raise CommandError(
                f"{options['file']} cannot be read: {problem.strerror}.", returncode=2
            ) from None
        except Unreadable as problem:
            raise CommandError(str(problem), returncode=2) from None
        compared = True
        try:
            self._parts(check(pack))
            self._introduce(pack)
            if data.startswith(b"%PDF-"):
                compared = self._pages(pack, data)
            if options["against_database"]:
                self.stdout.write("Against the database:")
                self._parts(check_against_database(pack, now=timezone.now()))
        except Broken as broken:
            raise CommandError(
                f"This pack does not hold. {broken.where[:1].upper()}{broken.where[1:]}: {broken.why}."
            ) from None
        except NotNamed as unknown:
            raise CommandError(str(unknown), returncode=2) from None
        except DatabaseError as problem:
            why = str(problem).strip().partition("\n")[0]
            raise CommandError(
                f"The database that DATABASE_URL names cannot be asked ({why}). Name the one of the installation.",
                returncode=2,
            ) from None
        except (
            LookupError,
            TypeError,
            ValueError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ) as problem:
            raise CommandError(f"This pack does not hold: it is not built as one ({problem!r}).") from None
        if options["print"]:
            options["print"].write_bytes(pdf(pack))
            self.stdout.write(f"Printed what was verified: {options['print']}.")
        if not compared:
            raise CommandError(
                "The JSON attached to the PDF holds; its pages were not compared and may say anything. "
                "Read what `--print PDF` writes instead, or compare with the version that printed them.",
                returncode=3,
            )
        self.stdout.write(self.style.SUCCESS("The pack holds."))
        if not options["against_database"]:
            self.stdout.write("Whether it is what Tieback has on record is told by --against-database.")

    def _introduce(self, pack: Any) -> None:
        batch, made = pack["batch"], pack["made"]
        person = f" for {made['for']['name']}" if made["for"] else ""
        self.stdout.write(
            f"Batch {batch['number']} of {pack['project']['name']}, {pack['company']['name']}: "
            f"{pack['decision']['words']}. Made {made['at']}{person}."
        )

    def _parts(self, parts: Iterable[tuple[str, str]]) -> None:
        for name, words in parts:
            self.stdout.write(f"  holds  {name}: {words}")

    def _pages(self, pack: Any, data: bytes) -> bool:
        """Compare the pages with a print of the JSON; False where something else printed them.

        Printed anew by the same versions they are the same bytes. What printed them is what the file says of itself.
        """
        if printed_by(data) != printer():
            self.stdout.write(
                f"  not compared  pages: printed by {printed_by(data) or 'something unknown'}, here is {printer()}"
            )
            return False
        if pdf(pack) != data:
            raise Broken("pages", "the PDF is not the print of the evidence attached to it")
        self.stdout.write("  holds  pages: the print of the attached evidence")
        return True
