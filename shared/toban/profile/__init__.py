"""The service profile: one service's whole operations design, declared in one YAML file."""
