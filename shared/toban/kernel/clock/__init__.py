"""Zones, cron and clocks that cannot be right."""
