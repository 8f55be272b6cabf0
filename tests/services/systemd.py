"""A systemd of its own, in namespaces of its own, that starts units as they are.

It sees this machine's files, and no process of it; what it writes is gone with it. The program
under test is at the place where the units look for it.
"""

import os
import shutil
import signal
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from tests.services import processes
from tests.services.waiting import until

SYSTEMD = Path("/lib/systemd/systemd")
_CGROUPS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
_SOURCES = Path(__file__).parents[2] / "src"
_STUBS = ("sysinit", "basic", "shutdown", "network-online")
_SCRIPT_UNIT = """[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/sh /out/script
ExecStopPost=/bin/touch /out/done
"""
_PROGRAM = """#!/bin/sh
export PYTHONHOME=/opt/python LD_LIBRARY_PATH=/opt/python/lib PYTHONPATH=/opt/sources:/opt/packages
exec /opt/python/bin/python3 -m sync_worker "$@"
"""
_ENTER = """
echo $$ > "$5/cgroup.procs"
exec unshare --mount --uts --ipc --cgroup --pid --fork --kill-child bash "$1/prepare" "$@"
"""
_PREPARE = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1/system"
cd "$1/system"
mkdir upper work root
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t tmpfs tmpfs dev
for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm dev/mqueue dev/hugepages
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for folder in run var/log var/lib tmp; do mount -t tmpfs -o mode=755 tmpfs $folder; done
mkdir -p opt/python opt/sources opt/packages opt/sync-worker out oldroot
mount --bind "$2" opt/python
mount --bind "$3" opt/sources
mount --bind "$4" opt/packages
mount --bind "$1/program" opt/sync-worker
mount --bind "$1/out" out
rm -rf etc/systemd/system etc/sync-worker
cp -r "$1/units" etc/systemd/system
cp -r "$1/settings" etc/sync-worker
mount --rbind . .
cd "$1/system/root"
pivot_root . oldroot
cd /
umount -l /oldroot
mount --make-rshared /
touch /out/prepared
units=/etc/systemd/system
exec env -i container=oci PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=$units \\
    /lib/systemd/systemd --system --unit=script.service --show-status=no --log-target=null
"""


class NoSystemd(Exception):
    """It cannot be started here; the message says why."""


def run(
    folder: Path, units: Mapping[str, str], settings: Mapping[str, str], script: str
) -> Mapping[str, str]:
    """Start systemd with these units, and files in /etc/sync-worker, and run a script beside them.

    Args:
        folder: where it has its files; empty.
        units: by their names, or by paths below the folder of units.
        settings: by paths below /etc/sync-worker.
        script: for a shell; what it writes into /out is given back, by name.

    Raises:
        NoSystemd: there is none, or this process may not make namespaces for it.
    """
    stubs = {f"{name}.target": "[Unit]\nDefaultDependencies=no\n" for name in _STUBS}
    _write(folder / "units", {**units, **stubs, "script.service": _SCRIPT_UNIT})
    _write(folder / "settings", settings)
    _write(folder, {"enter": _ENTER, "prepare": _PREPARE, "out/script": script})
    _write(folder, {"program/bin/sync-worker": _PROGRAM})
    (folder / "program" / "bin" / "sync-worker").chmod(0o755)
    (folder / "system").mkdir()
    out, log, group = folder / "out", folder / "log", _group(folder)
    places = (folder, sys.base_prefix, _SOURCES, sysconfig.get_path("purelib"), group)
    process = processes.start(["bash", folder / "enter", *places], log)
    try:
        until(lambda: (out / "done").exists() or process.poll() is not None, "the script", 120)
    finally:
        processes.end(process, signal.SIGKILL)
        until(lambda: _removed(group), "its processes to be gone")
    if not (out / "prepared").exists():
        raise NoSystemd(log.read_text())
    return {path.name: path.read_text() for path in out.iterdir()}


def _group(folder: Path) -> Path:
    """A control group of its own."""
    tools = [SYSTEMD, *map(shutil.which, ("unshare", "pivot_root", "mount", "bash"))]
    if os.geteuid() != 0 or not all(tool and Path(tool).exists() for tool in tools):
        raise NoSystemd("wants root, systemd, unshare and pivot_root")
    top = next((each for each in _CGROUPS if (each / "cgroup.procs").exists()), None)
    if top is None:
        raise NoSystemd("wants control groups of version 2")
    group = top / f"tests-{os.getpid()}-{folder.name}"
    try:
        group.mkdir()
    except OSError as error:
        raise NoSystemd(str(error)) from error
    return group


def _removed(group: Path) -> bool:
    """Whether a control group and those below it are gone; they are, once no process is there."""
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            Path(folder).rmdir()
        except OSError:
            return False
    return True


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
