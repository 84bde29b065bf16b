from __future__ import annotations

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Run web, worker and monitor, and keep them running. Ctrl-C stops all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument(
            "--only",
            action="append",
            choices=["web", "worker", "monitor"],
            default=[],
            help="Run only this process; may be given again for another.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Becomes the supervisor, which has no Django in its memory and outlives a broken one."""
        os.environ["SITEFLOW_DATA_DIR"] = str(settings.DATA_DIR)
        os.environ.pop("SITEFLOW_ADMIN_PASSWORD", None)  # only `prepare` needs it
        os.chdir(settings.BASE_DIR)
        argv = [sys.executable, "-m", "siteflow.supervisor"]
        # One word each, so that no value can be taken for an option.
        argv += [f"--host={options['host']}", f"--port={options['port']}"]
        argv += [part for name in options["only"] for part in ("--only", name)]
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(sys.executable, argv)  # noqa: S606  (no shell is just what is wanted)
