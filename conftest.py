"""Settings for the tests of this repository; the suites need none."""

pytest_plugins = ("pytester",)
