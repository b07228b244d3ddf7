"""`manage.py seed_demo`: the demo company, once; `--logins` prints who may log in."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from demo import people, seeding
from demo.control import NoSimulator
from erp.port import ErpError, ErpMisconfigured


class Command(BaseCommand):
    """Makes the demo when it is not there; says so when it is."""

    help = (
        "Make the demo company: nine jobs in nine states, against the CMiC simulator at CMIC_BASE_URL. "
        "Exit code 0: it is there; 1: it cannot be made, the reason is printed; 2: wrong usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what the command takes."""
        parser.add_argument(
            "--logins", action="store_true", help="print the six people and what to try first"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make, or print the logins."""
        if options["logins"]:
            self.stdout.write(people.logins())
            return
        began = time.monotonic()
        try:
            if seeding.is_made():
                seeding.keep_going()
                self.stdout.write("The demo is already there.")
                return
            seeding.make(now=timezone.now(), progress=lambda line: self.stdout.write(f"  {line}"))
        except (seeding.CannotSeed, NoSimulator) as problem:
            raise CommandError(str(problem)) from None
        except (ErpError, ErpMisconfigured) as problem:
            raise CommandError(
                f"CMiC did not play along: {problem} Start afresh with `make reset`."
            ) from None
        self.stdout.write(f"The demo is made ({time.monotonic() - began:.0f} s).")
