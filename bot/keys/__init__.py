"""Keys of models' providers that people, repositories, organisations and whoever runs the server add.

``keeper.Keeper`` adds, tests, rotates and retires them, ``ring.StoredKeys`` finds the one that pays for a call,
``trial`` tries one out, ``resealing`` moves everything that is sealed to another master key.
"""
