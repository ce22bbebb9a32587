"""Ways in over HTTP: a row says who may send what; one order of checks carries every row out."""
