# The layout of the CMake files for cmake-format, which `tests/run --checks` runs.
with section("parse"):
    additional_commands = {
        "clockwise_library": {
            "pargs": 1,
            "flags": ["LIGHT"],
            "kwargs": {"SOURCES": "+", "PUBLIC": "+", "PRIVATE": "+"},
        },
        "clockwise_program": {
            "pargs": 1,
            "flags": ["LIGHT"],
            "kwargs": {"SOURCES": "+", "LIBRARIES": "+"},
        },
        "clockwise_test": {
            "pargs": 0,
            "kwargs": {
                "ONE_PROCESS": 0, "NAME": 1, "SCRIPT": 1, "TIMEOUT": 1, "COST": 1, "SOURCES": "+",
                "LIBRARIES": "+", "DEFINITIONS": "+", "ARGUMENTS": "+",
                "LABELS": "+", "ENVIRONMENT": "+",
            },
        },
    }
with section("format"):
    line_width = 80
    tab_size = 2
    max_pargs_hwrap = 3
with section("markup"):
    enable_markup = False
