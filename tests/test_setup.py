"""The set-up: what it asks for, what it takes for granted, what it says when it cannot go on."""

import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from deploy import setup
from deploy.environment import (
    Plan,
    Wheel,
    cuda_packages,
    environment_fault,
    installed_names,
    lock_entries,
    make_plan,
    normalised,
    packages_folder,
    read_stamp,
    was_interrupted,
    wheel_in_report,
    write_stamp,
)
from deploy.messages import NEEDED_BYTES, SetupError, check_space, explain, no_cpu_torch

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = """
[build-system]
requires = ["setuptools"]
[project]
name = "small"
description = "Small"
dependencies = ["numpy>=2", "torch==2.13.0", "PyYAML>=6"]
[project.optional-dependencies]
dev = ["pip", "uv"]
"""
LOCK = """numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:aa
numpy==2.5.5 ; python_full_version >= '3.12' \\
    --hash=sha256:bb
pip==26.3 \\
    --hash=sha256:cc
pyyaml==6.0.3 \\
    --hash=sha256:dd
uv==0.13.8 \\
    --hash=sha256:ee
"""


class TestLock:
    def test_is_in_line_with_pyproject(self) -> None:
        """A dependency added or raised without `make lock` used to be found out only at import."""
        document = tomllib.loads((ROOT / "pyproject.toml").read_text())
        project = document["project"]
        locked = lock_entries((ROOT / "requirements.lock").read_text())
        for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
            requirement = Requirement(line)
            if requirement.name == "torch":
                continue
            versions = re.findall(r"^\S+==(\S+)", locked[normalised(requirement.name)], re.MULTILINE)
            assert versions
            assert all(requirement.specifier.contains(version) for version in versions), line

    def test_holds_every_package_to_hashes_and_names_no_registry(self) -> None:
        lock = (ROOT / "requirements.lock").read_text()
        assert all("--hash=sha256:" in entry for entry in lock_entries(lock).values())
        assert "://" not in lock
        assert "torch" not in lock_entries(lock)

    def test_keeps_both_pins_of_a_package_that_differs_by_python(self) -> None:
        assert lock_entries(LOCK)["numpy"].count("--hash") == 2
        assert list(lock_entries(LOCK)) == ["numpy", "pip", "pyyaml", "uv"]

    @pytest.mark.parametrize("package", ["nvidia-cudnn-cu13==9.20", "cuda-bindings==13.0", "triton==3.7"])
    def test_with_cuda_is_refused(self, package: str) -> None:
        with pytest.raises(SetupError, match=r"CUDA.*make lock"):
            make_plan(PYPROJECT, LOCK + package + " \\\n    --hash=sha256:ff\n")

    def test_that_lacks_a_dependency_is_refused(self) -> None:
        with pytest.raises(SetupError, match="lacks numpy of pyproject"):
            make_plan(PYPROJECT, LOCK.replace("numpy", "numpie"))


def test_this_environment_holds_no_cuda() -> None:
    assert "numpy" in installed_names(Path(sysconfig.get_path("purelib")))
    assert not cuda_packages(installed_names(Path(sysconfig.get_path("purelib"))))


class TestStamp:
    before = make_plan(PYPROJECT, LOCK).stamp("3.11")

    def changed(self, pyproject: str = PYPROJECT, lock: str = LOCK, python: str = "3.11") -> set[str]:
        after = make_plan(pyproject, lock).stamp(python)
        return {mark for mark in after if after[mark] != self.before[mark]}

    def test_changes_with_what_it_stands_for_and_nothing_else(self) -> None:
        assert self.changed() == set()
        assert self.changed(lock=LOCK.replace("aa", "ab")) == {"packages"}
        assert self.changed(python="3.12") == {"packages"}
        assert self.changed(PYPROJECT.replace('"Small"', '"Tiny"')) == {"project"}
        assert self.changed(PYPROJECT.replace("2.13.0", "2.14.0")) == {"packages", "project"}
        assert self.changed(PYPROJECT + "[tool.ruff]\nline-length = 100\n") == set()

    @pytest.mark.parametrize("content", ["", "{", "[]", '{"packages": "x"'])
    def test_that_cannot_be_read_is_no_stamp(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "stamp.json").write_text(content)
        assert read_stamp(tmp_path / "stamp.json") == {}
        assert read_stamp(tmp_path / "none.json") == {}


