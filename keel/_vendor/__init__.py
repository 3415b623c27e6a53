"""Libraries that keel brings along, unchanged (see vendored.txt; tools/vendor.py refreshes them)."""
