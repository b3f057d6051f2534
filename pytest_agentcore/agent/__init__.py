"""The built-in agent: one loop, four tools."""
