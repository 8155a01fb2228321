"""How the log is written: for people, or as ECS JSON for a program; harmless either way."""

import logging
from typing import Any

import ecs_logging

from core.text import printable

FORMATS = ("text", "json")


class PrintableFormatter(logging.Formatter):
    """Writes what attackers sent, which stands in Elasticsearch's and the mail server's reasons, harmlessly."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line, without what would drive a terminal."""
        return printable(super().formatMessage(record))


class EcsFormatter(ecs_logging.StdlibFormatter):
    """Writes a line of ECS JSON for each record."""

    def __init__(self) -> None:
        super().__init__(exclude_fields=["log.original", "log.origin", "process.thread"])

    def format_to_ecs(self, record: logging.LogRecord) -> dict[str, Any]:
        """Return the record's fields; the message holds no half characters, which no JSON reader takes."""
        fields: dict[str, Any] = super().format_to_ecs(record)
        return fields | {"message": printable(str(fields.get("message", "")))}


def use_format(name: str) -> None:
    """Let the log be written so from now on.

    Args:
        name: One of `FORMATS`.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, PrintableFormatter | EcsFormatter):
            handler.setFormatter(EcsFormatter() if name == "json" else text_formatter())


def text_formatter() -> PrintableFormatter:
    """Return the formatter for people."""
    return PrintableFormatter("%(asctime)s %(levelname)s %(name)s %(message)s")
