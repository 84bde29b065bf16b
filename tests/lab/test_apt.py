from pathlib import Path

import pytest

from tests.lab import LabError, apt

DEB822 = """\
Types: deb
# a comment with another http://address.example/debian
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates

Types: deb
URIs: http://mirror.example/debian-security
"""


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    monkeypatch.setattr(apt, "SOURCES", tmp_path)
    return tmp_path


def test_the_mirror_from_a_sources_file(sources: Path) -> None:
    (sources / "sources.list.d/debian.sources").write_text(DEB822)
    assert apt.mirror() == "http://mirror.example/debian"


def test_the_mirror_from_the_old_list(sources: Path) -> None:
    lines = (
        "# deb http://off.example/debian bookworm main",
        "deb [arch=amd64] https://on.example/debian/ bookworm main",
    )
    (sources / "sources.list").write_text("\n".join(lines))
    assert apt.mirror() == "https://on.example/debian"


def test_files_that_apt_does_not_read_are_not_read(sources: Path) -> None:
    (sources / "sources.list.d/debian.sources.disabled").write_text(DEB822)
    with pytest.raises(LabError, match="no Debian archive in"):
        apt.mirror()
