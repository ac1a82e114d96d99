"""The documentation's Python runs as it stands: every block, in order, as a reader would type it."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PAGES = ("README.md", "docs/python_api.md")


@pytest.mark.parametrize("page", _PAGES)
def test_the_pages_python_runs(page: str, tmp_path: Path) -> None:
    """The blocks of a page are one script, run in an empty folder by a Python of its own."""
    text = (_ROOT / page).read_text(encoding="utf-8")
    blocks = list(_BLOCK.finditer(text))
    assert blocks, f"{page} shows no Python"
    if any("from addon" in block.group(1) for block in blocks) and find_spec("bpy") is None:
        pytest.skip("needs Blender's module (the extra [blender])")
    script = ""
    for block in blocks:
        # As many lines above the block as the page has, so that a traceback names the page's own line.
        script += "\n" * (text.count("\n", 0, block.start(1)) - script.count("\n")) + block.group(1)
    (tmp_path / "page.py").write_text(script, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(_ROOT), "BLENDER_USER_RESOURCES": str(tmp_path / "blender")}
    command = [sys.executable, "page.py"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, f"{page}:\n{run.stderr}"


@pytest.mark.parametrize("page", [*_PAGES, "CONTRIBUTING.md", "docs/guide.md", "docs/numbers.md", "docs/troubles.md"])
def test_the_files_a_page_names_are_there(page: str) -> None:
    """Links within the repository, and paths in backquotes that end in a known suffix or a slash."""
    text = (_ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:posenorm_core|training|addon|demo|docs|tests|tools|benchmarks)/[\w/.]*)`", text)
    missing = [link for link in links if not ((_ROOT / page).parent / link).exists()]
    missing += [path for path in named if not (_ROOT / path).exists()]
    assert not missing, f"{page} names what is not there: {missing}"


def test_the_readme_shows_the_comparison_as_it_was_measured() -> None:
    from training.comparison import COMPARISON, summary
    from training.experiments import RESULTS
    from training.rows import load_rows

    rows = [row for row in load_rows().values() if row.table == COMPARISON]
    assert summary(rows, _ROOT / RESULTS) in (_ROOT / "README.md").read_text(encoding="utf-8")
