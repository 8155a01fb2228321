"""The documents say what the code does."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from wwwatch.cli import COMMANDS
from wwwatch.reference import DOCS, PAGES

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "enrich", "shipper", "es_templates", "detector", "alerts", "kibana", "simulator", "wwwatch")
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The pages as a new interpreter writes them: click's commands keep something of how they were called before."""
    code = (
        "import json; from wwwatch.reference import PAGES; print(json.dumps({n: page() for n, page in PAGES.items()}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    written: dict[str, str] = json.loads(done.stdout)
    return written


@pytest.mark.parametrize("name", PAGES)
def test_reference_page_is_what_the_code_says(name: str, pages: dict[str, str]) -> None:
    """Where this fails: `make docs`."""
    assert (DOCS / name).read_text("utf-8") == pages[name]


def test_every_command_has_a_module_and_an_example() -> None:
    page = PAGES["cli.md"]()
    for name in COMMANDS:
        home = ROOT / "wwwatch" / "commands" / name
        assert home.with_suffix(".py").is_file() or (home / "__init__.py").is_file()
        section = page.split(f"## wwwatch {name}\n", 1)[1].split("\n## ", 1)[0]
        assert "Example:" in section, f"wwwatch {name} shows no example"


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    listed = project["dependencies"] + [each for extra in project["optional-dependencies"].values() for each in extra]
    names = {re.split(r"[\[<>=~!]", each, maxsplit=1)[0] for each in listed} - {"wwwatch"}
    told = set(re.findall(r"^\| `([^`]+)` \|", (DOCS / "dependencies.md").read_text("utf-8"), re.MULTILINE))
    assert told == names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), f"{path} does not say what it is"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}: {node.name}"
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            methods = (each for each in node.body if isinstance(each, ast.FunctionDef))
            bare = [each.name for each in methods if not each.name.startswith("_") and not ast.get_docstring(each)]
            assert bare == [], f"{path}: {node.name}"


def test_links_between_documents_land() -> None:
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_decision_is_named_by_its_number() -> None:
    for page in (DOCS / "decisions").glob("*.md"):
        assert page.read_text("utf-8").startswith(f"# {page.name[:4]}: ")
