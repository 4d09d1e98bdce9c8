"""Build a seccomp filter as classic BPF bytes, for ``bwrap --seccomp``.

It refuses kernel administration and odd socket families. The namespaces do the isolating; this narrows the kernel
surface they do not cover (vsock, keyrings, io_uring, bpf). Values are from the kernel's headers: linux/bpf_common.h,
linux/seccomp.h (https://docs.kernel.org/userspace-api/seccomp_filter.html), linux/sched.h and asm-generic/ioctls.h.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

# Operations of classic BPF: BPF_LD|W|ABS, BPF_ALU|AND|K, BPF_RET|K, BPF_JMP|JEQ|K, BPF_JMP|JGE|K.
_LOAD = 0x20
_AND = 0x54
_RETURN = 0x06
_EQUAL = 0x15
_GREATER_EQUAL = 0x35
# SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ERRNO.
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000
# Offsets in struct seccomp_data.
_NUMBER = 0
_ARCH = 4
_ARGUMENTS = 16
_X32_BIT = 0x40000000
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET.
_NEW_NAMESPACES = 0x7E020000
# ioctls that put characters into the terminal's input.
_TIOCSTI = 0x5412
_TIOCLINUX = 0x541C
# AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: all others, AF_VSOCK above all, are not bounded by a network namespace.
_FAMILIES = (1, 2, 10, 16)


@dataclass(frozen=True)
class _Machine:
    """System call numbers of a machine."""

    audit: int  # its AUDIT_ARCH value
    denied: tuple[int, ...]  # fail with EPERM
    unknown: tuple[int, ...]  # fail with ENOSYS
    clone: int
    socket: int
    ioctl: int
    x32: bool  # it also has the x32 calls


# denied: acct add_key bpf clock_adjtime clock_settime adjtimex settimeofday delete_module finit_module init_module
# fsconfig fsmount fsopen fspick ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mount mount_setattr
# move_mount name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open pivot_root process_vm_writev
# quotactl quotactl_fd reboot request_key setns swapoff swapon syslog umount2 unshare userfaultfd vhangup chroot
# fanotify_init. unknown (answered ENOSYS, so that libc falls back): clone3 and the three of io_uring.
_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E,
        denied=(
            *(163, 248, 321, 305, 227, 159, 164, 176, 313, 175, 431, 432, 430, 433, 173, 172, 312, 320, 246, 250, 212),
            *(165, 442, 429, 303, 180, 304, 428, 298, 155, 311, 179, 443, 169, 249, 308, 168, 167, 103, 166, 272, 323),
            *(153, 161, 300),
        ),
        unknown=(435, 425, 426, 427),
        clone=56,
        socket=41,
        ioctl=16,
        x32=True,
    ),
    "aarch64": _Machine(
        audit=0xC00000B7,
        denied=(
            *(89, 217, 280, 266, 112, 171, 170, 106, 273, 105, 431, 432, 430, 433, 272, 294, 104, 219, 18, 40, 442),
            *(429, 264, 42, 265, 428, 241, 41, 271, 60, 443, 142, 218, 268, 225, 224, 116, 39, 97, 282, 58, 51, 262),
        ),
        unknown=(435, 425, 426, 427),
        clone=220,
        socket=198,
        ioctl=29,
        x32=False,
    ),
}


def _op(code: int, value: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, value)


def _refuse(error: int) -> bytes:
    return _op(_RETURN, _ERRNO | error)


def _when_call(number: int, body: bytes) -> bytes:
    """Run ``body`` for this call only; it must return or fall through."""
    # The number stays loaded after it.
    return _op(_EQUAL, number, 0, len(body) // 8 + 1) + body + _op(_LOAD, _NUMBER)


def _argument(index: int) -> bytes:
    return _op(_LOAD, _ARGUMENTS + 8 * index)


def build_filter() -> bytes | None:
    """Build the filter for this machine, None for one of an unknown kind."""
    table = _MACHINES.get(platform.machine())
    if table is None:
        return None
    lines = [
        _op(_LOAD, _ARCH) + _op(_EQUAL, table.audit, 1, 0) + _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER),
    ]
    if table.x32:
        lines.append(_op(_GREATER_EQUAL, _X32_BIT, 0, 1) + _refuse(errno.ENOSYS))
    lines += [_op(_EQUAL, number, 0, 1) + _refuse(errno.EPERM) for number in table.denied]
    lines += [_op(_EQUAL, number, 0, 1) + _refuse(errno.ENOSYS) for number in table.unknown]
    clone = _argument(0) + _op(_AND, _NEW_NAMESPACES) + _op(_EQUAL, 0, 1, 0) + _refuse(errno.EPERM)
    lines.append(_when_call(table.clone, clone))
    families = b"".join(_op(_EQUAL, family, len(_FAMILIES) - place, 0) for place, family in enumerate(_FAMILIES))
    lines.append(_when_call(table.socket, _argument(0) + families + _refuse(errno.EAFNOSUPPORT)))
    ioctl = _argument(1) + _op(_EQUAL, _TIOCSTI, 1, 0) + _op(_EQUAL, _TIOCLINUX, 0, 1) + _refuse(errno.EPERM)
    lines.append(_when_call(table.ioctl, ioctl))
    lines.append(_op(_RETURN, _ALLOW))
    return b"".join(lines)
