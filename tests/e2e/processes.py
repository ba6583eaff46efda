"""What runs below a process. Read from /proc, as the embedded stack's own tests do."""

from pathlib import Path


def descendants(pid: int) -> dict[int, list[str]]:
    """Every process below this one, with its command line."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found: dict[int, list[str]] = {}
    wanted = list(children.get(pid, ()))
    while wanted:
        child = wanted.pop()
        wanted += children.get(child, ())
        if line := _command(child):
            found[child] = line
    return found


def lives(pid: int) -> bool:
    """Not counting what has ended and was only not yet noticed by its parent."""
    return _state(Path(f"/proc/{pid}")) not in (None, "Z", "X")


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def _fields(entry: Path) -> list[str]:
    try:
        return (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _parent(entry: Path) -> int | None:
    fields = _fields(entry)
    return int(fields[1]) if fields and fields[0] not in ("Z", "X") else None


def _state(entry: Path) -> str | None:
    fields = _fields(entry)
    return fields[0] if fields else None
