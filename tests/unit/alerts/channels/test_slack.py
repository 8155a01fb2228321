"""Slack: what is posted where, and no value links, mentions or breaks out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from alerts.channels.slack import build_posts, build_request, escape
from alerts.language.model import SlackAction
from core.errors import RuleError, WebError

HOOKS = {"monitoring": SecretStr("https://slack.example.org/services/T0/B0/x"), "none": SecretStr("nonsense")}


def posts(message: dict[str, Any], value: Any = "x") -> dict[str, dict[str, Any]]:
    action = SlackAction.model_validate({"message": message})
    return build_posts(action, {"ctx": {"payload": {"v": value}}})


def test_one_post_for_each_channel_or_the_hooks_own() -> None:
    assert posts({"text": "hi"}) == {"": {"text": "hi"}}
    both = posts({"text": "hi", "to": ["#one", "@two"], "from": "wwwatch", "icon": ":eye:"})
    assert both == {
        name: {"text": "hi", "username": "wwwatch", "icon_emoji": ":eye:", "channel": name} for name in ("#one", "@two")
    }


@given(st.text(st.characters(exclude_categories=())))
def test_no_value_makes_markup_of_its_own(value: str) -> None:
    (post,) = posts({"text": "a {{ctx.payload.v}}", "attachments": [{"text": "{{ctx.payload.v}}"}]}, value).values()
    for text in (post["text"], post["attachments"][0].get("text", "")):
        assert "<" not in text
        assert ">" not in text
        assert text.isprintable()
    json.dumps(post)


def test_mentions_and_links_are_text() -> None:
    assert escape("<!channel> <https://evil.example|here> & co") == (
        "&lt;!channel&gt; &lt;https://evil.example|here&gt; &amp; co"
    )
    (post,) = posts({"text": "<https://kibana.example.org|see> {{ctx.payload.v}}"}, "<!here>").values()
    assert post["text"] == "<https://kibana.example.org|see> &lt;!here&gt;"


def test_attachments_and_one_for_each_element() -> None:
    template = {
        "title": "{{name}}",
        "title_link": "https://x.example/?a=1&b={{name}}",
        "fields": [{"title": "t", "value": "{{name}}"}],
    }
    message = {
        "attachments": [{"fallback": "all", "color": "danger"}],
        "dynamic_attachments": {"list_path": "ctx.payload.v", "attachment_template": template},
    }
    (post,) = posts(message, [{"name": "<a>"}, {"name": "b"}]).values()
    first, second, third = post["attachments"]
    assert first == {"fallback": "all", "color": "danger"}
    assert second["title"] == "&lt;a&gt;"
    assert second["fields"] == [{"title": "t", "value": "&lt;a&gt;", "short": False}]
    assert third["title_link"] == "https://x.example/?a=1&b=b"
    with pytest.raises(RuleError, match="does not lead to a list"):
        posts(message, "x")


def test_the_hook_is_a_secret() -> None:
    request = build_request(HOOKS, None, {"text": "ä"}, "key")
    assert (request.where, request.target) == ("https://slack.example.org:443", "/services/T0/B0/x")
    assert request.headers["Idempotency-Key"] == "key"
    assert request.body == b'{"text": "\\u00e4"}'
    for account in ("other", "none"):
        with pytest.raises(WebError, match=r"set alert\.slack") as failure:
            build_request(HOOKS, account, {}, "key")
        assert failure.value.retryable
    with pytest.raises(WebError, match="the Slack webhook is not in the settings"):
        build_request({}, None, {}, "key")
