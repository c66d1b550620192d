"""What runs the evaluation every night: units that systemd takes, a workflow that reads as one, and commands that exist."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from corpus.settings import CHECKOUT
from ui.command_line import build_parser

DEPLOY = CHECKOUT / "deploy"
WORKFLOW = CHECKOUT / ".github" / "workflows" / "nightly.yml"


def commands(words: str) -> list[list[str]]:
    """The calls of `fractional` in a file, as words."""
    lines = re.findall(r"\.venv/bin/fractional ([^\n>]*)", re.sub(r"\$\{WEBHOOK:\+(.*?)\}", r"\1", words))
    return [shlex.split(line.split("&&")[0]) for line in lines]


@pytest.mark.parametrize(
    "path",
    [DEPLOY / "fractional-nightly.service", DEPLOY / "fractional-nightly.crontab", WORKFLOW],
    ids=lambda path: path.name,
)
def test_every_command_in_it_is_one_that_there_is(path: Path) -> None:
    """An option that was renamed would be found out at half past two in the morning."""
    found = commands(path.read_text())
    assert any(words[:2] == ["eval", "nightly"] for words in found)
    for words in found:
        build_parser().parse_args(words)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here to ask")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program = tmp_path / ".venv" / "bin" / "fractional"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = []
    for kind in ("service", "timer"):
        units.append(tmp_path / f"fractional-nightly.{kind}")
        words = (DEPLOY / units[-1].name).read_text()
        units[-1].write_text(words.replace("@CHECKOUT@", str(tmp_path)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *map(str, units)], capture_output=True, text=True
    )
    ours = [line for line in done.stderr.splitlines() if "fractional-nightly" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


def test_the_workflow_reads_little_may_little_and_reports_also_when_the_gate_stops_it() -> None:
    told = yaml.safe_load(WORKFLOW.read_text())
    assert told["permissions"] == {"contents": "read"} and "schedule" in told[True]  # YAML reads `on` as true
    steps = told["jobs"]["evaluate"]["steps"]
    assert all(set(step) <= {"name", "uses", "with", "run", "env", "if"} for step in steps)
    assert all(("uses" in step) != ("run" in step) for step in steps)
    at = {step.get("name"): number for number, step in enumerate(steps)}
    assert at["Publish"] < at["Evaluate"] < at["Report"] < at["Keep the report"]
    assert all("cancelled" in steps[at[name]]["if"] for name in ("Report", "Keep the report"))
    assert "${{" not in "".join(step.get("run", "") for step in steps)  # no foreign words in a shell


def test_the_crontab_line_is_one() -> None:
    (line,) = [line for line in (DEPLOY / "fractional-nightly.crontab").read_text().splitlines() if line[:1] != "#"]
    minute, hour, *days = line.split()[:5]
    assert (minute.isdigit(), hour.isdigit(), days) == (True, True, ["*", "*", "*"]) and "%" not in line
