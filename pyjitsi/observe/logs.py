"""Structured logs: ``key=value`` lines on a terminal, JSON elsewhere; ``room`` and ``endpoint`` are keys."""

import logging
import sys

import structlog


def configure(service: str, level: str = "info", *, json: bool | None = None) -> None:
    """Set logging up for this process; libraries' records below warning are left out."""
    as_json = not sys.stderr.isatty() if json is None else json
    number = getattr(logging, level.upper())
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Where it happened, and no values of variables: keys and passwords are among them.
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
        if as_json
        else structlog.processors.StackInfoRenderer(),
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=f"{service}: %(name)s: %(message)s")
