"""Making the rows of a new site, and of a site's next release, from a template or from the last."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from provisioning.models import Operation
from provisioning.operations.contract import VerbError
from provisioning.proxy.names import BadName, domain_name
from provisioning.releases.models import Release
from provisioning.site_templates import library, render
from provisioning.site_templates.params import ParamError
from provisioning.site_templates.render import Rendered
from provisioning.site_templates.shape import Template, TemplateError
from sites.models import Domain, Host, Site

_SECRET: Final = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|_KEY|SALT|CREDENTIAL|DATABASE_URL", re.I)


@dataclass
class Draft:
    """Rows that are not saved yet."""

    site: Site
    domains: list[Domain]
    release: Release
    env: dict[str, str]

    @property
    def domain_names(self) -> list[str]:
        return [one.name for one in self.domains]

    def save(self) -> Site:
        self.site.save(force_insert=True)
        for domain in self.domains:
            domain.site = self.site
            domain.save(force_insert=True)
        self.release.site = self.site
        self.release.seal(self.env)
        self.release.save(force_insert=True)
        return self.site


def draft(host: Host, told: dict[str, Any], *, by: str) -> Draft:
    """From what `NewSite` says. Raises VerbError for a template or parameters that do not fit."""
    template = template_of(told["template"], told["template_version"])
    made = _rendered(
        template,
        project=told["name"],
        domain=told["domain"] or "",
        environment=told["environment"],
        params=told["params"],
        secrets=render.new_secrets(template),
    )
    site = Site(
        host=host, project=told["name"], name=told["name"], managed=True, stage=Site.Stage.DRAFT,
        tenant=told["tenant"], environment=told["environment"], template=template.id,
        template_version=template.version, params=told["params"],
    )  # fmt: skip
    site.working_dir = f"{host.sites_root}/{site.tenant}/{site.name}"
    release = Release(
        number=1, compose=made.compose, files=made.files, secret_names=sorted(made.secret_names),
        template=template.id, template_version=template.version, created_by=by[:150],
        serving=_serving(template),
    )  # fmt: skip
    return Draft(site, list(_domains(host, told, template)), release, made.env)


def template_of(slug: str, version: int | None) -> Template:
    template = library.find(slug, version)
    if template is None:
        words = f"There is no template {slug}" + (f" of version {version}." if version else ".")
        raise VerbError(words, code="no_template", field="template", status=422)
    return template


def _rendered(template: Template, **told: Any) -> Rendered:
    try:
        return render.rendered(template, **told)
    except ParamError as error:
        field = f"params.{error.field}"
        raise VerbError(error.message, code="bad_params", field=field, status=422) from None
    except TemplateError as error:
        raise VerbError(error.message, code=error.code, field="template", status=422) from None


def _serving(template: Template) -> dict[str, Any]:
    told = template.manifest
    return {
        "web_service": told.web_service,
        "web_port": told.web_port,
        "probe_path": told.probe_path,
        "stateless": list(told.stateless_services),
        "memory_bytes": told.memory_bytes,
        "disk_bytes": told.disk_bytes,
    }


def _domains(host: Host, told: dict[str, Any], template: Template) -> Iterator[Domain]:
    if not told["domain"]:
        return
    kinds = [(told["domain"], Domain.Kind.PRIMARY)]
    kinds += [(name, Domain.Kind.ALIAS) for name in told["aliases"]]
    for name, kind in kinds:
        yield Domain(
            host=host,
            name=_name(name),
            kind=kind,
            tls=told["tls"],
            service=template.manifest.web_service,
            port=template.manifest.web_port,
        )


def _name(text: str) -> str:
    try:
        return domain_name(text)
    except BadName as error:
        words = f"{text[:100]}: {error.message}"
        raise VerbError(words, code="bad_domain", field="domain", status=422) from None


def next_release(base: Release, *, number: int, by: str) -> Release:
    """Like the last one, not saved and without its environment."""
    return Release(
        site=base.site, number=number, compose=base.compose, files=dict(base.files),
        secret_names=list(base.secret_names), template=base.template,
        template_version=base.template_version, created_by=by[:150], serving=dict(base.serving),
    )  # fmt: skip


def to_template_version(row: Release, version: int, env: dict[str, str]) -> dict[str, str]:
    """The release as that version of its template makes it, and the environment that goes with it;
    its secrets stay, new ones are made."""
    if not row.template:
        raise VerbError(f"{row.site.name} comes from no template.", code="conflict")
    site = row.site
    primary = site.domains.filter(kind=Domain.Kind.PRIMARY).first()
    template = template_of(row.template, version)
    secrets = {name: env.get(name, new) for name, new in render.new_secrets(template).items()}
    made = _rendered(
        template,
        project=site.project,
        domain=primary.name if primary else "",
        environment=site.environment,
        params=site.params,
        secrets=secrets,
    )
    row.compose, row.files, row.template_version = made.compose, made.files, version
    row.secret_names, row.serving = sorted(made.secret_names), _serving(template)
    return made.env


def secret_looking(env: dict[str, str]) -> set[str]:
    """Names that are masked although nobody said that they are secret."""
    return {name for name in env if _SECRET.search(name)}


def is_under_way(site: Site) -> bool:
    """By a worker; what asks is an operation as well, but one without a lock."""
    return Operation.objects.active().filter(lock=f"site:{site.pk}").exists()
