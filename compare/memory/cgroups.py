"""The control groups that this process is in, of both versions: a container's limits stand in their files.

Knows which folders those are, and neither what is limited nor what their files mean.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cgroups:
    """Where the kernel shows them. What can't be read isn't there.

    In a container the root may be the process's own group already, while the membership names the host's
    path: then only the root is found.
    """

    root: Path = Path("/sys/fs/cgroup")
    membership: Path = Path("/proc/self/cgroup")
    """the groups of this process, a line each: number, version 1 controllers, path"""

    def of_version_2(self) -> list[Path]:
        """The process's group and every one above it, whose limits hold too
        (docs.kernel.org/admin-guide/cgroup-v2.html).
        """
        return _upwards(self.root, self._path(""))

    def of_version_1(self, controller: str) -> list[Path]:
        """The same in a controller's own tree, which may be shared with others: cpu,cpuacct
        (docs.kernel.org/admin-guide/cgroup-v1/cgroups.html).
        """
        try:
            trees = [tree for tree in self.root.iterdir() if controller in tree.name.split(",")]
        except OSError:
            return []
        return [group for tree in trees for group in _upwards(tree, self._path(controller))]

    def _path(self, controller: str) -> str:
        """The group's path: in version 1 that of a controller, in version 2 (`""`) the only one."""
        for line in (read(self.membership) or "").splitlines():
            _, _, rest = line.partition(":")
            controllers, _, path = rest.partition(":")
            if controller in controllers.split(","):
                return path
        return "/"


def read(path: Path) -> str | None:
    """What stands in one of the kernel's files; None where it can't be read."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return None


def _upwards(root: Path, path: str) -> list[Path]:
    """The group at `path` under the root, and every one above it, the root included."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    return [root.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
