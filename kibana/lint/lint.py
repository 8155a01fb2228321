"""Holds packed objects against all rules: what passes here, Kibana takes and shows."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kibana.compile.objects import SEARCH_INDEX
from kibana.compile.saved import CORE_MIGRATION_VERSION, MIGRATION_VERSIONS
from kibana.lint.dashboards import Views, check_dashboard
from kibana.lint.fields import check_field, check_kql
from kibana.lint.problem import Fields, Findings, Problem
from kibana.lint.shapes.objects import ATTRIBUTES, DashboardAttributes, Line, SearchAttributes, ViewAttributes


def lint(lines: Iterable[str], fields: Fields) -> list[Problem]:
    """Return every fault of a file of objects; none means that it can be imported and every panel finds its fields.

    Args:
        lines: NDJSON, as `kibana.compile.saved.pack` writes it.
        fields: Index pattern of each data view to its fields and their types.
    """
    problems: list[Problem] = []
    objects: list[Line] = []
    for number, text in enumerate(lines, 1):
        findings = Findings(f"line {number}", problems)
        try:
            data = json.loads(text)
        except ValueError as error:
            findings.add("", f"it is no JSON: {error}")
            continue
        line = findings.shape("", Line, data)
        if line is not None:
            objects.append(line)
    shaped = [(line, _shaped(line, problems)) for line in objects]
    views = _views(shaped, fields, problems)
    there: Counter[tuple[str, str]] = Counter((line.type, line.id) for line in objects)
    for line, attributes in shaped:
        findings = Findings(f"{line.type} {line.id}", problems)
        _check_line(findings, line, there)
        if isinstance(attributes, ViewAttributes):
            _check_view(findings, attributes, line, views)
        elif isinstance(attributes, SearchAttributes):
            _check_search(findings, attributes, line, views)
        elif isinstance(attributes, DashboardAttributes):
            check_dashboard(findings, attributes, line.references, views)
    return problems


def _shaped(line: Line, problems: list[Problem]) -> Any:
    return Findings(f"{line.type} {line.id}", problems).shape("/attributes", ATTRIBUTES[line.type], line.attributes)


def _views(shaped: Sequence[tuple[Line, Any]], fields: Fields, problems: list[Problem]) -> Views:
    views: dict[str, Mapping[str, str]] = {}
    for line, attributes in shaped:
        if isinstance(attributes, ViewAttributes):
            if attributes.title not in fields:
                what = f"no template of ours fits {attributes.title}"
                Findings(f"{line.type} {line.id}", problems).add("/attributes/title", what)
            views[line.id] = fields.get(attributes.title, {})
    return views


def _check_line(findings: Findings, line: Line, there: Counter[tuple[str, str]]) -> None:
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
