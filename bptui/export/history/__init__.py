"""The steps that were trained, as files."""
