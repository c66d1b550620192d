"""What the environment should hold, and what it holds: the lock, the stamp, half-made leftovers, torch's build.

Looks and compares; changes nothing but the stamp. Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from deploy.messages import SetupError

# What only torch's CUDA build asks for: several GB that nothing here uses.
CUDA_PACKAGE = re.compile(r"nvidia-|cuda-|triton\b")


@dataclass(frozen=True)
class Plan:
    """What is wanted, read from pyproject.toml and requirements.lock."""

    torch: str
    lock: str
    project: Mapping[str, Any]

    def stamp(self, python_version: str) -> dict[str, str]:
        """Two marks, because a change of the project alone needs no look at two hundred packages."""
        return {
            "packages": digest(self.lock, self.torch, python_version),
            "project": digest(json.dumps(self.project, sort_keys=True)),
        }


def make_plan(pyproject: str, lock: str) -> Plan:
    """Refuse a lock that would bring CUDA, or that was not made again after pyproject.toml changed."""
    document = tomllib.loads(pyproject)
    project = document["project"]
    requirements = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    locked = lock_entries(lock)
    if cuda := cuda_packages(locked):
        raise SetupError(f"requirements.lock names CUDA packages ({', '.join(cuda)}). Make it again: make lock")
    if missing := [name for name in map(requirement_name, requirements) if name not in locked and name != "torch"]:
        raise SetupError(f"requirements.lock lacks {', '.join(missing)} of pyproject.toml. Make it again: make lock")
    torch = next(requirement for requirement in requirements if requirement_name(requirement) == "torch")
    setuptools = document.get("tool", {}).get("setuptools", {})
    build = {"project": project, "build-system": document["build-system"], "setuptools": setuptools}
    return Plan(torch=torch, lock=lock, project=build)


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return normalised(match[0]) if match else ""


def lock_entries(lock: str) -> dict[str, str]:
    """Name to entry: the line with the pin and the indented hashes below it. A package with two pins keeps both."""
    entries: dict[str, str] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        if not line.startswith((" ", "#", "\n")):
            name = requirement_name(line)
        if name:
            entries[name] = entries.get(name, "") + line
    return entries


def installed_names(site_packages: Path) -> list[str]:
    return [normalised(folder.name.partition("-")[0]) for folder in site_packages.glob("*.dist-info")]


def cuda_packages(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if CUDA_PACKAGE.match(name))


def read_stamp(stamp: Path) -> dict[str, str]:
    try:
        written = json.loads(stamp.read_text())
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}


def write_stamp(stamp: Path, content: Mapping[str, str]) -> None:
    unfinished = stamp.with_suffix(".new")
    unfinished.write_text(json.dumps(content))
    unfinished.replace(stamp)


def packages_folder(environment: Path, python_version: str) -> Path:
    return environment / "lib" / f"python{python_version}" / "site-packages"


def environment_fault(environment: Path, python_version: str) -> str | None:
    """Why an environment cannot be used as it stands, or None."""
    try:
        lines = (environment / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return "is not an environment"
    settings = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    made_with = ".".join(settings.get("version", "").split(".")[:2])
    if made_with != python_version:
        return f"was made with Python {made_with}"
    # The scripts in bin/ name the folder they were made in. Python notes its command from 3.11 on.
    if not settings.get("command", str(environment)).endswith(str(environment)):
        return "was made for another folder"
    if not any(packages_folder(environment, python_version).glob("pip-*.dist-info")):
        return "has no pip"
    return None


def was_interrupted(site_packages: Path) -> bool:
    """Whether an installer was killed over a package.

    It writes RECORD last and names its own INSTALLER file there, which the RECORD that comes in a wheel does not.
    Names that begin with ~ are what pip sets aside while it replaces a package.
    """
    if any(site_packages.glob("~*")):
        return True
    for folder in site_packages.glob("*.dist-info"):
        record = folder / "RECORD"
        if not record.is_file() or f"{folder.name}/INSTALLER" not in record.read_text(errors="replace"):
            return True
    return False


@dataclass(frozen=True)
class Wheel:
    """A build of torch: the requirements tell CUDA from CPU, since the registry gives both the same version."""

    version: str
    requires: tuple[str, ...]

    def wants_cuda(self, system: str, machine: str) -> bool:
        return any(CUDA_PACKAGE.match(needed) and applies(needed, system, machine) for needed in self.requires)


def applies(requirement: str, system: str, machine: str) -> bool:
    """Whether a requirement's marker holds here, as far as torch's own wheels use markers."""
    marker = requirement.partition(";")[2]
    if "extra ==" in marker:
        return False
    for variable, value in (("platform_system", system), ("platform_machine", machine)):
        match = re.search(variable + r"""\s*==\s*["']([^"']+)""", marker)
        if match and match[1] != value:
            return False
    return True


def wheel_in_report(report: Mapping[str, Any]) -> Wheel:
    """What pip would install, by its own report."""
    described = report["install"][0]["metadata"]
    return Wheel(version=described["version"], requires=tuple(described.get("requires_dist", ())))


def installed_torch(site_packages: Path) -> Wheel | None:
    found = next(iter(metadata.distributions(name="torch", path=[str(site_packages)])), None)
    return Wheel(version=found.version, requires=tuple(found.requires or ())) if found else None
