"""toban (当番): operations as events."""

__version__ = "0.1.0"
