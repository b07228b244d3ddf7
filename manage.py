#!/usr/bin/env python
"""Django's command line for Tieback."""

import os
import sys


def main() -> None:
    """Run one management command with Tieback's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        if "--traceback" in sys.argv:
            raise
        sys.stderr.write(f"{problem}\n")  # a sentence that names the variable and the fix
        sys.exit(2)


if __name__ == "__main__":
    main()
