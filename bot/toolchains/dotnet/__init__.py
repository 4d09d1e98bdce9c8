"""Test projects of .NET: ``projects`` finds them, ``adapter`` runs ``dotnet test``, ``report`` names what TRX tells.

Built by the published formats and options: no .NET was there to run it.
"""
