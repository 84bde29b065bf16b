"""What `site plan` and `site provision` are told of a site that does not exist yet."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from provisioning.releases.drafting import template_of

Template = Annotated[str, typer.Option(help="of a new site: id of its template")]
TemplateVersion = Annotated[int | None, typer.Option(min=1, help="the newest unless given")]
OnHost = Annotated[str, typer.Option(help="name or id of a host; not needed where there is one")]
DomainName = Annotated[str, typer.Option(help="where it is to answer; without one nothing does")]
Alias = Annotated[list[str] | None, typer.Option(help="more names; may be repeated")]
Tls = Annotated[str, typer.Option(help="acme, internal or off")]
Environment = Annotated[str, typer.Option(help="production, staging, …")]
Tenant = Annotated[str, typer.Option(help="the folder its folder is in")]
Param = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="of the template; may be repeated"),
]
ReuseVolumes = Annotated[
    bool, typer.Option("--reuse-volumes", help="volumes of its names that are there are its own")
]


def told(
    name: str,
    *,
    template: str,
    template_version: int | None,
    domain: str,
    alias: list[str] | None,
    tls: str,
    environment: str,
    tenant: str,
    param: list[str] | None,
) -> dict[str, Any]:
    """As `NewSite` takes it; what is no value of that parameter's type stays text, and is refused
    there."""
    return {
        "name": name,
        "template": template,
        "template_version": template_version,
        "domain": domain or None,
        "aliases": alias or [],
        "tls": tls,
        "environment": environment,
        "tenant": tenant,
        "params": _params(template, template_version, param or []),
    }


def _params(template: str, version: int | None, given: list[str]) -> dict[str, Any]:
    schema = template_of(template, version).manifest.params.properties
    found: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise typer.BadParameter(f"--param {one!r}: write NAME=VALUE.")
        text = name not in schema or schema[name].type == "string"
        found[name] = value if text else _typed(value)
    return found


def _typed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
