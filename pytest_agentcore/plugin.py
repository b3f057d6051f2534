"""The plugin: hooks that delegate."""