def small_environment(folder: Path, python: str = "3.11.7", command: str | None = None) -> Path:
    site_packages = folder / "lib" / "python3.11" / "site-packages"
    (site_packages / "pip-26.3.dist-info").mkdir(parents=True)
    (site_packages / "pip-26.3.dist-info" / "RECORD").write_text("pip-26.3.dist-info/INSTALLER,sha256=x,4\n")
    settings = f"home = /usr/bin\nversion = {python}\ncommand = /usr/bin/python3 -m venv {command or folder}\n"
    (folder / "pyvenv.cfg").write_text(settings)
    return site_packages


class TestEnvironment:
    def test_faults(self, tmp_path: Path) -> None:
        small_environment(tmp_path / "good")
        assert environment_fault(tmp_path / "good", "3.11") is None
        assert environment_fault(tmp_path / "good", "3.12") == "was made with Python 3.11"
        assert environment_fault(tmp_path / "none", "3.11") == "is not an environment"
        small_environment(tmp_path / "moved", command="/elsewhere/.venv")
        assert environment_fault(tmp_path / "moved", "3.11") == "was made for another folder"
        shutil.rmtree(small_environment(tmp_path / "bare") / "pip-26.3.dist-info")
        assert environment_fault(tmp_path / "bare", "3.11") == "has no pip"

    def test_interrupted(self, tmp_path: Path) -> None:
        """pip takes a package with METADATA for installed, and writes RECORD last: a kill in between used to stay."""
        site_packages = small_environment(tmp_path)
        assert not was_interrupted(site_packages)
        numpy = site_packages / "numpy-2.4.6.dist-info"
        numpy.mkdir()
        (numpy / "METADATA").write_text("Name: numpy\nVersion: 2.4.6\n")
        assert was_interrupted(site_packages)
        (numpy / "RECORD").write_text("numpy/__init__.py,sha256=x,1\nnumpy-2.4.6.dist-info/METADATA,sha256=x,1\n")
        assert was_interrupted(site_packages)
        (numpy / "RECORD").write_text("numpy/__init__.py,sha256=x,1\nnumpy-2.4.6.dist-info/INSTALLER,sha256=x,4\n")
        assert not was_interrupted(site_packages)
        (site_packages / "~umpy").mkdir()
        assert was_interrupted(site_packages)

    @pytest.mark.slow
    def test_a_real_one_passes_until_it_is_damaged(self, tmp_path: Path) -> None:
        python = f"{sys.version_info[0]}.{sys.version_info[1]}"
        subprocess.run([sys.executable, "-m", "venv", tmp_path / "real"], check=True)
        site_packages = packages_folder(tmp_path / "real", python)
        assert environment_fault(tmp_path / "real", python) is None
        assert not was_interrupted(site_packages)
        next(site_packages.glob("pip-*.dist-info/RECORD")).unlink()
        assert was_interrupted(site_packages)


CUDA_REQUIRES = ("filelock", 'nvidia-cudnn-cu13==9.20.0.48; platform_system == "Linux"', 'pyyaml; extra == "pyyaml"')
OLD_CUDA_REQUIRES = ('nvidia-nccl-cu12==2.27; platform_system == "Linux" and platform_machine == "x86_64"',)


class TestTorch:
    @pytest.mark.parametrize(
        ("requires", "system", "machine", "cuda"),
        [
            (CUDA_REQUIRES, "Linux", "x86_64", True),
            (CUDA_REQUIRES, "Linux", "aarch64", True),
            (CUDA_REQUIRES, "Darwin", "arm64", False),
            (OLD_CUDA_REQUIRES, "Linux", "x86_64", True),
            (OLD_CUDA_REQUIRES, "Linux", "aarch64", False),
            (("cuda-toolkit[cublas]==13.0.3",), "Linux", "x86_64", True),
            (("filelock", 'nvidia-ml-py; extra == "gpu"'), "Linux", "x86_64", False),
        ],
    )
    def test_build_is_told_by_its_requirements(
        self, requires: tuple[str, ...], system: str, machine: str, cuda: bool
    ) -> None:
        assert Wheel("2.13.0", requires).wants_cuda(system, machine) is cuda

    def test_report(self) -> None:
        described = {"name": "torch", "version": "2.13.0+cpu", "requires_dist": ["filelock"]}
        assert wheel_in_report({"install": [{"metadata": described}]}) == Wheel("2.13.0+cpu", ("filelock",))
        del described["requires_dist"]
        assert wheel_in_report({"install": [{"metadata": described}]}).requires == ()


