"""What Elasticsearch cannot order by is found before it is asked."""

import dataclasses

from kibana.compile.objects import build_objects
from kibana.compile.saved import pack
from kibana.lint.lint import lint
from kibana.source.files import read_sources
from wwwatch.views import fields_of_views


def test_values_ordered_by_the_latest_of_a_field_are_found() -> None:
    sources = read_sources()
    dashboard = sources.dashboards["wwwatch"]
    (parts,) = (panel for panel in dashboard.panels if panel.id == "parts")
    assert parts.table
    rows = tuple(row.model_copy(update={"by": 0}) for row in parts.table.rows)
    wrong = parts.model_copy(update={"table": parts.table.model_copy(update={"rows": rows})})
    panels = tuple(wrong if panel is parts else panel for panel in dashboard.panels)
    boards = {**sources.dashboards, "wwwatch": dashboard.model_copy(update={"panels": panels})}
    changed = dataclasses.replace(sources, dashboards=boards)
    problems = lint(pack(build_objects(changed)).splitlines(), fields_of_views(sources))
    assert len(problems) == len(rows)
    assert all("cannot be ordered by the latest" in str(each) for each in problems)
