"""The folder tree is the architecture: imports draw only the arrows that docs/design.md allows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ARROWS = {
    "core": set(),
    "enrich": {"core"},
    "shipper": {"core", "enrich"},
    "es_templates": {"core"},
    "detector": {"core", "enrich"},
    "alerts": {"core"},
    "kibana": {"core"},
    "simulator": {"core"},
    "wwwatch": {"core", "enrich", "shipper", "es_templates", "detector", "alerts", "kibana", "simulator"},
}
ONLY_IN = {
    "click": "wwwatch/",
    "rich": "wwwatch/",
    "smtplib": "alerts/channels/mailer.py",
    "urllib3": ("alerts/channels/patience.py", "alerts/channels/web.py", "kibana/install/server.py"),
}
CLOCK_CALLS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *(
        "time.time",
        "time.time_ns",
        "time.monotonic",
        "time.perf_counter",
        "time.sleep",
        "time.localtime",
        "time.gmtime",
    ),
}
MODULES = sorted(path for room in ARROWS for path in (ROOT / room).rglob("*.py"))


def test_every_room_is_there_and_introduces_itself() -> None:
    for room in ARROWS:
        docstring = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text("utf-8")))
        assert docstring is not None
        assert docstring.startswith(f"{room}: ")


def test_every_folder_of_code_is_a_room() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert found - {"tests"} == set(ARROWS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_draws_only_allowed_arrows(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    room = name.split("/", 1)[0]
    for imported in _imports(path):
        if imported in ARROWS:
            assert imported == room or imported in ARROWS[room], f"{name} must not import {imported}"
        if imported in ONLY_IN:
            assert name.startswith(ONLY_IN[imported]), (
                f"{name} must not import {imported}: only {ONLY_IN[imported]} may"
            )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_clock_asks_for_the_time(path: Path) -> None:
    if path == ROOT / "core" / "clock.py":
        return
    tree = ast.parse(path.read_text("utf-8"))
    asked = {_dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not {call for call in asked if call in CLOCK_CALLS or ".".join(call.split(".")[-2:]) in CLOCK_CALLS}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_happens_at_import_time(path: Path) -> None:
    """A module may define and compute; it must not act: no loops over the world, no calls whose result is dropped."""
    if path.name == "__main__.py":
        return
    for statement in ast.parse(path.read_text("utf-8")).body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            pytest.fail(f"{path.name}:{statement.lineno} calls {_dotted(statement.value.func)} at import time")
        assert not isinstance(statement, ast.With | ast.While | ast.For), f"{path.name}:{statement.lineno}"
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            touched = {_dotted(node.func) for node in ast.walk(statement.value) if isinstance(node, ast.Call)}
            world = {"open", "connect", "Elasticsearch", "subprocess.run", "socket.gethostname", "os.getenv"}
            assert not touched & world, f"{path.name}:{statement.lineno} touches the world at import time"
            names = {call.rsplit(".", 1)[-1] for call in touched}
            assert not names & {"read_text", "read_bytes", "write_text", "mkdir"}, f"{path.name}:{statement.lineno}"


def test_modules_stay_small() -> None:
    """About 200 lines is the aim, 300 the limit: a longer module is two ideas."""
    long = {str(path.relative_to(ROOT)): _lines(path) for path in MODULES if _lines(path) > 300}
    assert long == {}


def test_the_table_in_the_design_is_the_table_here() -> None:
    design = (ROOT / "docs" / "design.md").read_text("utf-8")
    for room, allowed in ARROWS.items():
        row = next(line for line in design.splitlines() if line.startswith(f"| `{room}/` |"))
        said = row.strip("| ").rsplit("|", 1)[-1]
        if room == "wwwatch":
            assert "every room" in said
        elif allowed:
            assert {part.strip() for part in said.split(",")} == allowed
        else:
            assert "no other room" in said


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrow"
            yield (node.module or "").split(".")[0]


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _lines(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())
