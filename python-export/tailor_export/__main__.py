"""`python -m tailor_export`."""

import sys

from tailor_export.cli import main

sys.exit(main())
