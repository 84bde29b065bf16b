"""What a container hangs on, from what Docker says of it to its row."""

from __future__ import annotations

import pytest
from django.utils import timezone

from provisioning import inventory
from provisioning.drivers.containers import ContainerState
from provisioning.drivers.parse_container import from_inspect
from provisioning.sightings import MOST_ATTACHED, attached, needs
from sites.models import Container
from tests.provisioning.rows import make_host

NEEDS = "com.docker.compose.depends_on"


def state(**values: object) -> ContainerState:
    told: dict[str, object] = {
        "labels": {NEEDS: "db:service_healthy:false,cache:service_started:true"}
    }
    return ContainerState("a" * 64, "web", "nginx", "", "running", **(told | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("label", "found"),
    [
        ("", []),
        ("db:service_healthy:false", ["db"]),
        ("db:service_healthy:false,cache:service_started:true", ["cache", "db"]),
        ("db,db,,:x:y", ["db"]),
        ("x" * 999, ["x" * 255]),
    ],
)
def test_services_it_waits_for(label: str, found: list[str]) -> None:
    assert needs(state(labels={NEEDS: label})) == found


def test_it_is_bounded_whatever_a_host_says() -> None:
    many = tuple(f"n{number}" for number in range(200))
    label = ",".join(f"s{number}:x:y" for number in range(400))
    found = attached(state(networks=many, volumes=many, labels={NEEDS: label}))
    assert {name: len(names) for name, names in found.items()} == dict.fromkeys(
        ("networks", "volumes", "needs"), MOST_ATTACHED
    )


@pytest.mark.django_db
def test_a_row_keeps_it_and_follows_it() -> None:
    host = make_host()
    seen = state(networks=("shop_default",), volumes=("shop_db",))
    inventory.apply_one(host, seen, at=timezone.now())
    row = Container.objects.get()
    assert row.attached == {
        "networks": ["shop_default"], "volumes": ["shop_db"], "needs": ["cache", "db"]
    }  # fmt: skip
    inventory.apply_one(host, state(networks=("other",), labels={}), at=timezone.now())
    row.refresh_from_db()
    assert row.attached == {"networks": ["other"], "volumes": [], "needs": []}


def test_docker_says_it_of_each_container() -> None:
    found = from_inspect(
        {
            "Id": "a" * 64, "Name": "/web", "State": {"Status": "running"},
            "Config": {"Labels": {NEEDS: "db:service_started:false"}},
            "Mounts": [
                {"Type": "volume", "Name": "shop_db", "Destination": "/data"},
                {"Type": "bind", "Source": "/etc/secret", "Destination": "/x"},
            ],
            "NetworkSettings": {"Networks": {"shop_default": {"IPAddress": "172.20.0.2"}}},
        }
    )  # fmt: skip
    assert attached(found) == {
        "networks": ["shop_default"], "volumes": ["shop_db"], "needs": ["db"]
    }  # fmt: skip
