"""Zones, cron schedules, and times that a wrong clock wrote."""
