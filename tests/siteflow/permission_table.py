"""Who may do what, in one place: each address, topic and message of a socket, verb and command.

Whatever is not in here fails `matrix/test_complete.py`, so nothing is added without an answer to
it. The classes of answers are in `matrix/rows.py`, who asks in `matrix/visitors.py`; the pages of
the console stand in `matrix/pages.py`, as there are many of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from provisioning.things.pruning import digest_of
from tests.siteflow.matrix.rows import (
    ADMINS,
    AUDIT,
    AUDIT_KEEPERS,
    CHANNELS,
    LIST,
    ONE,
    ONE_CHANNEL,
    ONE_DELIVERY,
    ONE_OPERATION,
    OPEN,
    OPERATIONS,
    OWN,
    OWN_LIST,
    Row,
    VerbRow,
    everybody,
    manage,
    of_operation,
    of_template,
    operate,
    own,
    plan,
)

CONNECTION: Final = {"name": "new", "address": "192.0.2.1", "username": "a"}
NEW_HOST: Final = {**CONNECTION, "auth": "generate"}
NEW_SITE: Final = {"name": "fresh", "template": "static", "params": {"site_title": "Fresh"}}
NEW_CONTAINER: Final = {"name": "fresh", "image": "nginx:1.28", "environment": {"A": "b"}}
COMPOSE: Final = (
    "services:\n  web: {image: 'nginx:1.28', mem_limit: 64m, restart: always, "
    "logging: {driver: json-file, options: {max-size: 1m, max-file: '2'}}}\n"
)
TEMPLATE: Final[dict[str, Any]] = {
    "manifest": {"name": "Fitting", "web_service": "web", "web_port": 80},
    "files": {"compose.yml": COMPOSE},
}
NEW_CHANNEL: Final = {"name": "fresh", "url": "jsons://robot:hidden@192.0.2.1/hook"}
NAS_FOLDER: Final = "/volume1/backups"
NEW_NAS: Final = {"root": "/volume1/more", "pattern": "{site}-*"}
PASSWORD: Final = {"username": "carol", "password": "secret"}
THING: Final = {"name": "NAME", "confirm_name": "NAME"}
IMAGE: Final = {"name": "nginx:1.27"}
PRUNE: Final = {"images": [f"sha256:{'5' * 64}"], "plan_digest": digest_of([f"sha256:{'5' * 64}"])}
# Of one's own sites, each of which one must be able to change and to release.
ROLL_OUT: Final = replace(
    manage(202, {"template": "static", "sites": ["KEY"]}, prepare="older"),
    needs="manage operate", kind="site",
)  # fmt: skip

# What is an alert is one thing for everybody: who manages all of it sees and changes it.
RULES: Final = Row(200, needs="rules", place="everywhere")
ONE_RULE: Final = replace(RULES, kind="rule", rights_first=True)
RULE: Final = {"name": "Busy", "kind": "threshold", "of": "host", "metric": "load1", "threshold": 8}
WINDOW: Final = {"begins_at": "2031-01-01T00:00:00Z", "ends_at": "2031-01-02T00:00:00Z",
                 "why": "a new disk"}  # fmt: skip

# Verb → what one needs for it on its target, and what it is asked with. FINGERPRINT, NAME and TAG
# are the target's own.
VERBS: Final[dict[str, VerbRow]] = {
    "container.start": VerbRow("operate"),
    "container.stop": VerbRow("operate"),
    "container.restart": VerbRow("operate"),
    "container.kill": VerbRow("operate"),
    "container.pause": VerbRow("operate"),
    "container.unpause": VerbRow("operate"),
    "container.remove": VerbRow("remove", confirm=True),
    "container.limits": VerbRow("operate", {"pids": 100}),
    "container.create": VerbRow("manage", NEW_CONTAINER),
    "host.test": VerbRow("operate"),
    "host.refresh": VerbRow("operate"),
    "host.restart-service": VerbRow("operate", {"service": "nginx.service"}),
    "host.rotate-key": VerbRow("manage"),
    "host.add": VerbRow("manage", NEW_HOST),
    "host.generate-key": VerbRow("manage"),
    "host.change": VerbRow("manage", {"sudo": True}),
    "host.approve-key": VerbRow("manage", {"fingerprint": "FINGERPRINT"}),
    "host.confirm": VerbRow("manage", status=409),  # is set up already
    "host.remove": VerbRow("manage", confirm=True, prepare="idle"),
    "host.terminals": VerbRow("manage", {"terminals": "buffered"}),
    "host.tag": VerbRow("tag", {"tags": ["eu"]}, everywhere=True),
    "template.create": VerbRow("manage", {**TEMPLATE, "name": "fitting"}),
    "template.edit": VerbRow("manage", TEMPLATE, everywhere=True),
    "template.delete": VerbRow("manage", confirm=True, everywhere=True),
    "proxy.install": VerbRow("manage"),
    "proxy.sync": VerbRow("manage"),
    "proxy.reload": VerbRow("operate"),
    "domain.add": VerbRow("manage", {"name": "new.example.com"}),
    "domain.change": VerbRow("manage", {"access_log": False}),
    "domain.remove": VerbRow("manage", confirm=True),
    "domain.set-password": VerbRow("manage", PASSWORD),
    "domain.remove-password": VerbRow("manage", {"username": "dave"}),
    "cert.check": VerbRow("operate"),
    "backup.check": VerbRow("operate", prepare="idle"),
    "nas.check": VerbRow("operate"),
    "nas.set": VerbRow("manage", NEW_NAS, prepare="by ssh"),
    "nas.forget": VerbRow("manage", {"root": NAS_FOLDER}, confirm=True),
    "host.measure": VerbRow("operate"),
    "image.pull": VerbRow("operate", IMAGE),
    "image.check": VerbRow("operate"),
    "image.tag": VerbRow("operate", {**IMAGE, "new_name": "web:2"}),
    "image.remove": VerbRow("manage", IMAGE, prepare="idle"),
    "image.prune": VerbRow("manage", PRUNE, prepare="idle"),
    "volume.create": VerbRow("operate", {"name": "data"}),
    # Typed is the name of what goes, which here is called as its host.
    "volume.remove": VerbRow("manage", {"name": "NAME"}, confirm=True, prepare="idle"),
    "network.create": VerbRow("operate", {"name": "back"}),
    "network.remove": VerbRow("manage", {"name": "NAME"}, confirm=True, prepare="idle"),
    "site.tag": VerbRow("tag", {"tags": ["eu", "TAG"]}, everywhere=True),
    "host.add-site": VerbRow("manage", NEW_SITE),
    "site.provision": VerbRow("manage", prepare="idle"),
    "site.configure": VerbRow("manage", {"revision": 1}),
    "site.pin": VerbRow("operate", {"number": 1}),
    "site.release": VerbRow("operate", prepare="idle"),
    "site.rollback": VerbRow("operate", prepare="idle"),
    "site.adopt": VerbRow("manage", prepare="idle"),
    "site.disown": VerbRow("manage", confirm=True, prepare="no domains"),
    "site.discard": VerbRow("manage", confirm=True, status=409),  # is on its host
    "site.deprovision": VerbRow("manage", confirm=True, prepare="idle"),
    "quarantine.restore": VerbRow("manage", sees="manage"),
    "quarantine.purge": VerbRow("manage", sees="manage", confirm=True),
}

API: Final[dict[tuple[str, str], Row]] = {
    ("get", "/api/health"): OPEN,
    ("get", "/api/health/live"): OPEN,
    ("get", "/api/health/ready"): OPEN,
    ("get", "/api/health/detailed"): ADMINS,
    ("get", "/api/overview"): LIST,
    ("get", "/api/hosts"): LIST,
    ("post", "/api/hosts"): manage(201, NEW_HOST, hidden=403),
    ("post", "/api/hosts/generate-key"): manage(201, {}, hidden=403),
    ("get", "/api/hosts/{host_id}"): ONE,
    ("patch", "/api/hosts/{host_id}"): manage(200, {"sudo": True}),
    ("delete", "/api/hosts/{host_id}"): manage(200, {"confirm_name": "NAME"}, prepare="idle"),
    ("post", "/api/hosts/{host_id}/approve-key"): manage(200, {"fingerprint": "FINGERPRINT"}),
    ("get", "/api/hosts/{host_id}/facts"): ONE,
    ("get", "/api/hosts/{host_id}/services"): ONE,
    ("post", "/api/hosts/{target_id}/test"): operate(),
    ("post", "/api/hosts/{target_id}/refresh"): operate(),
    ("post", "/api/hosts/{target_id}/rotate-key"): manage(202, {}),
    ("post", "/api/hosts/{target_id}/restart-service"): operate({"service": "nginx.service"}),
    ("get", "/api/hosts/{host_id}/proxy"): ONE,
    ("post", "/api/hosts/{target_id}/proxy-install"): manage(202, {}),
    ("post", "/api/hosts/{target_id}/proxy-sync"): manage(202, {}),
    ("post", "/api/hosts/{target_id}/proxy-reload"): operate(),
    ("post", "/api/hosts/{target_id}/nas-check"): operate(),
    ("get", "/api/hosts/{host_id}/nas"): ONE,
    ("put", "/api/hosts/{host_id}/nas"): manage(200, NEW_NAS, prepare="by ssh"),
    ("delete", "/api/hosts/{host_id}/nas"): manage(
        200, {"root": NAS_FOLDER, "confirm_name": "NAME"}
    ),
    ("get", "/api/hosts/{host_id}/images"): ONE,
    ("get", "/api/hosts/{host_id}/images/prune-plan"): plan("manage"),
    ("get", "/api/hosts/{host_id}/volumes"): ONE,
    ("get", "/api/hosts/{host_id}/networks"): ONE,
    ("post", "/api/hosts/{target_id}/measure"): operate(),
    ("post", "/api/hosts/{target_id}/image-pull"): operate(IMAGE),
    ("post", "/api/hosts/{target_id}/image-check"): operate(),
    ("post", "/api/hosts/{target_id}/image-tag"): operate({**IMAGE, "new_name": "web:2"}),
    ("post", "/api/hosts/{target_id}/image-remove"): manage(202, IMAGE, prepare="idle"),
    ("post", "/api/hosts/{target_id}/image-prune"): manage(202, PRUNE, prepare="idle"),
    ("post", "/api/hosts/{target_id}/volume-create"): operate({"name": "data"}),
    ("post", "/api/hosts/{target_id}/volume-remove"): manage(202, THING, prepare="idle"),
    ("post", "/api/hosts/{target_id}/network-create"): operate({"name": "back"}),
    ("post", "/api/hosts/{target_id}/network-remove"): manage(202, THING, prepare="idle"),
    ("get", "/api/containers"): LIST,
    ("get", "/api/containers/{container_id}"): ONE,
    ("get", "/api/containers/{container_id}/logs"): ONE,
    ("get", "/api/containers/{container_id}/inspect"): ONE,
    ("post", "/api/containers"): replace(
        manage(202, {**NEW_CONTAINER, "host": "KEY"}), kind="host"
    ),
    ("post", "/api/containers/plan"): plan("manage", {**NEW_CONTAINER, "host": "KEY"}, kind="host"),
    ("post", "/api/hosts/{target_id}/container-create"): manage(202, NEW_CONTAINER),
    ("post", "/api/containers/{target_id}/limits"): operate({"pids": 100}),
    ("post", "/api/containers/{target_id}/start"): operate(),
    ("post", "/api/containers/{target_id}/stop"): operate(),
    ("post", "/api/containers/{target_id}/restart"): operate(),
    ("post", "/api/containers/{target_id}/kill"): operate(),
    ("post", "/api/containers/{target_id}/pause"): operate(),
    ("post", "/api/containers/{target_id}/unpause"): operate(),
    ("post", "/api/containers/{target_id}/remove"): operate(
        {"confirm_name": "NAME"}, needs="remove"
    ),
    ("get", "/api/sites"): LIST,
    ("get", "/api/sites/{site_id}"): ONE,
    ("get", "/api/sites/{site_id}/releases"): ONE,
    ("get", "/api/sites/{site_id}/releases/{number}"): ONE,
    ("get", "/api/sites/{site_id}/config"): ONE,
    ("put", "/api/sites/{site_id}/config"): manage(200, {"revision": 1}),
    ("post", "/api/sites/{site_id}/plan"): plan("operate", {"kind": "release", "number": 1}),
    ("post", "/api/sites/{site_id}/reveal"): plan("reveal"),
    ("post", "/api/sites/{target_id}/provision"): manage(202, prepare="idle"),
    ("post", "/api/sites/{target_id}/release"): operate(prepare="idle"),
    ("post", "/api/sites/{target_id}/rollback"): operate(prepare="idle"),
    ("post", "/api/sites/{target_id}/adopt"): manage(202, prepare="idle"),
    ("post", "/api/sites/{target_id}/deprovision"): manage(
        202, {"confirm_name": "NAME"}, prepare="idle"
    ),
    ("post", "/api/provision/plan"): plan("manage", {**NEW_SITE, "host": "KEY"}, kind="host"),
    ("post", "/api/provision/"): replace(manage(202, {**NEW_SITE, "host": "KEY"}), kind="host"),
    ("delete", "/api/provision/"): replace(
        manage(202, {"name": "NAME", "confirm_name": "NAME"}, prepare="idle"), kind="site"
    ),
    ("get", "/api/log-archives"): LIST,
    ("get", "/api/log-archives/{archive_id}"): replace(ONE, kind="keptlog"),
    ("get", "/api/quarantine"): replace(LIST, needs="manage"),
    ("post", "/api/quarantine/{target_id}/restore"): replace(manage(202), sees="manage"),
    ("post", "/api/quarantine/{target_id}/purge"): replace(
        manage(202, {"confirm_name": "NAME"}), sees="manage"
    ),
    ("get", "/api/provision/templates"): LIST,
    ("get", "/api/templates"): LIST,
    ("post", "/api/templates"): manage(201, {**TEMPLATE, "name": "fitting"}, hidden=403),
    ("get", "/api/templates/{slug}"): of_template(200),
    ("put", "/api/templates/{slug}"): of_template(200, TEMPLATE),
    ("delete", "/api/templates/{slug}"): of_template(200, {"confirm_name": "NAME"}),
    ("get", "/api/rollouts"): LIST,
    ("post", "/api/rollouts"): ROLL_OUT,
    ("post", "/api/rollouts/preview"): replace(LIST, needs="manage", body={"template": "static"}),
    ("get", "/api/rollouts/{rollout_id}"): ONE,
    ("post", "/api/rollouts/{rollout_id}/stop"): manage(200),
    ("post", "/api/rollouts/{rollout_id}/resume"): replace(manage(200), needs="manage operate"),
    ("get", "/api/domains"): LIST,
    ("post", "/api/domains"): replace(
        manage(201, {"site": "KEY", "name": "new.example.com"}), kind="site"
    ),
    ("get", "/api/domains/{domain_id}"): ONE,
    ("patch", "/api/domains/{domain_id}"): manage(200, {"access_log": False}),
    ("delete", "/api/domains/{domain_id}"): manage(200, {"confirm_name": "NAME"}),
    ("post", "/api/domains/{domain_id}/set-password"): manage(200, PASSWORD),
    ("post", "/api/domains/{domain_id}/remove-password"): manage(200, {"username": "dave"}),
    ("post", "/api/domains/{target_id}/cert-check"): operate(),
    ("get", "/api/certificates"): LIST,
    ("get", "/api/backups"): LIST,
    ("post", "/api/sites/{target_id}/backup-check"): operate(prepare="idle"),
    ("get", "/api/operations"): OPERATIONS,
    # by verb, as they stand above
    ("post", "/api/operations"): Row(
        202, body={"kind": "container.stop", "target_id": "CONTAINER"}
    ),
    ("get", "/api/operations/{operation_id}"): ONE_OPERATION,
    ("get", "/api/operations/{operation_id}/output"): ONE_OPERATION,
    ("post", "/api/operations/{operation_id}/cancel"): of_operation(),
    ("post", "/api/operations/{operation_id}/retry"): of_operation(),
    ("post", "/api/wizards/start"): manage(201, {"wizard_type": "ssh_host"}, hidden=403),
    ("get", "/api/wizards"): OWN_LIST,
    ("get", "/api/wizards/{wizard_id}"): OWN,
    ("post", "/api/wizards/{wizard_id}/step"): own(CONNECTION),
    ("post", "/api/wizards/{wizard_id}/next"): own(),
    ("post", "/api/wizards/{wizard_id}/previous"): own(),
    ("post", "/api/wizards/{wizard_id}/test"): own(needs="manage operate", prepare="idle"),
    ("post", "/api/wizards/{wizard_id}/complete"): own(),
    ("post", "/api/wizards/{wizard_id}/cancel"): own(),
    ("get", "/api/audit/logs"): AUDIT,
    ("post", "/api/audit/cleanup"): AUDIT_KEEPERS,
    ("get", "/api/audit/verify"): AUDIT_KEEPERS,
    ("get", "/api/audit/export"): AUDIT_KEEPERS,
    # Logging in: nobody's rights matter, only what is sent.
    ("post", "/api/auth/token"): everybody(401, {"username": "nobody", "password": "guessed"}),
    ("post", "/api/auth/refresh"): everybody(401, {"refresh": "guessed"}),
    ("post", "/api/auth/revoke"): everybody(204, {"refresh": "guessed"}),
    ("get", "/api/alerts"): LIST,
    ("get", "/api/alerts/{alert_id}"): ONE,
    ("post", "/api/alerts/{alert_id}/acknowledge"): replace(operate({"note": "mine"}), status=200),
    ("post", "/api/alerts/{alert_id}/mute"): replace(
        operate({"until": "LATER", "note": ""}), status=200
    ),
    ("get", "/api/alerts/rules"): RULES,
    ("post", "/api/alerts/rules"): replace(RULES, status=201, body=RULE, changes=True),
    ("get", "/api/alerts/rules/{rule_id}"): ONE_RULE,
    ("patch", "/api/alerts/rules/{rule_id}"): replace(ONE_RULE, body={"for_s": 300}, changes=True),
    ("delete", "/api/alerts/rules/{rule_id}"): replace(ONE_RULE, status=204, changes=True),
    # Somebody made it: there is nothing to restore.
    ("post", "/api/alerts/rules/{rule_id}/restore"): replace(ONE_RULE, status=409),
    ("get", "/api/alerts/maintenance"): LIST,
    ("post", "/api/alerts/maintenance"): replace(
        operate({**WINDOW, "site": "KEY"}), status=201, kind="site"
    ),
    ("get", "/api/alerts/maintenance/{window_id}"): replace(ONE, kind="maintenance"),
    ("patch", "/api/alerts/maintenance/{window_id}"): replace(
        operate({"why": "longer"}), status=200, kind="maintenance"
    ),
    ("delete", "/api/alerts/maintenance/{window_id}"): replace(
        operate(), status=204, kind="maintenance"
    ),
    ("get", "/api/metrics/containers/{container_id}"): replace(ONE, kind="container"),
    ("get", "/api/metrics/sites/{site_id}"): replace(ONE, kind="site"),
    ("get", "/api/metrics/hosts/{host_id}"): replace(ONE, kind="host"),
    ("get", "/api/metrics/system"): LIST,
    ("get", "/api/notifications/channels"): CHANNELS,
    ("post", "/api/notifications/channels"): replace(
        CHANNELS, status=201, body=NEW_CHANNEL, changes=True
    ),
    ("get", "/api/notifications/channels/{channel_id}"): ONE_CHANNEL,
    ("patch", "/api/notifications/channels/{channel_id}"): replace(
        ONE_CHANNEL, body={"resolved": False}, changes=True
    ),
    ("delete", "/api/notifications/channels/{channel_id}"): replace(
        ONE_CHANNEL, status=204, changes=True
    ),
    ("post", "/api/notifications/channels/{channel_id}/test"): replace(
        ONE_CHANNEL, status=202, changes=True
    ),
    ("get", "/api/notifications/deliveries"): CHANNELS,
    ("get", "/api/notifications/deliveries/{delivery_id}"): ONE_DELIVERY,
    ("post", "/api/notifications/deliveries/{delivery_id}/try-again"): replace(
        ONE_DELIVERY, status=202, changes=True
    ),
    ("get", "/api/graph"): LIST,
    ("get", "/api/graph/impact"): replace(
        ONE, kind="site", query={"kind": "site", "key": "KEY"}, door="look"
    ),
    # About oneself: who is logged in may.
    ("get", "/api/auth/me"): OWN_LIST,
    ("post", "/api/auth/ws-ticket"): OWN_LIST,
    ("get", "/api/tokens"): OWN_LIST,
    ("post", "/api/tokens"): replace(
        OWN_LIST, status=201, needs="tokens", body={"name": "ci", "scopes": ["read"]}, changes=True
    ),
    ("delete", "/api/tokens/{token_id}"): replace(OWN, status=204, needs="tokens", changes=True),
}

# GET /metrics, which stands beside the API and answers as it does.
METRICS: Final = LIST

# Topic (a dot at the end: with the key of a thing) → what one needs for it
TOPICS: Final[dict[str, Row]] = {
    "sites": LIST,
    "containers": LIST,
    "containers.": replace(ONE, kind="host"),
    "hosts": LIST,
    "graph": LIST,
    "alerts": LIST,
    "events": LIST,
    "events.": replace(ONE, kind="host"),
    "operations": OPERATIONS,
    "operation.": replace(ONE_OPERATION, kind="operation"),
    "metrics.": replace(ONE, kind="container"),
    "metrics.site.": replace(ONE, kind="site"),
    "metrics.host.": replace(ONE, kind="host"),
}

# type of a message → who may send it once the socket is open
MESSAGES: Final = {
    "subscribe": "each topic has its own answer",
    "unsubscribe": "everybody with a login",
    "ping": "everybody with a login",
    "pong": "everybody with a login",
    "action.start": "who has the verb's permission",
}

# address of a socket → the topics it begins with; all are closed to whoever is not logged in
SOCKETS: Final[dict[str, tuple[str, ...]]] = {
    "api/ws": (),
    "ws/dashboard": ("hosts", "containers", "operations"),
    "ws/tasks/<int:operation>": ("operation.{operation}",),
    "ws/deployments/<int:operation>": ("operation.{operation}",),
    "ws/containers/<int:container>/stats": ("metrics.{container}",),
    "ws/services/<int:site>": ("metrics.site.{site}", "sites", "containers", "operations"),
    "ws/metrics": ("hosts",),
    "ws/events": ("events",),
    # Who may what there: tests/siteflow/terminals/test_terminal_rights.py.
    "ws/containers/<int:key>/exec": (),
    "ws/hosts/<int:key>/terminal": (),
    "ws/terminals/<int:key>/watch": (),
    # Of what the account sees: matrix/listening.py and test_log_sockets.py.
    "ws/containers/<int:container>/logs": (),
    "ws/sites/<int:site>/logs": (),
    "ws/logs": (),
    "": (),  # nowhere: closed to everybody
}

# The same of sockets that show logs.
LOGS: Final = {
    "ws/containers/<int:container>/logs": Row(200, sees="look", kind="container"),
    "ws/sites/<int:site>/logs": Row(200, sees="look", kind="site"),
    "ws/logs": Row(200, sees="look", kind="container"),
}

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


def body_of(verb: str, target: int | None) -> dict[str, Any]:
    """The same verb as a message, for POST /api/operations and the socket's action.start."""
    row = VERBS[verb]
    confirm = {"confirm_name": "NAME"} if row.confirm else {}
    where = {} if target is None else {"target_id": target}
    return {"kind": verb, "params": row.params, **where, **confirm}
