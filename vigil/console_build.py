"""Whether the console that is served is the one of the sources beside it: an old one speaks another language than the api."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
_NOT_SOURCES = frozenset({"node_modules", "dist", "tests", "dev"})


def fault(built: Path, sources: Path) -> str:
    """What is wrong with a build, "" where nothing is: it is missing, or a source is newer (installed without sources none is)."""
    index = built / "index.html"
    if not index.exists():
        return f"no index.html in {built}"
    made = index.stat().st_mtime
    newer = [path for path in _files(sources) if path.stat().st_mtime > made]
    return f"built before {newer[0].relative_to(sources)} was changed" if newer else ""


def place(told: Path | None) -> tuple[Path, Path]:
    """Where the build is, and the sources that it should be of; a build that somebody names has none here."""
    own = CHECKOUT / "dashboard"
    return (own / "dist", own) if told is None else (told, told / "no-sources")


def _files(sources: Path) -> list[Path]:
    if not sources.exists():
        return []
    tops = [one for one in sources.iterdir() if one.name not in _NOT_SOURCES]
    return sorted(path for top in tops for path in (top.rglob("*") if top.is_dir() else (top,)) if path.is_file())
