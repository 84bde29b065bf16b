"""manage.py site list | show | plan | provision | deprovision | release | rollback | adopt | …"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from django_typer.management import command

from audit.console_command import ConsoleCommand
from audit.console_output import AsJson, print_fields, print_json, print_rows
from audit.record import Actor
from provisioning.management import new_site_options as new
from provisioning.management import site_config
from provisioning.management.following import NoWait, begin, follow, usage
from provisioning.management.naming import host_named, one_of, site_named, sites_named
from provisioning.management.plan_output import print_plan
from provisioning.management.verbs import add_verbs
from provisioning.new_site import provision_new
from provisioning.plans.shape import Plan
from provisioning.previews import checked, host_for, preview, preview_new
from provisioning.releases.shown import release_out
from sites.filters import SiteFilter
from sites.live import flush
from sites.models import Host, Site
from sites.rows import EVERYTHING, site_rows
from sites.schemas import site_out

COLUMNS = (
    "id", "host_name", "name", "stage", "running", "containers", "template", "release", "domain",
)  # fmt: skip
OF_RELEASES = ("number", "status", "pinned", "created_at", "created_by", "message")
Name = Annotated[str, typer.Argument(metavar="[HOST/]NAME", help="a site, or its id")]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="a site, or the name of a new one")]
Number = Annotated[int | None, typer.Option(min=1, help="of the release, if not the usual one")]


class Command(ConsoleCommand):
    """Sites: what runs where, from which template, in which release; plan and change them."""

    @command("list")
    def list_sites(
        self,
        host: Annotated[str, typer.Option(help="name or id of a host")] = "",
        template: Annotated[str, typer.Option(help="id of a template")] = "",
        stage: Annotated[str, typer.Option(help="draft or live")] = "",
        environment: Annotated[str, typer.Option(help="production, staging, …")] = "",
        domain: Annotated[str, typer.Option(help="a name it answers at")] = "",
        managed: Annotated[bool | None, typer.Option("--managed/--unmanaged")] = None,
        search: Annotated[str, typer.Option(help="words in name, project, host, …")] = "",
        as_json: AsJson = False,
    ) -> None:
        """Sites by name, those that were only found as well."""
        given = {
            "host": host, "template": template, "stage": stage, "environment": environment,
            "domain": domain, "managed": managed, "search": search,
        }  # fmt: skip
        wanted = SiteFilter(data=given, queryset=site_rows(EVERYTHING))
        if not wanted.is_valid():
            field, reasons = next(iter(wanted.errors.items()))
            raise typer.BadParameter(f"{field}: {reasons[0]}")
        shown = [site_out(row) for row in wanted.qs.order_by("name", "pk")]
        if as_json:
            return print_json(shown, to=self.stdout)
        print_rows(map(_in_a_row, shown), columns=COLUMNS, as_json=False, to=self.stdout)

    @command("show")
    def show(self, name: Name, as_json: AsJson = False) -> None:
        """All that is known of a site, and its releases."""
        site = site_named(name)
        releases = [release_out(row) for row in site.releases.defer("encrypted", "compose")]
        shown = site_out(site)
        if as_json:
            return print_json({**shown, "releases": releases}, to=self.stdout)
        domains = [f"{one['name']} ({one['kind']})" for one in shown["domains"]]
        print_fields({**shown, "domains": domains}, as_json=False, to=self.stdout)
        print_rows(releases, columns=OF_RELEASES, as_json=False, to=self.stdout)

    @command("plan")
    def plan(
        self,
        name: NewName,
        template: new.Template = "",
        template_version: new.TemplateVersion = None,
        host: new.OnHost = "",
        domain: new.DomainName = "",
        alias: new.Alias = None,
        tls: new.Tls = "acme",
        environment: new.Environment = "production",
        tenant: new.Tenant = "sites",
        param: new.Param = None,
        rollback: Annotated[bool, typer.Option("--rollback", help="of going back")] = False,
        number: Number = None,
        reuse_volumes: new.ReuseVolumes = False,
        as_json: AsJson = False,
    ) -> None:
        """What provisioning a new site (--template), the next release or a rollback would do.

        Read from the host now; nothing is changed. Exit code 1 when it would be refused.
        """
        if not template:
            made = _of_site(site_named(name), rollback, number, reuse_volumes)
        else:
            with usage():
                told = new.told(
                    name, template=template, template_version=template_version, domain=domain,
                    alias=alias, tls=tls, environment=environment, tenant=tenant, param=param,
                )  # fmt: skip
                actor = Actor.of_command()
                made = preview_new(_host(host), told, actor=actor, reuse_volumes=reuse_volumes)
        print_plan(made, as_json=as_json, to=self.stdout)
        if made.blocking:
            self.stderr.write("As it is, this would be refused.")
            raise typer.Exit(1)

    @command("provision")
    def provision(
        self,
        name: NewName,
        template: new.Template = "",
        template_version: new.TemplateVersion = None,
        host: new.OnHost = "",
        domain: new.DomainName = "",
        alias: new.Alias = None,
        tls: new.Tls = "acme",
        environment: new.Environment = "production",
        tenant: new.Tenant = "sites",
        param: new.Param = None,
        plan_digest: Annotated[str, typer.Option(help="of the plan that was looked at")] = "",
        reuse_volumes: new.ReuseVolumes = False,
        no_wait: NoWait = False,
        as_json: AsJson = False,
    ) -> None:
        """Bring up a new site from a template (--template), or one that is only planned."""
        given: dict[str, Any] = {"plan_digest": plan_digest or None, "reuse_volumes": reuse_volumes}
        if not template:
            row = begin("site.provision", _draft(name), params=given)
        else:
            with usage():
                told = new.told(
                    name, template=template, template_version=template_version, domain=domain,
                    alias=alias, tls=tls, environment=environment, tenant=tenant, param=param,
                )  # fmt: skip
                actor = Actor.of_command()
                _, row = provision_new(_host(host), checked(told), actor=actor, **given)
            flush(timeout_s=1)
        follow(row, no_wait=no_wait, as_json=as_json, out=self.stdout, err=self.stderr)

    @command("config")
    def config(
        self,
        name: Name,
        compose_file: site_config.ComposeFile = None,
        env_file: site_config.EnvFile = None,
        template_version: Annotated[int | None, typer.Option(min=1)] = None,
        revision: Annotated[int | None, typer.Option(min=1, help="that was looked at")] = None,
        message: Annotated[str, typer.Option(help="why, for the list of releases")] = "",
        reveal: site_config.Reveal = False,
        as_json: AsJson = False,
    ) -> None:
        """A site's compose file and environment. With a file, prepares the next release.

        Secrets read •••; a value that still reads like that in a file stays what it is.
        """
        site = site_named(name)
        params = site_config.changes(compose_file, env_file, template_version)
        if not params:
            return site_config.show(site, reveal=reveal, as_json=as_json, to=self.stdout)
        params |= {"revision": revision or site.revision, "message": message}
        row = begin("site.configure", site, params=params)
        follow(row, no_wait=False, as_json=as_json, out=self.stdout, err=self.stderr)


add_verbs(
    Command,
    "site",
    site_named,
    inline=frozenset({"pin", "disown", "discard"}),
    but=frozenset({"provision"}),
)


def _in_a_row(shown: dict[str, Any]) -> dict[str, Any]:
    primary = [one["name"] for one in shown["domains"] if one["kind"] == "primary"]
    version = f"{shown['template']} {shown['template_version'] or ''}".strip()
    stage = shown["stage"] if shown["managed"] else "unmanaged"
    return {**shown, "stage": stage, "template": version, "domain": primary[0] if primary else ""}


def _host(given: str) -> Host:
    return host_named(given) if given else host_for(None, EVERYTHING)


def _draft(name: str) -> Site:
    found = sites_named(name)
    if not found:
        raise typer.BadParameter(f"There is no site {name!r}: give --template for a new one.")
    return one_of(found, name, "site")


def _of_site(site: Site, rollback: bool, number: int | None, reuse_volumes: bool) -> Plan:
    usual = "site.provision" if site.stage == Site.Stage.DRAFT else "site.release"
    return preview(
        site,
        "site.rollback" if rollback else usual,
        number=number,
        actor=Actor.of_command(),
        reuse_volumes=reuse_volumes,
    )
