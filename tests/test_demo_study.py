"""The demo is a real study, and says so when its libraries are missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from report_nights import ENVIRONMENT

from overnight.readers import optuna as reader


@pytest.mark.system
def test_the_demo_leaves_a_study_that_can_be_read_and_gone_on_with(tmp_path: Path) -> None:
    """The second call trains for two epochs: it is about going on, and forty take half a minute."""
    command = [sys.executable, "-m", "overnight.demo_study", "--trials", "1"]
    script = "import overnight.demo_study as demo; demo._EPOCHS = 2; demo.main(['--trials', '1'])"
    for trials, words in ((1, command), (2, [sys.executable, "-c", script])):
        done = subprocess.run(
            words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True
        )
        (study,) = reader.find_studies(command, tmp_path, done.stderr)
        assert (study.name, study.directions) == ("digits", ("minimize",))
        assert len(study.trials) == trials
        assert f"Trial {trials - 1} finished with value: " in done.stderr
        assert done.stdout.startswith("Study finished: best log loss 0.0")
    assert set(study.ranges) == {"hidden", "learning_rate", "alpha", "batch"}


def test_without_its_libraries_it_says_how_to_get_them(tmp_path: Path) -> None:
    (tmp_path / "optuna.py").write_text("raise ImportError('no optuna here')\n")
    path = os.pathsep.join([str(tmp_path), ENVIRONMENT["PYTHONPATH"]])
    command = [sys.executable, "-m", "overnight.demo_study"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=ENVIRONMENT | {"PYTHONPATH": path},
        check=False,
    )
    assert done.returncode == 1
    assert (
        done.stderr
        == "The demo needs Optuna and scikit-learn (no optuna here): pip install 'overnight[demo]'\n"
    )
