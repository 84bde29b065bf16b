"""The real software of the shipped templates as a visitor and an editor meet it, over HTTPS."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Final

from tests.provisioning.site_runs.visitor import Visitor

EMAIL: Final = "alice@example.org"
Env = dict[str, str]


def static(visitor: Visitor, env: Env) -> None:
    """The page that Eleventy made; Decap CMS for the editor alone, and its server behind it."""
    assert "My site" in visitor.page("/")
    assert visitor.ask("/admin/").status == 401
    login = base64.b64encode(f"{env['EDITOR_NAME']}:{env['EDITOR_PASSWORD']}".encode()).decode()
    editor = {"Authorization": f"Basic {login}"}
    assert "/admin/decap-cms.js" in visitor.page("/admin/", headers=editor)
    assert "Decap CMS" in visitor.page("/admin/decap-cms.js", headers=editor)
    told = visitor.page("/admin/api/v1", method="POST", headers=editor, told={"action": "info"})
    assert json.loads(told)["type"] == "local_fs"


def node(visitor: Visitor, env: Env) -> None:
    """The page, Payload's admin, its API, and a login that the database knows."""
    assert "My site" in visitor.page("/")
    assert "payload" in visitor.page("/admin/login")
    (home,) = json.loads(visitor.page("/api/pages"))["docs"]
    assert (home["slug"], home["title"]) == ("home", "My site")
    login = {"email": EMAIL, "password": env["ADMIN_PASSWORD"]}
    told = json.loads(visitor.page("/api/users/login", method="POST", told=login))
    who = {"Authorization": f"JWT {told['token']}"}
    assert json.loads(visitor.page("/api/users/me", headers=who))["user"]["email"] == EMAIL


def python(visitor: Visitor, env: Env) -> None:
    """The page that Wagtail keeps in PostgreSQL, its admin, and a login there."""
    assert "log in at" in visitor.page("/")
    login = visitor.ask("/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', login.text)
    assert "Wagtail" in login.text and token
    cookie = login.headers["set-cookie"].partition(";")[0]
    from_there = {"Cookie": cookie, "Referer": f"https://{visitor.name}/admin/login/"}
    form = {"csrfmiddlewaretoken": token[1], "username": "admin", "next": "/admin/"}
    sent = visitor.ask("/admin/login/", method="POST", headers=from_there,
                       form={**form, "password": env["ADMIN_PASSWORD"]})  # fmt: skip
    assert (sent.status, sent.headers.get("location")) == (302, "/admin/"), sent


def wordpress(visitor: Visitor, env: Env) -> None:
    """The blog, made by WordPress, and a login there; nobody can install it a second time."""
    page = visitor.page("/")
    assert "My site" in page and f"https://{visitor.name}/wp-includes/" in page
    assert 'name="generator" content="WordPress' in page
    form = {"log": env["ADMIN_NAME"], "pwd": env["ADMIN_PASSWORD"]}
    sent = visitor.ask("/wp-login.php", method="POST", form=form)
    dashboard = f"https://{visitor.name}/wp-admin/"
    assert (sent.status, sent.headers.get("location")) == (302, dashboard), sent
    assert "already installed" in visitor.page("/wp-admin/install.php").lower()


MARKS: Final[dict[str, Callable[[Visitor, Env], None]]] = {
    "static": static,
    "node": node,
    "python": python,
    "wordpress": wordpress,
}
