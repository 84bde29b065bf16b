pytest_plugins = ["tests.lab.fixtures", "tests.audit.flushing", "tests.people"]