# pip's own words, shortened.
UNREACHABLE = """WARNING: Retrying after connection broken by 'NewConnectionError("Failed to establish")'
ERROR: Could not find a version that satisfies the requirement aiohttp==3.14.5 (from versions: none)
ERROR: No matching distribution found for aiohttp==3.14.5
"""
NO_BUILD = "ERROR: No matching distribution found for torch==2.13.0 (from -r requirements.lock)\n"
WRONG_HASH = "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n    attrs==26.1.0\n"
DISK = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
CERTIFICATE = "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]')) Max retries exceeded\n"
SETUPTOOLS = "      error: package directory 'ui' does not exist\nerror: metadata-generation-failed\n"


class TestMessages:
    @pytest.mark.parametrize(
        ("output", "words"),
        [
            (UNREACHABLE, "cannot be reached; check the network or name a mirror"),
            (NO_BUILD, "has no build of torch==2.13.0 for this machine and Python"),
            (WRONG_HASH, "not the one that was locked"),
            (DISK, "the disk is full"),
            (CERTIFICATE, "certificate is not trusted here"),
            ("PermissionError: [Errno 13] Permission denied: 'x'", "cannot be written"),
            (SETUPTOOLS, "packages: package directory 'ui' does not exist"),
            ("Traceback\n", "packages: it failed"),
        ],
    )
    def test_failure_is_one_line_of_what_to_do(self, output: str, words: str) -> None:
        message = explain("packages", output, Path("build/set-up.log"))
        assert words in message
        assert message.startswith("packages: ")
        assert message.endswith("The whole output: build/set-up.log")
        assert "\n" not in message

    def test_no_cpu_build_names_the_way_out(self) -> None:
        assert "TORCH_INDEX=ADDRESS" in no_cpu_torch("torch==2.13.0")

    def test_space(self) -> None:
        check_space(NEEDED_BYTES, Path("here"))
        with pytest.raises(SetupError, match=r"here has 1\.0 GB of disk left and the set-up needs 3"):
            check_space(1_000_000_000, Path("here"))


class Steps:
    """Stands for the commands: notes them, answers pip's report, fails where told to."""

    def __init__(self, torch: Wheel, fails: str | None = None) -> None:
        self.torch, self.fails = torch, fails
        self.names: list[str] = []
        self.commands: dict[str, Sequence[str]] = {}

    def __call__(self, step: str, command: Sequence[str], expected: int = 0, seconds: float | None = None) -> None:
        self.names.append(step)
        self.commands[step] = command
        if step == self.fails:
            raise SetupError(step)
        if step == "environment":
            small_environment(setup.ENVIRONMENT)
        if "--report" in command:
            described = f'{{"version": "{self.torch.version}", "requires_dist": {list(self.torch.requires)}}}'
            report = f'{{"install": [{{"metadata": {described}}}]}}'.replace("'", '"')
            Path(command[command.index("--report") + 1]).write_text(report)


