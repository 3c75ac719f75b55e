"""The examples of examples/python, run as a user would."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

import mercato

HERE = os.environ | {"PYTHONPATH": str(Path(mercato.__file__).resolve().parents[1])}


def test_the_quickstart_tells_its_story():
    command = [sys.executable, ROOT / "examples/python/quickstart.py"]
    story = subprocess.run(command, env=HERE, capture_output=True, text=True)
    assert story.returncode == 0, story.stderr
    recall = {
        l.split()[0]: float(l.split()[2]) for l in story.stdout.splitlines() if "recall@10" in l
    }
    assert recall["Als"] > recall["Popularity"] > 0
    assert "may like" in story.stdout and "opened again" in story.stdout
