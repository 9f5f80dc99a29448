"""All tests of the `clockwise` command against a real server.

Run: /usr/bin/python3 -m tests.client.cli_test from the root folder, with
CLOCKWISED and CLOCKWISE naming the binaries (default: those of
build/release/bin).
"""

import unittest

from tests.client.cli_apply_test import *  # noqa: F401, F403: tests, to be run from here
from tests.client.cli_change_test import *  # noqa: F401, F403
from tests.client.cli_connection_test import *  # noqa: F401, F403
from tests.client.cli_context_test import *  # noqa: F401, F403
from tests.client.cli_doctor_test import *  # noqa: F401, F403
from tests.client.cli_locate_test import *  # noqa: F401, F403
from tests.client.cli_migrate_test import *  # noqa: F401, F403
from tests.client.cli_simulate_test import *  # noqa: F401, F403
from tests.client.cli_store_test import *  # noqa: F401, F403
from tests.client.cli_usage_test import *  # noqa: F401, F403

if __name__ == "__main__":
    unittest.main()
