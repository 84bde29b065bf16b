"""The lab's network: a switch in a namespace of its own, one cable to it from this machine and
one from each host. This machine's own interfaces, rules and forwarding stay as they are.
"""

import json
from dataclasses import dataclass

from tests.lab.command import run
from tests.lab.process import Process

# The route that answers "unreachable" for what the lab's network does not have, so that nothing
# meant for a lab host ever leaves this machine; the largest metric, so any other route wins.
LAST_METRIC = 4294967295


@dataclass(frozen=True)
class Network:
    """Two networks on one switch: this machine is in the first only, the hosts are in both."""

    slot: int

    @property
    def all_addresses(self) -> str:
        return f"10.213.{self.slot}.0/24"

    @property
    def gateway(self) -> str:
        """This machine's address in the lab."""
        return f"10.213.{self.slot}.1"

    @property
    def cable(self) -> str:
        """The name of this machine's interface (at most 15 characters)."""
        return f"sflab{self.slot}"

    def address(self, number: int) -> str:
        """Of host `number` (1 to 100), where this machine reaches it."""
        return f"10.213.{self.slot}.{10 + number}"

    def inner_address(self, number: int) -> str:
        """Of host `number`, where only the other hosts reach it: the way there is a jump host."""
        return f"10.213.{self.slot}.{128 + number}"

    def is_free(self) -> bool:
        """True if no interface or route of this machine uses the name or the addresses."""
        routes = json.loads(run(["ip", "-json", "route", "show", "table", "all"]).stdout)
        used = any(str(r.get("dst", "")).startswith(f"10.213.{self.slot}.") for r in routes)
        return not used and run(["ip", "link", "show", self.cable], check=False).returncode != 0

    def connect_machine(self, switch: Process) -> None:
        """Lay the cable between this machine and the switch."""
        _ip(
            f"link add {self.cable} type veth peer name uplink netns {switch.pid}",
            f"address add {self.gateway}/25 dev {self.cable}",
            f"link set {self.cable} up",
            f"route add unreachable {self.all_addresses} metric {LAST_METRIC}",
        )
        _ip(
            "link add switch type bridge",
            "link set switch up",
            "link set uplink master switch",
            "link set uplink up",
            inside=switch,
        )

    def connect_host(self, *, switch: Process, init: Process, name: str, number: int) -> None:
        """Lay the cable between a host and the switch; `init` is the host's process 1."""
        _ip(
            f"link add {name} type veth peer name eth0 netns {init.pid}",
            f"link set {name} master switch",
            f"link set {name} up",
            inside=switch,
        )
        _ip(
            "link set lo up",
            f"address add {self.address(number)}/25 dev eth0",
            f"address add {self.inner_address(number)}/25 dev eth0",
            "link set eth0 up",
            inside=init,
        )

    def remove(self) -> None:
        """Take the lab's interface and route from this machine; nothing to do if they are gone."""
        run(["ip", "link", "delete", self.cable], check=False)
        route = ["unreachable", self.all_addresses, "metric", str(LAST_METRIC)]
        run(["ip", "route", "delete", *route], check=False)


def _ip(*lines: str, inside: Process | None = None) -> None:
    enter = ["nsenter", f"--target={inside.pid}", "--net"] if inside else []
    run([*enter, "ip", "-batch", "-"], stdin="\n".join(lines) + "\n")