Run = Callable[..., Steps]
CPU = Wheel("2.13.0+cpu", ("filelock",))
CUDA = Wheel("2.13.0", ("nvidia-nccl-cu13",))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the set-up in a folder of its own, with every command replaced."""
    for name, path in {"ROOT": "", "ENVIRONMENT": ".venv", "STAMP": ".venv/set-up.json", "WORK": "build"}.items():
        monkeypatch.setattr(setup, name, tmp_path / path)
    monkeypatch.setattr(setup, "LOG", tmp_path / "build" / "set-up.log")
    monkeypatch.setattr(setup, "python_starts", lambda: True)
    monkeypatch.setattr(setup, "check_space", lambda *_: None)
    monkeypatch.setattr(setup.platform, "system", lambda: "Linux")
    monkeypatch.delenv("TORCH_INDEX", raising=False)
    (tmp_path / "build").mkdir()

    def run_once(torch: Wheel = CPU, fails: str | None = None, plan: Plan | None = None) -> Steps:
        steps = Steps(torch, fails)
        monkeypatch.setattr(setup.Setup, "command", steps)
        plan = plan or make_plan(PYPROJECT, LOCK)
        wanted = plan.stamp("3.11")
        if not setup.is_ready(wanted, "3.11"):
            try:
                setup.Setup(plan, wanted, "3.11", 0).run()
            except SetupError as exc:
                steps.names.append(f"stopped: {exc}")
        return steps

    return run_once


ALL = ["environment", "pip", "torch: which build", "torch", "packages", "the project itself"]


class TestSteps:
    def test_in_order_and_only_once(self, run: Run) -> None:
        assert run().names == ALL
        assert run().names == []

    def test_every_pip_but_torch_and_the_project_is_held_to_hashes(self, run: Run) -> None:
        commands = run().commands
        assert [step for step in ALL[1:] if "--require-hashes" in commands[step]] == ["pip", "packages"]
        assert [step for step in ALL[1:] if "--no-deps" in commands[step]] == [ALL[2], "torch", ALL[5]]
        assert commands["torch"][-1] == "torch==2.13.0+cpu"

    @pytest.mark.parametrize("step", ALL)
    def test_what_was_cut_short_is_done_again(self, run: Run, step: str) -> None:
        assert run(fails=step).names[-1] == f"stopped: {step}"
        assert setup.STAMP.exists() is (step == "the project itself")
        again = run().names
        assert again[-1] == "the project itself"
        assert ("packages" in again) is (step != "the project itself")
        assert run().names == []

    def test_a_changed_project_costs_only_its_own_install(self, run: Run) -> None:
        run()
        assert run(plan=make_plan(PYPROJECT.replace("Small", "Tiny"), LOCK)).names == ["the project itself"]

    def test_a_changed_lock_keeps_the_environment(self, run: Run) -> None:
        run()
        assert run(plan=make_plan(PYPROJECT, LOCK.replace("aa", "ab"))).names == ALL[1:]

    def test_a_package_left_half_made_costs_the_environment(self, run: Run) -> None:
        run()
        setup.STAMP.unlink()
        (packages_folder(setup.ENVIRONMENT, "3.11") / "numpy-2.4.6.dist-info").mkdir()
        assert run().names == ALL

    def test_a_cuda_build_is_left_for_pytorchs_own_index(self, run: Run) -> None:
        steps = run(torch=CUDA)
        assert steps.names == [*ALL[:3], "uv", "torch: PyTorch's own CPU build", "torch", *ALL[4:]]
        assert "--torch-backend" in steps.commands["torch"]
        assert "torch==2.13.0" in steps.commands["torch"]

    def test_a_cuda_build_is_never_installed(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        stopped = run(torch=CUDA, fails="torch: PyTorch's own CPU build").names
        assert "TORCH_INDEX=ADDRESS" in stopped[-1]
        assert "torch" not in stopped
        monkeypatch.setenv("TORCH_INDEX", "file:///wheels")
        assert "name an index of CPU builds" in run(torch=CUDA).names[-1]
        steps = run(torch=CPU)
        assert steps.commands["torch"][-3:-1] == ["--index-url", "file:///wheels"]
        assert "file:///wheels" not in steps.commands["packages"]

    def test_cuda_packages_in_the_environment_stop_it(self, run: Run) -> None:
        run(fails="packages")
        stray = packages_folder(setup.ENVIRONMENT, "3.11") / "nvidia_nccl_cu13-2.dist-info"
        stray.mkdir()
        (stray / "RECORD").write_text("nvidia_nccl_cu13-2.dist-info/INSTALLER,,\n")
        assert "holds CUDA packages (nvidia-nccl-cu13)" in run().names[-1]
        assert read_stamp(setup.STAMP) == {}

    def test_a_second_set_up_waits_for_the_first(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        entered = threading.Event()

        def second() -> None:
            with setup.one_at_a_time():
                entered.set()

        thread = threading.Thread(target=second)
        with setup.one_at_a_time():
            thread.start()
            assert not entered.wait(0.2)
        assert entered.wait(5)
        thread.join()
        assert "waiting for it" in capsys.readouterr().err

    def test_time_runs_out(self) -> None:
        with subprocess.Popen(["sleep", "60"], text=True) as process, setup.killing_after(process, 0.1):
            pass
        assert process.returncode == -9


def test_a_stamp_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_stamp(tmp_path / "stamp.json", {"packages": "old"})

    def cut(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(KeyboardInterrupt):
        write_stamp(tmp_path / "stamp.json", {"packages": "new"})
    assert read_stamp(tmp_path / "stamp.json") == {"packages": "old"}


def executable(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the scripts alone, and a PATH that holds only what they need."""
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("sh", "dirname", "cat", "mkdir", "tee", "grep", "tail"):
        found = shutil.which(tool)
        assert found
        (tools / tool).symlink_to(found)
    return tmp_path


