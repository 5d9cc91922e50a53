"""The second engine: CPython compiled to WebAssembly, for machines without the walls of a Linux kernel.

Owns the component, its cache and the workers made of it; the code inside is that of policy, runtime and worker. Needs
the extra `wasm`. Verbs: open_engine, WasmEngine.spawn.
"""
