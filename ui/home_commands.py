"""What concerns a home as a whole: carrying it away, bringing it back, and telling what may be wrong with it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus.errors import BackupError, FractionalError
from corpus.settings import read_settings
from ui.commands import Outcome, open_publisher

if TYPE_CHECKING:
    from corpus.backup import Backup


def backup(options: argparse.Namespace) -> Outcome:
    from corpus.backup import back_up
    from corpus.record import now

    name = f"fractional-backup-{now()[:19].replace(':', '').replace('-', '')}.tar.gz"
    target = (options.file or Path(name)).expanduser().resolve()
    into = target if target.name.endswith((".tar.gz", ".tgz")) else target / name
    return Outcome(_backup(back_up(read_settings(), into)))


def restore(options: argparse.Namespace) -> Outcome:
    from corpus.backup import read_backup
    from corpus.backup import restore as bring_back

    settings = read_settings()
    file = options.file.expanduser().resolve()
    if options.dry_run:
        return Outcome(
            {"restored": False, "backup": _backup(read_backup(file)), "snapshot": 0, "before": None, "faults": []}
        )
    publisher = open_publisher(settings)
    done = bring_back(settings, file, publisher.who, publisher.patience)
    aside = f" What was here before is in {done.before.file}." if done.before else ""
    try:
        published = publisher.publish()  # brings files and vectors in line
    except FractionalError as error:
        raise BackupError(
            f"The record is back, not all else is: {error} `fractional publish` goes on.{aside}"
        ) from error
    data = {
        "restored": True,
        "backup": _backup(done.backup),
        "snapshot": published.snapshot,
        "before": _backup(done.before) if done.before else None,
        "faults": [str(fault) for fault in published.faults],
    }
    return Outcome(data, exit_code=3 if published.faults else 0)


def _backup(backup: Backup) -> dict[str, Any]:
    from corpus.backup import UNPUBLISHED

    return {
        "file": str(backup.file),
        "bytes": backup.size,
        "made": backup.made,
        "snapshot": backup.snapshot,
        "documents": backup.documents,
        "answers": backup.answers,
        "unpublished": [name for name in backup.files if name.startswith(UNPUBLISHED)],
    }


def doctor(options: argparse.Namespace) -> Outcome:
    from ui.doctor import FAILED, examine

    findings = examine(read_settings())
    well = all(one.state != FAILED for one in findings)
    return Outcome({"well": well, "findings": [asdict(one) for one in findings]}, exit_code=0 if well else 4)
