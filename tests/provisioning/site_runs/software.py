"""The real software of the shipped templates as a visitor and an editor meet it, over HTTPS."""

from __future__ import annotations

import base64
import json
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
    """The page that Wagtail keeps in PostgreSQL, and its admin."""
    assert "log in at" in visitor.page("/")
    login = visitor.page("/admin/login/")
    assert "Wagtail" in login and "csrfmiddlewaretoken" in login
    sent = visitor.ask("/admin/")
    assert sent.status == 302 and sent.headers["location"].startswith("/admin/login/")


def wordpress(visitor: Visitor, env: Env) -> None:
    """The blog, made by WordPress, and its login; nobody can install it a second time."""
    page = visitor.page("/")
    assert "My site" in page and f"https://{visitor.name}/wp-includes/" in page
    assert 'name="generator" content="WordPress' in page
    assert 'id="loginform"' in visitor.page("/wp-login.php")
    assert "already installed" in visitor.page("/wp-admin/install.php").lower()


MARKS: Final[dict[str, Callable[[Visitor, Env], None]]] = {
    "static": static,
    "node": node,
    "python": python,
    "wordpress": wordpress,
}
