"""Processes in containers, of an Engine whose connections end at the wrong moment."""

from __future__ import annotations

from provisioning.drivers.dockerd import Dockerd
from provisioning.drivers.terminal import Start
from tests.provisioning.drivers.docker_double import Double, http

ONE = "e" * 64


def test_what_does_no_harm_twice_is_sent_again(docker: Dockerd, double: Double) -> None:
    """A process that is made and never started is nothing, and a size may be set twice."""
    docker.version()
    double.say("/web/exec", lambda connection: None, http(201, {"Id": ONE}))
    double.say(f"/exec/{ONE}/resize", lambda connection: None, http(200, b""))
    docker._api()
    assert docker._made("web", Start(argv=("sh",))) == ONE
    docker.exec_resize(ONE, cols=80, rows=24)
    assert double.connections == 3
    assert sum("/exec" in request for request in double.requests) == 4
