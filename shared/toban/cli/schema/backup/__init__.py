"""Texts of the section `backup`."""
