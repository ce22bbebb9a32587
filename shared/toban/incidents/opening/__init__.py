"""From an alert to its incident: which occurrence a report is of, and what it joins or opens."""
