"""Who may do which verb."""

from __future__ import annotations

from typing import Any, Final

from tests.siteflow.matrix.rows import VerbRow
from tests.siteflow.permission_table.sent import (
    IMAGE,
    NAS_FOLDER,
    NEW_CONTAINER,
    NEW_HOST,
    NEW_NAS,
    NEW_SITE,
    PASSWORD,
    PRUNE,
    TEMPLATE,
)

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


def body_of(verb: str, target: int | None) -> dict[str, Any]:
    """The same verb as a message, for POST /api/operations and the socket's action.start."""
    row = VERBS[verb]
    confirm = {"confirm_name": "NAME"} if row.confirm else {}
    where = {} if target is None else {"target_id": target}
    return {"kind": verb, "params": row.params, **where, **confirm}
