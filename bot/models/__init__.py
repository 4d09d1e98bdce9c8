"""Model calls: providers, prices, wire formats, budgets and fallback.

``gateway.ModelGateway`` is the one way to ask a model; ``port`` holds the values and errors of a call,
``catalogue.Catalogue`` knows each model's provider and price, ``client.SdkModel`` talks to one of them over a wire
format (``wire_*``).
"""
