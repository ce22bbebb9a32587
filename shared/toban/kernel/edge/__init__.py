"""Ways in over HTTP: a row says who may send what, and all rows are checked in one order."""
