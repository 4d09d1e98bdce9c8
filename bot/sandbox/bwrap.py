"""Build the bubblewrap command line for a command and its mounts.

Manual: https://github.com/containers/bubblewrap/blob/main/bwrap.xml
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import WORK, Limits, Mount, SandboxError

HOME = "/tmp/home"  # noqa: S108
PROXY_SOCKET = "/run/forgehand/proxy.sock"
PATH = "/usr/local/bin:/usr/bin:/bin"
_MIB = 1024 * 1024
SHARED_MB = 64
_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Never /etc/ssl as a whole: its private/ holds keys that a root launcher could read.
_ETC = (
    "alternatives",
    "ca-certificates",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "pki/ca-trust/extracted",
    "pki/tls/certs",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
)
FILES = {
    "/etc/passwd": "root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:" + HOME + ":/bin/sh\n",
    "/etc/group": "root:x:0:\nuser:x:1000:\n",
    "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}


@dataclass(frozen=True)
class Descriptors:
    """Descriptors of bubblewrap: contents of :data:`FILES`, filter, status."""

    files: Mapping[str, int]
    status: int
    seccomp: int | None

    def all(self) -> list[int]:
        return [*self.files.values(), self.status, *([] if self.seccomp is None else [self.seccomp])]


def build_arguments(
    argv: Sequence[str],
    workspace: Path,
    *,
    mounts: Sequence[Mount],
    limits: Limits,
    env: Mapping[str, str],
    network: Path | None,
    descriptors: Descriptors,
) -> list[str]:
    """Build everything after ``bwrap`` itself.

    ``network`` is the proxy's unix socket on the host. Callers that mount below the workspace must have checked that no
    link is on the way. Raises :class:`SandboxError` for a mount whose target is not a clean absolute path, or the
    workspace.
    """
    environment = make_environment(env)
    return [
        *_isolation_options(descriptors),
        *_system_options(descriptors),
        *("--perms", "1777", "--size", str(limits.tmp_mb * _MIB), "--tmpfs", "/tmp"),  # noqa: S108
        *("--dir", HOME, "--bind", str(workspace), WORK),
        *(part for mount in mounts for part in _mount_options(mount)),
        *(("--bind", str(network), PROXY_SOCKET) if network else ()),
        *(
            "--clearenv",
            *(part for name, value in environment.items() for part in ("--setenv", name, value)),
        ),
        *("--chdir", WORK),
        # /proc too: launched by root, the code could otherwise write /proc/sys/kernel/core_pattern without any
        # capability. / must come last, as a later mount would need a writable root.
        *("--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"),
        "--",
        *argv,
    ]


def make_environment(env: Mapping[str, str]) -> dict[str, str]:
    """Return all variables that a command sees; ``env`` wins."""
    return {"PATH": PATH, "HOME": HOME, "TMPDIR": "/tmp", "LANG": "C.UTF-8", "USER": "user"} | dict(env)  # noqa: S108


def list_links() -> list[tuple[str, str]]:
    """List the links at the root that lead into /usr, as name and target."""
    return [(name, str((Path("/") / name).readlink())) for name in _LINKS if (Path("/") / name).is_symlink()]


def list_system_places() -> list[str]:
    """List the host's places that every command sees, read-only."""
    roots = [f"/{name}" for name in _LINKS if (Path("/") / name).is_dir() and not (Path("/") / name).is_symlink()]
    return ["/usr", *roots, *(f"/etc/{name}" for name in _ETC if (Path("/etc") / name).exists())]


def require_clean(target: str, *, work: bool = False) -> None:
    """Raise :class:`SandboxError` for a target that no mount may have.

    Only the ``work`` space itself goes to its own place.
    """
    if not target.startswith("/") or posixpath.normpath(target) != target or target == "/" or (target == WORK) != work:
        raise SandboxError(f"Cannot mount at {target!r}: give a clean absolute path, not {WORK} itself.")


def _isolation_options(descriptors: Descriptors) -> list[str]:
    options = ["--unshare-all", "--unshare-user", "--disable-userns", "--uid", "1000", "--gid", "1000"]
    options += ["--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    options += ["--json-status-fd", str(descriptors.status)]
    if descriptors.seccomp is not None:
        options += ["--seccomp", str(descriptors.seccomp)]
    return options


def _system_options(descriptors: Descriptors) -> Iterator[str]:
    for name, link in list_links():
        yield from ("--symlink", link, f"/{name}")
    for place in list_system_places():
        yield from ("--ro-bind", place, place)
    for target, descriptor in descriptors.files.items():
        yield from ("--perms", "0644", "--ro-bind-data", str(descriptor), target)
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--perms", "1777", "--size", str(SHARED_MB * _MIB), "--tmpfs", "/dev/shm")  # noqa: S108


def _mount_options(mount: Mount) -> tuple[str, str, str]:
    require_clean(mount.target)
    return ("--bind" if mount.writable else "--ro-bind", str(mount.source), mount.target)
