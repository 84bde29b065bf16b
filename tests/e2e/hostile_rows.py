"""A console full of rows: hosts that nothing answers for, and whatever may be hostile in them."""

from __future__ import annotations

# Written into the database by a command.
ROWS = """
from datetime import timedelta
from django.utils import timezone
from monitoring.notify import acts
from monitoring.notify.models import Channel
from monitoring.notify.wanted import Wanted
from provisioning import engine
from audit.actor import Actor
from django.contrib.auth.models import Group, User
from provisioning.models import CertificateCheck, Wizard
from provisioning.drivers.keys import generate_ed25519
from siteflow.accounts import tokens
from sites.granting import give
from sites.models import Container, Host, Site, Tag
from monitoring.models import Series
from tests.monitoring.charts.made import make_history
from tests.provisioning.backups.things import backed_up, make_source
from tests.provisioning.site_rows import make_quarantine, make_release, make_site
from tests.provisioning.terminal_rows import make_terminal
now = timezone.now()
evil = '"><script>window.hacked=1</script><img src=x onerror="window.hacked=1">'
line = generate_ed25519("").public_line
common = {"connection": "ssh", "address": "192.0.2.7", "username": "root"}
states = ("reachable", "unreachable", "key_unapproved", "key_changed", "new")
hosts = [
    Host.objects.create(
        name=f"host{n}", state=state, error=evil, advice=evil, host_key=line if n != 2 else "",
        offered_key=generate_ed25519("").public_line, inventory_at=now + timedelta(hours=1),
        **common)
    for n, state in enumerate(states)
]
site = Site.objects.create(host=hosts[0], project="shop", name=evil)
for n, state in enumerate(Container.State.values * 2):
    Container.objects.create(
        host=hosts[n % 2], site=site if n % 2 else None, docker_id=f"{n:064x}",
        name=evil if n == 3 else f"shop-service-{n}", image=evil if n == 4 else "nginx:1.27",
        state=state, health="unhealthy" if n == 1 else "healthy", exit_code=137,
        state_since=now, observed_at=now, source="event", labels={evil: evil})
admin = User.objects.get(username="admin")
found = {"key": "failed", "docker": "ok"}
checks = [{"name": name, "verdict": verdict, "message": evil} for name, verdict in found.items()]
Host.objects.filter(pk=hosts[2].pk).update(preflight=checks, preflight_at=now)
for step in ("authentication", "ssh_test", "docker_test", "confirm"):
    Wizard.objects.create(kind="ssh_host", owner=admin, step=step, host=hosts[2],
        state={"connection": {"name": evil, "username": "root"}})
actor = Actor(name="os:root", source="command")
engine.start("container.restart", Container.objects.get(name="shop-service-1"), actor=actor)
person = User.objects.create_user("charlie")
team = Group.objects.create(name="agency")
person.groups.add(team)
role = Group.objects.get(name="operator")
for to, on in ((person, site), (person, hosts[0]), (team, Tag.objects.create(name="client-a"))):
    give(role, to=to, on=on, actor=actor)
made = make_site(hosts[0], "made", domain="made.example.org", environment="staging")
path = {"path": evil, "service": evil, "port": 80}
made.domains.update(service=evil[:60], basic_auth={evil: "hash"}, routes=[path])
make_release(made, 1, status="past", message=evil)
make_release(made, 2, compose="services:\\n  web:\\n    image: " + evil, created_by=evil)
make_release(made, 3, status="prepared", env={"TITLE": evil, "DB_PASSWORD": evil})
make_release(make_site(hosts[1], "draft", stage="draft"), status="prepared")
shown = {"subject": evil, "issuer": evil, "names": [evil] * 30, "names_total": 1000, "serial": "1",
    "key": "EC 256", "fingerprint": "a" * 64, "not_before": now.isoformat(),
    "not_after": (now + timedelta(days=3)).isoformat()}
CertificateCheck.objects.create(domain_id=1, outcome="served", checked_at=now, tried_at=now,
    served={"chain": [shown, shown]}, served_at=now, not_before=now - timedelta(days=80),
    not_after=now + timedelta(days=3), soon_at=now, name_fits=False, same=False,
    stored={"chain": [shown], "authority": evil}, stored_at=now, dns_at=now,
    dns={"addresses": ["192.0.2.7", "2001:db8::7"], "leads": "elsewhere", "error": ""})
make_quarantine(hosts[0], evil)
later = now + timedelta(hours=1)  # nobody looks at it meanwhile
keeps = make_source(hosts[0], hosts[0], tried_at=later, marker=evil, skew_s=7000)
make_source(hosts[1], tried_at=later, error_code="timeout", error=evil, failing_since=now)
file = {"name": evil, "at": now.isoformat(), "size": 5, "modified_s": 1, "folder": False,
    "ahead": True}
backed_up(made, keeps, newest_name=evil, kept=[file] * 11, ahead=True, shrunken=True,
    unfinished=[{"name": evil, "size": 7, "modified_s": 1, "since": now.isoformat()}])
backed_up(site, keeps, error=evil)
Tag.objects.get_or_create(name="client-a")
by_mail = acts.create(Wanted(name=evil[:100], url="mailtos://a:b@example.org"), actor=actor)
acts.create(Wanted(name="off", url="slack://a/b/c", enabled=False, scope="tag", tag=1), actor=actor)
Channel.objects.filter(pk=by_mail.pk).update(retry_at=now)
for state, error in (("failed", evil), ("given_up", evil), ("sent", "")):
    by_mail.deliveries.create(key="k", kind="firing", severity="critical", title=evil * 4,
        body=evil + "\\n" + evil, state=state, error=error, attempts=3, created_at=now,
        next_at=now + timedelta(hours=1), give_up_at=now + timedelta(hours=2))
shown = Container.objects.get(pk=2)
for kind, given in (("container", {"container": shown}), ("disk", {"mount": evil}), ("host", {})):
    make_history(Series.objects.create(kind=kind, host=shown.host, **given), now=now)
tokens.make(person, name=evil[:60], scopes=["read"], expires_at=None, actor=actor)
make_terminal(shown, user_name=evil, command=evil, ended_at=now, why="exited")
make_terminal(shown, last=timedelta(days=1), user_name=evil, command=evil)
# Nobody looks at these hosts, so what fires on them stays as it is.
from monitoring.alerts.models import Alert, Maintenance, Rule
watched = Rule.objects.create(pk=900, name=evil[:90], kind="container_down", host=hosts[0])
alert = Alert.objects.create(
    pk=900, rule=watched, rule_name=evil[:90], kind="container_down", severity="critical", rank=0,
    subject="container:1", subject_type="container", subject_id=1, subject_name=evil, host=hosts[0],
    host_name="host0", site=site, site_name=evil, state="firing", message=evil, pending_at=now,
    firing_at=now, seen_at=now, unseen_because=evil, acknowledged_at=now, acknowledged_by="admin",
    note=evil, muted_until=now + timedelta(days=9), muted_by=evil, log=[evil] * 20,
    cause={"containers": [{"id": 1, "name": evil, "cpu_percent": 93.5, "memory_bytes": 1e9}],
           "operation": {"id": 1, "label": evil, "status": "failed", "at": evil, "actor": evil},
           "release": {"number": 7, "since": evil}})
alert.events.create(at=now, what="acknowledged", text=evil, by=evil)
Maintenance.objects.create(begins_at=now, ends_at=now + timedelta(days=1), why=evil,
    created_by=evil[:100], site=site)
"""
