#!/bin/sh
# Finds a Python that fits and hands it deploy/setup.py, which does the rest. Started by make.
# PYTHON=... names one. Otherwise the one that made .venv goes on, then the versions we test, oldest first.
set -u
cd "$(dirname "$0")/.." || exit 1
unset PYTHONPATH PYTHONHOME PYTHONSAFEPATH

# Says in one line why a Python does not fit; silent when it does. Debian packs ensurepip apart from Python itself.
probe='import sys
version = sys.version_info[:2]
if not (3, 11) <= version <= (3, 14):
    sys.exit("is Python %d.%d" % version)
try:
    import ensurepip, venv
except ImportError:
    sys.exit("is Python %d.%d without its venv module (Debian, Ubuntu: apt-get install python%d.%d-venv)" % (version * 2))
'
# Without pyvenv.cfg that Python would not know which one it was made from.
own=
[ -f .venv/pyvenv.cfg ] && own=.venv/bin/python

seen=
for python in ${PYTHON:-$own python3.11 python3.12 python3.13 python3.14 python3}; do
    if reason=$("$python" -c "$probe" 2>&1); then
        exec "$python" -m deploy.setup
    fi
    case $reason in
    "is Python"*) seen="$seen
  $python $reason" ;;
    *) [ -z "${PYTHON:-}" ] || seen="
  $python does not run" ;;
    esac
done
cat >&2 <<END
Fractional needs Python 3.11, 3.12, 3.13 or 3.14 with its venv module, and found:${seen:-
  no Python at all}
Install one, or name one that is elsewhere: make run PYTHON=/path/to/python3.11
END
exit 1
