"""Run within the sandbox: ``relay`` lends a command the proxy."""
