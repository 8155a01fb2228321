"""The watch language: Watcher's JSON as frozen values, its templates, conditions and schedules."""