def in_checkout(checkout: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script with nothing but the checkout's own tools on PATH."""
    environment = {"PATH": str(checkout / "tools"), **variables}
    shell = str(checkout / "tools" / "sh")
    return subprocess.run([shell, script], cwd=checkout, env=environment, capture_output=True, text=True, check=False)


class TestChoiceOfPython:
    def fake(self, checkout: Path, name: str, version: str, ensurepip: bool = True) -> None:
        """A Python that says what it was asked to run, and pretends to its version when probed."""
        probe = f"""case $1 in
-c) exec {sys.executable} -c "import sys
sys.version_info = ({version.replace(".", ",")})
{"" if ensurepip else "sys.modules['ensurepip'] = None"}
$2" ;;
*) echo {name} "$@" ;;
esac"""
        executable(checkout / "tools" / name, probe)

    def test_takes_the_first_that_fits(self, checkout: Path) -> None:
        """pyenv puts a python3.12 on PATH that only says it is not there."""
        self.fake(checkout, "python3", "3.11")
        executable(checkout / "tools" / "python3.12", "echo command not found >&2; exit 127")
        self.fake(checkout, "python3.13", "3.13")
        assert in_checkout(checkout, "deploy/setup.sh").stdout == "python3.13 -m deploy.setup\n"
        assert in_checkout(checkout, "deploy/setup.sh", PYTHON="python3").stdout == "python3 -m deploy.setup\n"

    def test_says_what_was_found_and_what_to_do(self, checkout: Path) -> None:
        self.fake(checkout, "python3", "3.9")
        self.fake(checkout, "python3.11", "3.11", ensurepip=False)
        result = in_checkout(checkout, "deploy/setup.sh")
        assert result.returncode == 1
        assert "python3 is Python 3.9\n" in result.stderr
        assert "python3.11 is Python 3.11 without its venv module (Debian, Ubuntu: apt-get install" in result.stderr
        assert "make run PYTHON=" in result.stderr

    def test_says_that_there_is_none(self, checkout: Path) -> None:
        assert "no Python at all" in in_checkout(checkout, "deploy/setup.sh").stderr
        assert "python3.99 does not run" in in_checkout(checkout, "deploy/setup.sh", PYTHON="python3.99").stderr


class TestContinuousIntegration:
    @pytest.mark.parametrize(
        ("closing", "status", "expected"),
        [
            ("===== 3 passed, 1 skipped in 2.00s =====", 0, 0),
            ("===== 1 failed, 3 passed in 2.00s =====", 2, 2),
            ("===== no tests ran in 0.01s =====", 0, 1),
            ("===== 4 skipped in 0.01s =====", 0, 1),
            ("===== 9 deselected in 0.01s =====", 2, 2),
        ],
    )
    def test_ends_with_pytests_closing_line_and_status(
        self, checkout: Path, closing: str, status: int, expected: int
    ) -> None:
        executable(checkout / "tools" / "id", "echo 1000")
        executable(checkout / "tools" / "make", f"echo '{closing}'; echo make: done; exit {status}")
        result = in_checkout(checkout, ".ci/run")
        assert result.returncode == expected
        assert result.stdout.splitlines()[-1] == closing

    def test_a_set_up_that_failed_is_a_failure(self, checkout: Path) -> None:
        executable(checkout / "tools" / "id", "echo 1000")
        executable(checkout / "tools" / "make", "echo the disk is full; exit 2")
        assert in_checkout(checkout, ".ci/run").returncode == 2


def test_bare_make_lists_every_target() -> None:
    targets = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split()
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  (\w+) +\S", listed, re.MULTILINE) == targets
