"""Commands and their parts."""

from __future__ import annotations

from typing import Final

# Whoever may run commands on the machine holds its database and keys: no roles there, but all
# that changes something is on record under the name of the operating system's user.
COMMANDS: Final[dict[str, tuple[str, ...]]] = {
    "audit": ("list", "verify", "cleanup", "export"),
    "container": (
        "list", "show", "logs", "inspect", "create", "limits",
        "start", "stop", "restart", "kill", "pause", "unpause", "remove",
    ),
    "host": (
        "list", "show", "facts", "services", "add", "approve-key", "confirm", "remove",
        "test", "refresh", "restart-service", "rotate-key", "tag", "terminals", "measure",
    ),
    "image": ("list", "pull", "check", "tag", "remove", "prune"),
    "volume": ("list", "create", "remove"),
    "network": ("list", "create", "remove"),
    "proxy": ("show", "install", "sync", "reload"),
    "domain": ("list", "add", "change", "remove", "set-password", "remove-password"),
    "cert": ("status", "check"),
    "backup": ("status", "check"),
    "nas": ("list", "set", "forget", "check"),
    "alert": ("list", "show", "acknowledge", "mute", "rules"),
    "operation": ("list", "show", "cancel", "retry"),
    "quarantine": ("list", "restore", "purge"),
    "site": (
        "list", "show", "plan", "provision", "config",
        "pin", "release", "rollback", "adopt", "disown", "discard", "deprovision",
    ),
    "template": ("list", "show", "roll", "rollouts", "stop-rollout", "resume-rollout"),
    "user": ("list", "show", "add", "role", "token", "disable", "enable"),
    "notify": ("list", "test"),
    "metrics": ("container", "site", "host", "system"),
    "graph": (),
    "health": (),
    "overview": (),
    "monitor": (),
    "prepare": (),
    "serve": (),
}  # fmt: skip
