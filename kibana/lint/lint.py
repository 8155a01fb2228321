"""Holds packed objects against all rules: what passes here, Kibana takes and shows."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kibana.compile.objects import SEARCH_INDEX
from kibana.compile.saved import CORE_MIGRATION_VERSION, MIGRATION_VERSIONS
from kibana.lint.dashboards import Views, check_dashboard
from kibana.lint.fields import check_field, check_kql
from kibana.lint.problem import Fields, Findings, Problem
from kibana.lint.shapes.objects import ATTRIBUTES, DashboardAttributes, Line, SearchAttributes, ViewAttributes


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an object is held against: the objects of the file, and the fields of its data views."""

    there: Mapping[tuple[str, str], int]
    views: Views


def lint(lines: Iterable[str], fields: Fields) -> list[Problem]:
    """Return every fault of a file of objects; none means that it can be imported and every panel finds its fields.

    Args:
        lines: NDJSON, as `kibana.compile.saved.pack` writes it.
        fields: Index pattern of each data view to its fields and their types.
    """
    problems: list[Problem] = []
    objects = [line for number, text in enumerate(lines, 1) if (line := _line(number, text, problems)) is not None]
    around = surroundings(objects, fields, problems)
    for line in objects:
        lint_object(line, around, problems)
    return problems


def surroundings(objects: Sequence[Line], fields: Fields, problems: list[Problem]) -> Surroundings:
    """Return what objects are held against; data views whose fields nobody knows are noted."""
    views: dict[str, Mapping[str, str]] = {}
    for line in objects:
        title = line.attributes.get("title", "")
        if line.type == "index-pattern" and title not in fields:
            Findings(f"{line.type} {line.id}", problems).add("/attributes/title", f"no template of ours fits {title}")
        if line.type == "index-pattern":
            views[line.id] = fields.get(title, {})
    return Surroundings(Counter((line.type, line.id) for line in objects), views)


def lint_object(line: Line, around: Surroundings, problems: list[Problem]) -> None:
    """Note every fault of one object."""
    findings = Findings(f"{line.type} {line.id}", problems)
    attributes = findings.shape("/attributes", ATTRIBUTES[line.type], line.attributes)
    _check_line(findings, line, around.there)
    if isinstance(attributes, ViewAttributes):
        _check_view(findings, attributes, line, around.views)
    elif isinstance(attributes, SearchAttributes):
        _check_search(findings, attributes, line, around.views)
    elif isinstance(attributes, DashboardAttributes):
        check_dashboard(findings, attributes, line.references, around.views)


def _line(number: int, text: str, problems: list[Problem]) -> Line | None:
    findings = Findings(f"line {number}", problems)
    try:
        data = json.loads(text)
    except ValueError as error:
        findings.add("", f"it is no JSON: {error}")
        return None
    return findings.shape("", Line, data)


def _check_line(findings: Findings, line: Line, there: Mapping[tuple[str, str], int]) -> None:
    if there[line.type, line.id] > 1:
        findings.add("/id", "two objects have it")
    if line.coreMigrationVersion != CORE_MIGRATION_VERSION:
        findings.add("/coreMigrationVersion", f"it is not {CORE_MIGRATION_VERSION}")
    if line.typeMigrationVersion != MIGRATION_VERSIONS[line.type]:
        findings.add("/typeMigrationVersion", f"it is not {MIGRATION_VERSIONS[line.type]}, whose shape is written")
    for each in line.references:
        if (each.type, each.id) not in there:
            findings.add("/references", f"{each.name} leads to {each.type} {each.id}, which is not in the file")


def _check_view(findings: Findings, view: ViewAttributes, line: Line, views: Views) -> None:
    known = views[line.id]
    check_field(findings, "/attributes/timeFieldName", view.timeFieldName, known, frozenset(("date",)))
    for name in (*view.fieldFormatMap, *view.fieldAttrs):
        check_field(findings, "/attributes/fieldFormatMap", name, known)
    if line.references:
        findings.add("/references", "a data view needs nothing")


def _check_search(findings: Findings, search: SearchAttributes, line: Line, views: Views) -> None:
    source = search.kibanaSavedObjectMeta.searchSourceJSON
    names = [each.name for each in line.references]
    if source.indexRefName != SEARCH_INDEX or names != [SEARCH_INDEX]:
        findings.add("/references", f"its data view is not referenced once, as {SEARCH_INDEX}")
        return
    known = views.get(line.references[0].id, {})
    for name in search.columns:
        check_field(findings, "/attributes/columns", name, known)
    for name, direction in search.sort:
        check_field(findings, "/attributes/sort", name, known)
        if direction not in ("asc", "desc"):
            findings.add("/attributes/sort", f"{direction!r} is no direction")
    check_kql(findings, "/attributes/kibanaSavedObjectMeta", source.query.query, known)
