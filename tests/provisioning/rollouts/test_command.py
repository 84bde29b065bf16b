"""manage.py template roll | rollouts | stop-rollout | resume-rollout"""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Entry
from provisioning.models import Rollout
from sites.models import Site
from tests.provisioning.rollouts.rows import end, make_sites, under_way
from tests.provisioning.test_commands import Ended, Run, run

__all__ = ["run"]


def said(run: Run, *words: str) -> Any:
    return run("template", *words, "--json").json


def test_the_plan_on_the_command_line(five: list[Site], run: Run) -> None:
    Site.objects.filter(name="e").update(managed=False)
    text = run("template", "roll", "page", "--plan", "--wave", "2").out
    assert text.startswith("page version 2, 4 site(s):")
    assert "it is not managed" in text
    told = said(run, "roll", "page", "--plan", "--site", "web1/c", "--site", "a")
    assert [(one["site_name"], one["wave"]) for one in told["sites"]] == [("c", 1), ("a", 2)]
    assert not Rollout.objects.exists()


def test_rolled_out_stopped_and_resumed(five: list[Site], run: Run) -> None:
    told = said(run, "roll", "page", "--yes")
    number = str(told["id"])
    assert under_way() == ["a"]
    assert said(run, "stop-rollout", number)["status"] == "stopped"
    end(five[0])
    text = run("template", "resume-rollout", number).out
    assert text.startswith(f"rollout {number}, page version 2: running.")
    assert under_way() == ["b", "c", "d", "e"]
    assert "1 done" in run("template", "rollouts").out
    assert "4 running" in run("template", "rollouts").out
    listed = said(run, "rollouts")
    assert listed[0]["sites"]["running"] == 4
    assert [one["status"] for one in said(run, "rollouts", number)["lines"]][0] == "done"
    assert all(
        name.startswith("os:") for name in Entry.objects.values_list("actor_name", flat=True)
    )


def test_it_asks_before_it_does(
    five: list[Site], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True])
    monkeypatch.setattr("typer.confirm", lambda question: next(answers))
    with pytest.raises(Ended) as ended:
        run("template", "roll", "page")
    assert ended.value.code == 1 and not Rollout.objects.exists()
    said = run("template", "roll", "page")
    assert "page version 2, 5 site(s):" in said.err
    assert Rollout.objects.exists()


def test_an_older_version_is_shown(five: list[Site], run: Run) -> None:
    assert said(run, "show", "page")["version"] == 2
    assert said(run, "show", "page", "--version", "1")["version"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("roll", "nothing", "--yes"),
        ("roll", "x" * 61, "--yes"),
        ("roll", "page", "--version", "7", "--yes"),
        ("show", "page", "--version", "7"),
        ("roll", "page", "--site", "nobody", "--yes"),
        ("roll", "page", "--site", "other", "--yes"),
        ("rollouts", "7"),
        ("stop-rollout", "7"),
        ("resume-rollout", "7"),
    ],
)
def test_what_is_wrong_is_a_wrong_usage(five: list[Site], run: Run, words: tuple[str, ...]) -> None:
    make_sites(five[0].host, "other", template="static")
    with pytest.raises(Ended) as ended:
        run("template", *words)
    assert ended.value.code == 2
