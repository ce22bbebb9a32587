"""Profiles, schedules, IAM policy and names of secrets."""
