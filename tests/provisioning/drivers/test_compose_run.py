from __future__ import annotations

from pathlib import Path

import pytest

from provisioning.drivers import compose, compose_parse, compose_run
from provisioning.drivers.compose import Argv, Project, project_of, verb_of
from provisioning.drivers.errors import DriverError
from provisioning.drivers.fake import FakeHost
from provisioning.drivers.host import Result
from tests.provisioning.drivers.test_host_files import fails

SHOP = Project("shop", "/srv/sites/shop")
UP = compose.up(SHOP)


def failing(stderr: str, exit_code: int = 1, *, stdout: str = "") -> DriverError:
    host = FakeHost()
    host.answer_compose("shop", "up", Result(exit_code, stdout, stderr, False, 1))
    with pytest.raises(DriverError) as caught:
        compose_run.run(host, UP, timeout_s=5)
    assert caught.value.advice
    return caught.value


RECORDED = Path(__file__).parent / "recorded" / "compose_endings.txt"
# Code, exit code and last words: what Compose 2.26 with Engine 20.10 printed, and some of others.
ENDINGS = [line.split("\t") for line in RECORDED.read_text().splitlines()]


@pytest.mark.parametrize(("code", "exit_code", "words"), ENDINGS)
def test_what_an_end_means(code: str, exit_code: str, words: str) -> None:
    text = words.replace("\\n", "\n")
    error = failing(f" Container shop-web-1  Starting\n{text}\n", int(exit_code))
    assert error.code == code, error.message
    assert error.message.startswith("web1: compose up failed: ")


def test_the_last_line_decides_and_not_what_a_build_printed() -> None:
    build = "#5 0.3 Bind for 0.0.0.0:80 failed: port is already allocated\n"
    assert failing("failed to solve: exit code: 4", 17, stdout=build).code == "build_failed"
    assert failing("no such service: x", 1, stdout=build).code == "bad_compose"


def test_words_are_made_harmless_and_short() -> None:
    message = failing("\x1b[2J\x00evil " + "x" * 10_000).message
    assert "\x1b" not in message
    assert len(message) < 600
    assert failing("").message == "web1: compose up failed: exit code 1"


def test_says_what_it_does() -> None:
    host, said = FakeHost(), list[str]()
    lines = " web Pulling \n 3f4ca61aafcd Pulling fs layer \n"
    for done in range(50):
        lines += f" 3f4ca61aafcd Downloading [=>  ] {done}MB/50MB\n 4f4ca61aafcd Waiting \n"
    lines += " 3f4ca61aafcd Extracting [=> ]\n web Pulled \n\n\x1b[1mdone\n"
    host.answer_compose("shop", "up", lines)
    compose_run.run(host, UP, timeout_s=5, say=said.append)
    assert said == [
        " web Pulling",
        " 3f4ca61aafcd Pulling fs layer",
        " 3f4ca61aafcd Downloading [=> ] 0MB/50MB",
        " 4f4ca61aafcd Waiting",
        " 3f4ca61aafcd Extracting [=> ]",
        " web Pulled",
        "[1mdone",
    ]


def test_a_flood_is_cut_and_its_end_still_known() -> None:
    host, said = FakeHost(), list[str]()
    flood = "".join(f"line {number}\n" for number in range(20_000))
    host.answer_compose("shop", "up", Result(1, "", flood + "no such service: x", True, 1))
    fails(lambda: compose_run.run(host, UP, timeout_s=5, say=said.append), "bad_compose")
    assert (len(said), said[-1]) == (5001, "… more lines than are shown")


def test_answers() -> None:
    host = FakeHost()
    host.answer_compose("shop", "config", '{"services": {}}')
    text = compose_run.answer(host, compose.config(SHOP), sudo=True)
    assert compose_parse.config(text) == {"services": {}}
    assert host.ran == [("sudo", *compose.config(SHOP))]
    host.answer_compose("shop", "ps", Result(0, "[", "", True, 1))
    fails(lambda: compose_run.answer(host, compose.ps(SHOP)), "output_too_large")


def test_a_script_may_look_at_the_flags_and_fail_as_a_driver() -> None:
    host, seen = FakeHost(), list[Argv]()

    def up(argv: Argv) -> Result:
        seen.append(argv)
        return Result(0, "", "", False, 1)

    host.answer_compose("shop", "up", up)
    compose_run.run(host, compose.up(SHOP, scale={"web": 2}), timeout_s=5)
    assert "--scale=web=2" in seen[0]
    compose_run.run(host, compose.up(Project("other", "/x")), timeout_s=5)
    assert len(seen) == 1
    host.answer_compose("shop", "up", DriverError("gone", "link_lost"))
    fails(lambda: compose_run.run(host, UP, timeout_s=5), "link_lost")


def test_which_command_it_is() -> None:
    assert (project_of(UP), verb_of(UP)) == ("shop", "up")
    assert verb_of(compose.config(Project("a", "/b", env_file="", binary=("dc",)))) == "config"


@pytest.mark.parametrize("words", ["", "docker ps", "x --project-name", "x --ansi", "x --ansi y"])
def test_another_command_is_none_of_compose(words: str) -> None:
    argv = tuple(words.split())
    assert (project_of(argv), verb_of(argv)) == ("", "")
