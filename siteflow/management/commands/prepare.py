"""Everything between a fresh checkout and a console to log in to. Safe to run again and again."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import BaseCommand, CommandError, call_command

from audit.actor import Actor
from monitoring.alerts import defaults
from provisioning import engine
from siteflow.accounts.models import Profile
from siteflow.secrets import from_environment
from siteflow.static_files import lacking
from sites.models import Host

LOCAL_SOCKET = Path("/var/run/docker.sock")


class Command(BaseCommand):
    help = "Migrates, collects static files, makes the first admin and the host `local`."

    def handle(self, *args: Any, **options: Any) -> None:
        if problem := lacking():
            raise CommandError(problem)
        call_command("migrate", verbosity=0)
        if not settings.REDIS_URL:
            call_command("createcachetable", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        defaults.make_missing()
        self._first_admin()
        self._local_host()

    def _first_admin(self) -> None:
        users = get_user_model().objects
        if users.exists():
            return
        given = from_environment("SITEFLOW_ADMIN_PASSWORD")
        password = given or secrets.token_urlsafe(12)
        admin = users.create_superuser("admin", password=password)
        admin.groups.add(Group.objects.get(name="admin"))
        self.stdout.write(f"\n  The first account is made.\n    user:     {admin.username}")
        if given:
            self.stdout.write("    password: as given in SITEFLOW_ADMIN_PASSWORD\n\n")
        else:
            Profile.objects.create(user=admin, must_change_password=True)
            self.stdout.write(f"    password: {password}")
            self.stdout.write("  Shown this once; it must be changed at the first login.\n\n")
        if settings.DEBUG:
            self._demo_users()

    def _demo_users(self) -> None:
        """One account for each lesser role, to try them; for development only."""
        self.stdout.write("  DEBUG is on, so there are accounts to try the other roles with.")
        for role in ("operator", "viewer"):
            password = secrets.token_urlsafe(12)
            user = get_user_model().objects.create_user(role, password=password)
            user.groups.add(Group.objects.get(name=role))
            self.stdout.write(f"    user: {role}  password: {password}")

    def _local_host(self) -> None:
        if not LOCAL_SOCKET.is_socket() or Host.objects.exists():
            return
        actor = Actor.system("first start")
        engine.start("host.add", actor=actor, params={"name": "local", "connection": "local"})
        self.stdout.write(f"  The Docker Engine at {LOCAL_SOCKET} is registered as host `local`.")
