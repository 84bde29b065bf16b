"""Who sees which forms of the console: an admin, somebody who logs in, a wizard at each step."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from provisioning.drivers.keys import generate_ed25519
from provisioning.models import Wizard
from provisioning.wizards.types import TYPES
from sites.models import Credential, Host
from tests.hostile.forms import Form, forms, pages
from tests.people import logged_in, person
from tests.provisioning.rows import make_host
from tests.siteflow.accounts.ways import give_app, log_in
from tests.siteflow.permission_table import CONNECTION
from tests.siteflow.things import Things, queued

CODE = "/account/confirm/code/"
FACTOR = "/account/second-factor/"


@dataclass
class Visitor:
    client: Client
    forms: list[Form]

    def post(self, form: Form, given: dict[str, str]) -> Any:
        """The answer to the form as it stands, but for what is given."""
        cookies = deepcopy(self.client.cookies)
        data = {**form.values, **given}
        if form.method == "get":
            answer: Any = self.client.get(form.url.partition("?")[0], data)
        else:
            answer = self.client.post(form.url, data)
        self.client.cookies = cookies
        return answer


def everybody(things: Things, admin: User) -> list[Visitor]:
    """Each form once. Confirmations of one's own password have to outlast the test."""
    User.objects.filter(pk=admin.pk).update(is_superuser=True)
    client = asking(logged_in(admin))
    client.post("/account/confirm/", {"password": "admin's own"})
    stranger, login = asking(Client()), ["/admin/login/", "/account/login/passkey/"]
    edit = f"/admin/sites/host/{ssh_host('web2').pk}/edit/"
    known = {**things, "operation": queued(things, ended=True), "user": admin.pk, "group": 1}
    found = [Visitor(client, forms(client, [*pages(known), *wizards(), edit]))]
    found.append(Visitor(stranger, forms(stranger, login, under=tuple(login))))
    return found


def with_app(admin: User) -> list[Visitor]:
    """Somebody with an authenticator app, and the same between password and code."""
    between, client = asking(Client()), asking(logged_in(admin))
    client.post("/account/confirm/", {"password": "admin's own"})
    give_app(admin)
    log_in(between, "admin")
    begin = [CODE, *(f"{FACTOR}{one}" for one in ("", "app/remove/", "codes/", "codes/new/"))]
    return [
        Visitor(client, forms(client, begin, under=(CODE, FACTOR))),
        Visitor(between, forms(between, ["/account/login/code/"], under=("/account/login/",))),
    ]


def asking(client: Client) -> Client:
    """What `siteflow/refusals.py` answers is looked at."""
    client.raise_request_exception = False
    return client


def wizards() -> list[str]:
    """One at each step of each type, with its host and after somebody removed that."""
    host = ssh_host("pending", state=Host.State.SETUP_PENDING)
    found = []
    for kind in TYPES.values():
        for step in kind.steps:
            for its in (host, None):
                row = Wizard.objects.create(
                    kind=kind.kind, owner=person("admin"), step=step.name, host=its,
                    state={"connection": CONNECTION, "authentication": {"auth": "keep"}},
                )  # fmt: skip
                found.append(f"/admin/sites/host/set-up/{row.pk}/")
    return found


def ssh_host(name: str, **values: Any) -> Host:
    pair = generate_ed25519("")
    credential = Credential(kind="key", public_key=pair.public_line, fingerprint=pair.fingerprint)
    credential.seal(pair.private_text)
    credential.save()
    return make_host(
        name, connection="ssh", address="192.0.2.7", username="a", credential=credential,
        host_key="", offered_key=pair.public_line, **values,
    )  # fmt: skip
