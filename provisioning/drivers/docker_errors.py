"""Everything the Docker SDK and the layers below it may raise becomes one DriverError."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

import requests
import urllib3
from docker.errors import APIError, DockerException

from provisioning.drivers.errors import DriverError
from provisioning.drivers.hostile import printable

_WRONG_STATE = re.compile(
    r"is (not|already) (running|paused|stopped)|has active endpoints", re.IGNORECASE
)
_PORT_TAKEN = re.compile(r"port is already allocated|address already in use", re.IGNORECASE)
_GARBAGE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)


@contextmanager
def translated(who: str, what: str) -> Iterator[None]:
    """``what`` completes the sentence: "web1 (10.0.0.1:22): stopping web failed: …"."""
    try:
        yield
    except DriverError as error:
        if error.message.startswith(who):
            raise
        raise DriverError(f"{who}: {what} failed: {error.message}", error.code) from None
    except APIError as error:
        raise api_error(who, what, _status(error), _words(error)) from None
    except (requests.Timeout, TimeoutError):
        raise DriverError(f"{who}: {what} got no answer in time", "timeout") from None
    except _GARBAGE as error:
        raise _garbage(who, what, error) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise _transport_error(who, what, error) from None
    except (HTTPException, DockerException) as error:
        raise _garbage(who, what, error) from None


def api_error(who: str, what: str, status: int, words: str) -> DriverError:
    """What an HTTP status of the Engine API means, with Docker's own words."""
    message = f"{who}: {what} failed: {printable(words, limit=500) or f'status {status}'}"
    if "no space left on device" in words.lower():
        return DriverError(message, "disk_full")
    if _PORT_TAKEN.search(words):
        return DriverError(message, "port_taken")
    if status == 404:
        return DriverError(message, "not_found")
    if status == 409 or _WRONG_STATE.search(words):
        return DriverError(message, "conflict")
    return DriverError(message, "docker_error")


def _status(error: APIError) -> int:
    return error.response.status_code if error.response is not None else 0


def _words(error: APIError) -> str:
    return error.explanation if isinstance(error.explanation, str) else ""


def _transport_error(who: str, what: str, error: Exception) -> DriverError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, HTTPException):
            return _garbage(who, what, cause)
        inner = [arg for arg in cause.args if isinstance(arg, BaseException)]
        cause = inner[-1] if inner else None
    return DriverError(f"{who}: {what} failed: the connection to Docker broke", "link_lost")


def _garbage(who: str, what: str, error: BaseException) -> DriverError:
    kind = type(error).__name__
    return DriverError(f"{who}: {what} failed: Docker's answer is unreadable ({kind})", "garbage")
