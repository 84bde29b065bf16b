from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

pytest_plugins = ["tests.lab.fixtures", "tests.audit.flushing", "tests.people"]
MAX_ID = 60  # characters


def pytest_collection_finish() -> None:
    """Few of the many objects of a request are in circles, and what is loaded by now stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def pytest_make_parametrize_id(config: object, val: object, argname: str) -> str | None:
    """Long values and keys are called by their parameter: keys differ from process to process."""
    text = val.decode("latin-1") if isinstance(val, bytes) else val
    if isinstance(text, str) and (len(text) > MAX_ID or "ssh-ed25519" in text):
        return argname
    return None


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Passwords of domains are slow to hash on purpose, and thousands are set here."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("provisioning.operations.domains._COST", 4)
        yield
