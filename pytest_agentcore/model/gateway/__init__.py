"""The child process that alone holds keys and talks to providers."""
