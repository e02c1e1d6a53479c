"""See hooks.py, fixtures.py and postgres.py."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'contract'))

from fixtures import *  # noqa: E402,F403
from hooks import *  # noqa: E402,F403
from postgres import postgres, postgres_template  # noqa: E402,F401
