"""Where a command is started decides nothing: a folder that is called as we are is not us."""

import subprocess
import sys
from pathlib import Path


def test_a_folder_named_vigil_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "vigil").mkdir()
    (tmp_path / "vigil" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    order = [sys.executable, "-P", "-m", "vigil", "train", "nonsense"]
    done = subprocess.run(order, cwd=tmp_path, capture_output=True, text=True)
    assert "the wrong one" not in done.stderr
    assert "invalid choice: 'nonsense'" in done.stderr
