"""What a mail says, from a notice: the watch's own words, or a template's, set in the one frame.

A watch names template files in `metadata.wwwatch.templates`. The shipped ones, each as `.subject.j2`, `.txt.j2` and
`.html.j2`: `incident` (new, worse, again), `recovery` (it is over), `digest` and `summary` (many incidents in one
mail), `notice` (anything else: the watch's own plain text, set well). A notice of the turn "over" gets `recovery` where
the watch names templates at all, and `ctx.letter` names another of these families for what the engine itself tells.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from elasticsearch import Elasticsearch

from alerts.language.model import Body, EmailAction, TemplateFiles, Watch
from alerts.language.mustache import Context, lookup, render
from alerts.mails.group import describe_group
from alerts.mails.incident import describe_incident
from alerts.mails.picture import Picture, picture_of
from alerts.mails.plain import read_letter
from alerts.mails.templating import render_file
from alerts.notices.notice import Notice, Turn
from alerts.verdicts.links import Link, Signer
from core.clock import parse_iso
from core.errors import RuleError
from core.settings import AlertSettings
from core.text import printable, visible

log = logging.getLogger(__name__)

FAMILIES = ("incident", "recovery", "digest", "summary", "notice")
SHIPPED_TEXTS = frozenset(f"{family}.txt.j2" for family in FAMILIES)

_BLANKS = re.compile(r"\n{3,}")

Deeper = Callable[[Mapping[str, Any]], Mapping[str, str]]
"""Gives links that lead deeper (label to URL) for a payload: an incident's hit, or a search's answer."""


def no_links(payload: Mapping[str, Any]) -> Mapping[str, str]:
    """Return no links: Kibana is not configured."""
    del payload
    return {}


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says.

    Attributes:
        html: Empty for none.
        pictures: In the HTML, by their `cid`.
        remark: What went wrong without keeping the mail back; empty for nothing.
    """

    subject: str
    text: str
    html: str = ""
    pictures: tuple[Picture, ...] = ()
    remark: str = ""


class Composer:
    """Writes mails.

    Args:
        settings: Where links lead, and the key that signs them.
        client: Where an incident's sessions are, for its picture; without one there is no picture.
        deeper: Links into Kibana.
    """

    def __init__(
        self, settings: AlertSettings | None = None, client: Elasticsearch | None = None, deeper: Deeper = no_links
    ) -> None:
        self._settings, self._client, self._deeper = settings or AlertSettings(), client, deeper

    @cached_property
    def _signer(self) -> Signer | None:
        url, key = self._settings.link_url, self._settings.link_key
        return Signer(url, key.get_secret_value()) if url and key else None

    def compose(self, watch: Watch, email: EmailAction, notice: Notice, earlier: Sequence[Notice] = ()) -> Letter:
        """Return what a mail about a notice says; a template that fails must not keep it back.

        Args:
            watch: Whose notice.
            email: The action.
            notice: What about; `notice.ctx` are the variables.
            earlier: The notices of the same thread that were sent, oldest first.

        Raises:
            RuleError: The watch's own words cannot be filled in.
        """
        own = _own_words(email, notice)
        files = _files(watch, notice)
        if files == TemplateFiles():
            return own
        try:
            return self._filled(watch, files, own, self._variables(watch, email, notice, earlier, own))
        except RuleError as error:
            log.warning("%s; the mail goes out with the watch's own text", visible(error))
            return replace(own, remark=error.what)

    def _filled(self, watch: Watch, files: TemplateFiles, own: Letter, variables: dict[str, Any]) -> Letter:
        parts = {"subject": files.subject, "text": files.text, "html": files.html}
        filled = {part: render_file(watch, name, variables) for part, name in parts.items() if name is not None}
        if files.text in SHIPPED_TEXTS:
            filled["text"] = _BLANKS.sub("\n\n", filled["text"])
        picture = variables["picture"]
        shown = picture is not None and f"cid:{picture.cid}" in filled.get("html", "")
        return replace(own, **filled, pictures=(picture,) if shown else ())

    def _variables(
        self, watch: Watch, email: EmailAction, notice: Notice, earlier: Sequence[Notice], own: Letter
    ) -> dict[str, Any]:
        ctx, now = notice.ctx, parse_iso(notice.ctx["execution_time"])
        incident = describe_incident(ctx, earlier[-1].rank if earlier else None)
        identity = lookup("payload._id", ctx)
        is_told = incident is not None and isinstance(identity, str)
        return {
            "ctx": ctx,
            "watch_id": watch.id,
            "note": visible(ctx.get("note"), 1000),
            "incident": incident,
            "group": describe_group(ctx),
            "letter": read_letter(own.subject, own.text, watch.metadata, email.priority),
            "picture": picture_of(self._client, identity) if is_told and self._client is not None else None,
            "links": _safe(self._deeper(ctx.get("payload", {}))),
            "verdicts": self._signer.links(identity, now) if is_told and self._signer else (),
        }


def harmless(value: Any) -> Any:
    """Return a JSON value whose strings are one line of harmless text each, keys and all else as they were."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {key: harmless(inner) for key, inner in value.items()}
    return [harmless(inner) for inner in value] if isinstance(value, list | tuple) else value


def harmless_context(ctx: Mapping[str, Any]) -> Context:
    """Return the context for a text that people read: what came from outside cannot begin a line or turn it around."""
    return {"ctx": {**ctx, "payload": harmless(ctx.get("payload", {})), "vars": harmless(ctx.get("vars", {}))}}


def _own_words(email: EmailAction, notice: Notice) -> Letter:
    context = harmless_context(notice.ctx)
    body = email.body if isinstance(email.body, Body) else Body(text=email.body)
    subject = render(email.subject, context)
    if notice.turn is Turn.OVER:
        subject = f"over: {subject}"
    return Letter(subject, render(body.text or "", context), render(body.html or "", context, as_html=True))


def _files(watch: Watch, notice: Notice) -> TemplateFiles:
    named = watch.body.metadata.wwwatch.templates.get(notice.action_id)
    family = notice.ctx.get("letter")
    if family not in FAMILIES and named is not None and notice.turn is Turn.OVER:
        family = "recovery"
    if family in FAMILIES:
        return TemplateFiles(subject=f"{family}.subject.j2", text=f"{family}.txt.j2", html=f"{family}.html.j2")
    return named or TemplateFiles()


def _safe(links: Mapping[str, str]) -> tuple[Link, ...]:
    """Return the links that lead to web pages, and nowhere else."""
    return tuple(
        Link(visible(name, 60), url) for name, url in links.items() if urlsplit(url).scheme in ("http", "https")
    )
