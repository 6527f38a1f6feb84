"""``python -m tipwire``."""

import sys

from tipwire.cli import main

sys.exit(main())
