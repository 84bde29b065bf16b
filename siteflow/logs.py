"""Log lines of our own: one event a line, readable for people, structured underneath."""

from __future__ import annotations

import logging

import structlog


def formatter() -> logging.Formatter:
    """Renders stdlib records and structlog events alike; JSON when stderr is not a terminal's."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _request_id,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "logger", "event"], sort_keys=False
            ),
        ],
    )


def _request_id(
    logger: object, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Django's own lines about a request carry the request: by its id they are found."""
    request = getattr(event.get("_record"), "request", None)
    if request_id := getattr(request, "request_id", ""):
        event["request_id"] = request_id
    return event
