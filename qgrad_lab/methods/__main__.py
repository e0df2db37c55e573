"""Write what JupyterLab's extension knows of methods: ``python -m qgrad_lab.methods``.

In a copy of the sources: the settings' schema of methods, and a list for TypeScript.
"""

from qgrad_lab.methods.extension import files

for path, text in files().items():
    path.write_text(text, encoding="utf-8")
    print(path)
