"""What a process has used, from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processor(pid: int) -> float:
    """Seconds of processor, user and system, of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> float:
    """Resident MB."""
    line = next(each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def thread_seconds(pid: int, name: str) -> list[float]:
    """Seconds of processor of each thread of that name."""
    return [
        int((folder / "schedstat").read_text().split()[0]) / 1e9
        for folder in sorted(Path(f"/proc/{pid}/task").iterdir())
        if (folder / "comm").read_text().strip() == name
    ]
