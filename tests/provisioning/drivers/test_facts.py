from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.drivers import facts
from provisioning.drivers.compose_version import find_compose, parse_version
from provisioning.drivers.errors import DriverError
from provisioning.drivers.facts import HostFacts, read_facts
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.host import Result

DEBIAN = """\
MemTotal:        8067300 kB
MemFree:         5521100 kB
MemAvailable:    7106012 kB
SwapTotal:       1048572 kB
SwapFree:        1000000 kB
HugePages_Total:       0
0.52 0.58 0.59 2/345 12345
350735.47 234388.90
0-3,6
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
HOME_URL="https://os.example.org/"
"""
ALPINE = """\
MemTotal:         250000 kB
0.00 0.01 0.05 1/99 700
12.34 10.00
0
NAME="Alpine Linux"
ID=alpine
VERSION_ID=3.19.1
"""
# Engine 20.10: what `docker system df` is made from.
USAGE = {
    "LayersSize": 1_092_588,
    "Images": [{"Size": 1_092_588, "SharedSize": 0}],
    "Containers": [{"SizeRw": 100}, {"SizeRw": 23}, {}],
    "Volumes": [{"UsageData": {"Size": 50, "RefCount": 1}}, {"UsageData": {"Size": -1}}, {}],
    "BuildCache": [{"Size": 7}, {"Size": 8}],
}


def host_with(files: str = DEBIAN) -> FakeHost:
    host = FakeHost()
    host.answer("uname", stdout="Linux web1 6.1.0-18-amd64 x86_64\n")
    host.answer("cat", stdout=files, exit_code=1)
    host.answer("df", stdout="/dev/vda1 100 40 60 40% /\n")
    host.answer("docker", "compose", stdout="2.29.7\n")
    return host


def test_everything_of_a_debian_host() -> None:
    found = read_facts(host_with())
    assert (found.hostname, found.kernel, found.architecture) == (
        "web1",
        "6.1.0-18-amd64",
        "x86_64",
    )
    assert (found.os_name, found.os_version) == ("Debian GNU/Linux 12 (bookworm)", "12")
    assert (found.cpus, found.uptime_s) == (5, 350735)
    assert (found.load1, found.load5, found.load15) == (0.52, 0.58, 0.59)
    assert found.memory_total_bytes == 8067300 * 1024
    assert found.swap_free_bytes == 1000000 * 1024
    assert found.disks[0].available_bytes == 60 * 1024
    assert (found.docker_version, found.docker_api_version) == ("20.10.24", "1.41")
    assert found.compose_version == "2.29.7"


def test_a_small_busybox_host() -> None:
    found = read_facts(host_with(ALPINE))
    assert (found.os_name, found.os_version, found.cpus) == ("Alpine Linux", "3.19.1", 1)
    assert found.memory_available_bytes is None


def test_the_dictionary_is_json() -> None:
    assert json.loads(json.dumps(read_facts(host_with()).to_dict()))["disks"][0]["mount"] == "/"


def test_a_host_that_says_nothing_leaves_holes() -> None:
    host = FakeHost()
    host.fail("version", DriverError("no docker", "docker_missing"))
    host.answer_by("df", answer=DriverError("df hangs", "timeout"))
    found = read_facts(host)
    assert found == HostFacts()


def test_a_lost_host_is_an_error() -> None:
    host = FakeHost()
    host.fail("version", DriverError("gone", "link_lost"))
    with pytest.raises(DriverError):
        read_facts(host)


def test_disk_usage() -> None:
    assert facts.parse_disk_usage(USAGE) == {
        "docker_images_bytes": 1_092_588,
        "docker_containers_bytes": 123,
        "docker_volumes_bytes": 50,
        "docker_build_cache_bytes": 15,
    }


@pytest.mark.parametrize(
    ("stdout", "skew_ms"),
    [
        ("1700000000.000000000\n", 0),
        ("1700000002.500000000\n", 2500),
        ("1699999990.000000000\n", -10_000),
        ("1700000000.%N\n", 500),
        ("1700000000.\n", 500),
        ("1700000000\n", 500),
        ("", None),
        ("soon", None),
    ],
)
def test_clock_skew(stdout: str, skew_ms: int | None) -> None:
    # The command took 200 ms, so the host looked at its clock about 100 ms before we do.
    result = Result(0, stdout, "", False, 200)
    assert facts.parse_clock(result, now_s=1_700_000_000.1) == skew_ms


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read(text: str) -> None:
    HostFacts(**facts.parse_files(text), **facts.parse_uname(text))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(list(USAGE)), inner),
    max_leaves=10,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*USAGE, "Version", "Containers"]), JSON))
def test_any_answer_of_docker_is_read(answer: dict[str, object]) -> None:
    HostFacts(**facts.parse_disk_usage(answer), **facts.parse_docker(answer, answer))


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("2.29.7\n", "2.29.7"),
        ("v2.3.3\n", "2.3.3"),
        ("1.29.2\n", "1.29.2"),
        ("2.20.2+ds1-0ubuntu1\n", "2.20.2+ds1-0ubuntu1"),
        ("WARNING: something\n2.24.0-desktop.1\n", "2.24.0-desktop.1"),
        ("docker-compose version 1.25, build x\n", ""),
        ("", ""),
    ],
)
def test_compose_version(printed: str, version: str) -> None:
    assert parse_version(printed) == version


@pytest.fixture
def nothing() -> Iterator[FakeHost]:
    host = FakeHost()
    host.answer("docker", exit_code=1, stderr="docker: 'compose' is not a docker command.")
    host.answer("docker-compose", exit_code=127)
    yield host


def test_compose_of_both_kinds(nothing: FakeHost) -> None:
    assert find_compose(nothing) is None
    nothing.answer("docker-compose", stdout="1.29.2\n")
    old = find_compose(nothing)
    assert old is not None
    assert (old.command, old.old) == (("docker-compose",), True)
    nothing.answer("docker", "compose", stdout="2.29.7\n")
    new = find_compose(nothing)
    assert new is not None
    assert (new.command, new.old) == (("docker", "compose"), False)
