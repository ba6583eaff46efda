"""Prints requirements.txt without what only the extras `local` and `dev` of pyproject.toml ask for.

pip checks hashes for all or for none, so the pinned file is cut down, never resolved anew. What an extra's package
itself requires stays in: small, and harmless.
"""

import re
import sys
import tomllib
from pathlib import Path


def name_of(requirement: str) -> str:
    """The normalised name at the beginning of a requirement."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", found.group()).lower() if found else ""


def without(pinned: str, unwanted: set[str]) -> str:
    """A requirement is a line that is not indented, and the indented lines of its hashes."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", pinned, flags=re.MULTILINE)
    return "".join(block for block in blocks if name_of(block) not in unwanted)


def main() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    wanted = {name_of(requirement) for requirement in project["dependencies"]}
    extras = {name_of(requirement) for extra in project["optional-dependencies"].values() for requirement in extra}
    sys.stdout.write(without(Path("requirements.txt").read_text(), extras - wanted))


if __name__ == "__main__":
    main()
