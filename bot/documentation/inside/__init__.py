"""Run examples inside the sandbox, as tests."""
