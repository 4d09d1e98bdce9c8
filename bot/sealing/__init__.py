"""Seal secrets of others that must be kept, so that a copy of the database alone is worth nothing.

``sealer.Sealer`` seals and opens texts with a ``port.MasterKey``; ``local.LocalMaster`` is one in the environment or in
a file of the data directory, ``transit.TransitMaster`` one of Vault's or OpenBao's, ``aws.KmsMaster``,
``cloud_kms.CloudKmsMaster`` and ``key_vault.KeyVaultMaster`` ones of AWS, Google and Azure; ``masters`` chooses.
"""
