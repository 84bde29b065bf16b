"""All wizards, in one table."""

from __future__ import annotations

from typing import Final

from provisioning.wizards import ssh_host
from provisioning.wizards.contract import WizardStep, WizardType

_ALL: Final = (
    WizardType(
        "ssh_host", "Add a host", "sites.manage_host",
        (
            WizardStep("connection", "Connection", ssh_host.Connection, needed=True,
                       save=ssh_host.check_connection, leave=ssh_host.change_connection),
            WizardStep("authentication", "Authentication", ssh_host.Authentication, needed=True,
                       save=ssh_host.check_login, leave=ssh_host.put_host),
            WizardStep("ssh_test", "SSH", ssh_host.HostKey, save=ssh_host.approve_key,
                       unmet=ssh_host.not_logged_in, leave=ssh_host.keep_docker_result,
                       test=ssh_host.test, result=ssh_host.ssh_result),
            WizardStep("docker_test", "Docker", unmet=ssh_host.not_tried,
                       test=ssh_host.test, result=ssh_host.docker_result),
            WizardStep("confirm", "Confirm"),
        ),
        complete=ssh_host.confirm, cancel=ssh_host.remove, about=ssh_host.about,
    ),
)  # fmt: skip

TYPES: Final = {each.kind: each for each in _ALL}
