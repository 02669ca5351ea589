"""The rules, in modules by concern; `index.py` is generated from them."""
