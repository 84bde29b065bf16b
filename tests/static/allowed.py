"""Where a rule does not hold, and why. What no longer applies has to go: it fails the check."""

from __future__ import annotations

from typing import Final

from tests.static.findings import Allowed

ALLOWED: Final = (
    Allowed(
        "quoting",
        "provisioning/drivers/command.py",
        "import shlex",
        "the one place where an argv becomes the text that SSH carries",
    ),
    Allowed(
        "quoting",
        "provisioning/wizards/install.py",
        "import shlex",
        "makes a line for a person to paste; SiteFlow itself never runs it",
    ),
    Allowed(
        "secret-field",
        "provisioning/wizards/models.py",
        "secrets = models.JSONField",
        "holds what sites/encryption.py made of each value",
    ),
    Allowed(
        "process",
        "provisioning/drivers/local.py",
        "import subprocess",
        "the driver of this machine itself; argv only",
    ),
    Allowed(
        "process",
        "provisioning/drivers/local_terminal.py",
        "import subprocess",
        "the same, for a terminal of this machine",
    ),
    Allowed(
        "process",
        "provisioning/drivers/process_stream.py",
        "import subprocess",
        "the same, for commands that run for long",
    ),
    Allowed(
        "process",
        "provisioning/drivers/notify.py",
        "import subprocess",
        "tells a service something, by our own program; what is secret goes to its stdin",
    ),
    Allowed(
        "process",
        "siteflow/management/commands/serve.py",
        "os.execv(sys.executable, argv)",
        "becomes the supervisor; our own argv",
    ),
    Allowed(
        "process",
        "siteflow/supervisor/child.py",
        "import subprocess",
        "starts web, worker and monitor from the table in roles.py",
    ),
    Allowed(
        "process",
        "siteflow/supervisor/supervisor.py",
        "import subprocess",
        "as above: names the type of its processes",
    ),
    Allowed(
        "queries",
        "audit/guard.py",
        "TRIGGER",
        "triggers take no parameters; their names and texts are constants of that module",
    ),
    Allowed(
        "queries",
        "siteflow/feed_file.py",
        "connection.executescript(",
        "the table's definition with a number of ours; PRAGMA takes no parameters",
    ),
    Allowed(
        "markup",
        "siteflow/templatetags/console.py",
        "return mark_safe(text)",
        "two values, both escaped there, put into our own rendered template",
    ),
)
