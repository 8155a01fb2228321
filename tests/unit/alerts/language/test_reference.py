"""docs/watches.md names every key of the models in its part's section, and says of what is refused what they say."""

import re
from pathlib import Path

import pytest

from alerts.language import model
from alerts.language.parts import Part

PAGE = (Path(__file__).parents[4] / "docs" / "watches.md").read_text("utf-8")
SECTIONS: dict[str, list[type[Part]]] = {
    "A watch": [model.WatchBody],
    "`trigger.schedule`": [model.Schedule, model.Hourly, model.Daily, model.Weekly, model.Monthly, model.Yearly],
    "`input`": [
        *(model.Input, model.SearchInput, model.SearchRequest, model.IndicesOptions, model.HttpInput, model.ChainInput),
    ],
    "HTTP requests": [model.HttpRequest, model.HttpProxy, model.HttpAuth, model.BasicAuth],
    "`condition`": [model.Condition, model.Comparison, model.ArrayComparison, model.Quantified],
    "`transform`": [model.Transform],
    "Expressions": [model.Script],
    "`actions`": [model.Action],
    "`email`": [model.EmailAction, model.Body, model.EmailAttachment, model.DataAttachment, model.HttpAttachment],
    "`webhook`": [],
    "`index`": [model.IndexAction],
    "`logging`": [model.LoggingAction],
    "`slack`": [
        *(model.SlackAction, model.SlackMessage, model.SlackAttachment, model.SlackField, model.SlackLink),
        model.DynamicAttachments,
    ],
    "What Watcher does not have: `metadata.wwwatch`": [model.Ours, model.TemplateFiles],
}
ELSEWHERE = {"Trigger", "Metadata", "WebhookAction", "Always", "Never", "NoInput"}


def section(title: str) -> str:
    found = re.search(rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/watches.md has no section {title}"
    return found[1]


@pytest.mark.parametrize("title", SECTIONS)
def test_every_key_is_in_its_section_and_what_is_refused_is_said(title: str) -> None:
    text = section(title)
    for part in SECTIONS[title]:
        missing = [key for key in part.allowed() if not re.search(rf"\b{re.escape(key)}\b", text)]
        assert missing == [], f"{title} says nothing of {missing} of {part.__name__}"
        for key, instead in part.refused.items():
            row = next((line for line in text.splitlines() if f"`{key}`" in str(line.split("|")[1:2])), "")
            assert instead.split("; write {")[0] in row, f"{title} says of the refused {key}: {row}"


def test_every_part_has_a_section() -> None:
    told = {part.__name__ for parts in SECTIONS.values() for part in parts}
    parts = {name for name in model.__all__ if isinstance(getattr(model, name), type) and name != "Watch"}
    assert parts - told == ELSEWHERE
