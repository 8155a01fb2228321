"""The sample configuration is accepted, shows the defaults, and names every setting there is."""

import re
from pathlib import Path

from core.settings import Section, Settings, load_settings

EXAMPLE = Path(__file__).parents[3] / "deploy" / "wwwatch.example.yml"
CHANGED = {("es", "url"), ("smtp", "to")}
"""Settings whose default (none) makes no example."""


def every_setting() -> set[tuple[str, ...]]:
    names: set[tuple[str, ...]] = set()
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            names |= {(name, key) for key in section.model_fields}
        else:
            names.add((name,))
    return names


def without_comment_signs() -> str:
    """Return the sample with its commented settings switched on."""
    return re.sub(r"^( *)# ((?: *)[a-z_]+:(?: |$))", r"\1\2", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_sample_is_accepted_and_shows_defaults() -> None:
    sample, default = load_settings(EXAMPLE), Settings()
    for name in every_setting():
        if name in CHANGED:
            continue
        has, want = sample, default
        for part in name:
            has, want = getattr(has, part), getattr(want, part)
        assert has == want, name


def test_sample_with_every_line_switched_on_is_accepted_and_names_every_setting(tmp_path: Path) -> None:
    full = tmp_path / "wwwatch.yml"
    full.write_text(without_comment_signs(), encoding="utf-8")
    settings = load_settings(full, state=tmp_path, cache=tmp_path)
    given = {
        (name, key) if isinstance(section, Section) else (name,)
        for name, section in settings
        for key in (section.model_fields_set if isinstance(section, Section) else [""])
    }
    assert given == every_setting()
