"""Proving the section `backup`: whether it hangs together, and whether it is enough."""
