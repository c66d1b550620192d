"""Set up .venv: the environment, pip, torch, the locked packages, the project itself, and last a stamp.

Run by deploy/setup.sh under a Python that fits. Standard library only, because nothing is installed yet.
The stamp says what the environment holds and is written last, so whatever was cut short is done again, and a
second run reads the stamp and does nothing. Knows nothing about what the program does.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.environment import (
    Plan,
    cuda_packages,
    environment_fault,
    installed_names,
    installed_torch,
    lock_entries,
    make_plan,
    packages_folder,
    read_stamp,
    was_interrupted,
    wheel_in_report,
    write_stamp,
)
from deploy.messages import Progress, SetupError, check_space, explain, no_cpu_torch, say

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / "set-up.json"
WORK = ROOT / "build"
LOG = WORK / "set-up.log"

# Enough for a slow answer from PyTorch's own index, and short where it cannot be reached at all.
UV_SECONDS = 20


def main() -> None:
    python_version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    plan = make_plan((ROOT / "pyproject.toml").read_text(), (ROOT / "requirements.lock").read_text())
    wanted = plan.stamp(python_version)
    if is_ready(wanted, python_version):
        return
    with one_at_a_time() as lock_descriptor:
        # Whoever held the lock may have done it all.
        if not is_ready(wanted, python_version):
            Setup(plan, wanted, python_version, lock_descriptor).run()


def is_ready(wanted: Mapping[str, str], python_version: str) -> bool:
    return read_stamp(STAMP) == wanted and not environment_fault(ENVIRONMENT, python_version) and python_starts()


def python_starts() -> bool:
    """Whether .venv's Python runs: the one it was made from may be gone."""
    if Path(sys.prefix).resolve() == ENVIRONMENT:
        return True
    try:
        return subprocess.run([PYTHON, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@contextmanager
def one_at_a_time() -> Iterator[int]:
    """Hold build/set-up.lock. pip inherits it, so that it stays held if this process alone is killed."""
    WORK.mkdir(exist_ok=True)
    with (WORK / "set-up.lock").open("a") as lock_file:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is at work here; waiting for it.")
            fcntl.flock(lock_file, fcntl.LOCK_EX)
        yield lock_file.fileno()


@dataclass(frozen=True)
class Setup:
    """The steps, in order, under the lock."""

    plan: Plan
    wanted: Mapping[str, str]
    python_version: str
    lock_descriptor: int

    def run(self) -> None:
        started = time.monotonic()
        LOG.write_text("")
        if fault := self.fault():
            self.make_environment(fault)
        if read_stamp(STAMP).get("packages") != self.wanted["packages"]:
            STAMP.unlink(missing_ok=True)
            self.install_packages()
            write_stamp(STAMP, {"packages": self.wanted["packages"]})
        self.pip("the project itself", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
        write_stamp(STAMP, self.wanted)
        say(f"Set up in {time.monotonic() - started:.0f} s.")

    def fault(self) -> str | None:
        """Why .venv has to be made anew."""
        if fault := environment_fault(ENVIRONMENT, self.python_version):
            return fault
        if not python_starts():
            return "has a Python that does not start"
        if was_interrupted(self.site_packages):
            return "was left half-made"
        return None

    def make_environment(self, fault: str) -> None:
        if ENVIRONMENT.exists():
            say(f".venv {fault}: making it anew.")
            STAMP.unlink(missing_ok=True)
            shutil.rmtree(ENVIRONMENT)
        check_space(shutil.disk_usage(ROOT).free, ROOT)
        say(f"Setting up .venv with Python {platform.python_version()}: once, some minutes, about 2.3 GB.")
        # Not sys.executable, which may be the .venv/bin/python just removed.
        base_python = getattr(sys, "_base_executable", sys.executable)
        self.command("environment", [base_python, "-m", "venv", str(ENVIRONMENT)])

    def install_packages(self) -> None:
        self.install_from_lock("pip")
        self.install_torch()
        locked = len(lock_entries(self.plan.lock))
        requirements = str(ROOT / "requirements.lock")
        self.pip("packages", "--require-hashes", "--requirement", requirements, expected=locked)
        if cuda := cuda_packages(installed_names(self.site_packages)):
            raise SetupError(f".venv holds CUDA packages ({', '.join(cuda)}). Run make clean, then make again.")

    def install_from_lock(self, name: str) -> None:
        """One package ahead of the others, held to the same hashes."""
        entry = WORK / f"{name}.lock"
        entry.write_text(lock_entries(self.plan.lock)[name])
        self.pip(name, "--require-hashes", "--requirement", str(entry))

    def install_torch(self) -> None:
        """The CPU build: where pip finds it, else from PyTorch's own index, else not at all."""
        system, machine = platform.system(), platform.machine()
        present = installed_torch(self.site_packages)
        pinned = present and self.plan.torch == f"torch=={present.version.partition('+')[0]}"
        if present and pinned and not present.wants_cuda(system, machine):
            return
        index = os.environ.get("TORCH_INDEX")
        source = ["--index-url", index] if index else []
        report = WORK / "torch.json"
        dry_run = ["--dry-run", "--ignore-installed", "--report", str(report)]
        self.pip("torch: which build", *dry_run, "--no-deps", *source, self.plan.torch)
        offered = wheel_in_report(json.loads(report.read_text()))
        if not offered.wants_cuda(system, machine):
            self.pip("torch", "--force-reinstall", "--no-deps", *source, f"torch=={offered.version}")
        elif index:
            raise SetupError(f"TORCH_INDEX offers torch {offered.version}, a CUDA build; name an index of CPU builds.")
        else:
            self.install_torch_with_uv()

    def install_torch_with_uv(self) -> None:
        """uv knows where PyTorch keeps its CPU builds."""
        self.install_from_lock("uv")
        uv = [str(ENVIRONMENT / "bin" / "uv"), "pip", "install", "--python", str(PYTHON), "--no-deps", "--reinstall"]
        uv += ["--torch-backend", "cpu", self.plan.torch]
        try:
            # The dry run needs only the index, so it can be held to seconds; the download after it can not.
            self.command("torch: PyTorch's own CPU build", [*uv, "--dry-run"], seconds=UV_SECONDS)
        except SetupError as exc:
            raise SetupError(no_cpu_torch(self.plan.torch)) from exc
        self.command("torch", uv)

    @property
    def site_packages(self) -> Path:
        return packages_folder(ENVIRONMENT, self.python_version)

    def pip(self, step: str, *arguments: str, expected: int = 0) -> None:
        # Python compiles a module when it is first imported; compiling all of them here would double the time.
        options = ["--no-compile", "--no-input", "--progress-bar", "off", "--disable-pip-version-check"]
        self.command(step, [str(PYTHON), "-m", "pip", "install", *options, *arguments], expected=expected)

    def command(self, step: str, command: Sequence[str], expected: int = 0, seconds: float | None = None) -> None:
        """Run one step: its output to the log, its progress to one line, its failure into words."""
        # A --user setting would make pip refuse an environment.
        variables = os.environ | {"PIP_USER": "0", "PIP_ROOT_USER_ACTION": "ignore", "PYTHONUNBUFFERED": "1"}
        progress = Progress(step, expected)
        output = []
        with (
            LOG.open("a") as log,
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                pass_fds=[self.lock_descriptor],
            ) as process,
            killing_after(process, seconds),
        ):
            for line in process.stdout or ():
                output.append(line)
                log.write(line)
                progress.note(line)
        if process.returncode:
            progress.finish("failed")
            raise SetupError(explain(step, "".join(output), LOG))
        progress.finish()


@contextmanager
def killing_after(process: subprocess.Popen[str], seconds: float | None) -> Iterator[None]:
    """End the process when its time is up, and also when we are ended ourselves."""
    timer = threading.Timer(seconds, process.kill) if seconds else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield
        process.wait()
    except BaseException:
        process.terminate()
        raise
    finally:
        if timer:
            timer.cancel()


def stop(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    try:
        main()
    except SetupError as exc:
        sys.exit(f"\n{exc}")
    except PermissionError as exc:
        sys.exit(f"\n{exc.filename} cannot be written. Run make as the owner of this checkout; root is not needed.")
    except OSError as exc:
        sys.exit(f"\nThe set-up could not go on: {exc}. The output so far: {LOG}")
    except KeyboardInterrupt:
        sys.exit("\nStopped. Run make again and it goes on from here.")
